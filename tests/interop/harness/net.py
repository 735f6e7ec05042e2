# SPDX-License-Identifier: MIT
"""Ports and connections of the loopback, and a small HTTP file server."""

import functools
import http.server
import socket
import threading
import urllib.request

from .process import wait_until

ESTABLISHED, CLOSE_WAIT, LISTEN = '01', '08', '0A'


def free_port():
    """A port nobody uses now: gst-launch cannot tell which one it took."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def socket_states(port):
    """States of all TCP sockets whose local port is @port."""
    states = []
    for table in ('/proc/net/tcp', '/proc/net/tcp6'):
        with open(table, encoding='ascii') as file:
            for line in file.readlines()[1:]:
                fields = line.split()
                if int(fields[1].rpartition(':')[2], 16) == port:
                    states.append(fields[3])
    return states


def wait_listening(port, timeout=40):
    """Without connecting: a connection that says nothing is a client too."""
    wait_until(lambda: LISTEN in socket_states(port), timeout,
               f'a listener on port {port}')


def wait_drained(port, timeout=40):
    """Until the server on @port has read and closed all of its connections."""
    wait_until(
        lambda: not {ESTABLISHED, CLOSE_WAIT} & set(socket_states(port)),
        timeout, f'the end of all connections to port {port}')


def get(url, timeout=40):
    """(status, content type, body) of a GET."""
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return answer.status, answer.headers.get_content_type(), answer.read()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class FileServer:
    """Serves a folder on a free port, for HTTP clients under test."""

    def __init__(self, folder):
        handler = functools.partial(QuietHandler, directory=folder)
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
