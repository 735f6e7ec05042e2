# SPDX-License-Identifier: MIT
"""What other programs make of a fragmented MP4, and what our checker does."""

import functools
import http.server
import json
import os
import subprocess
import threading

from . import media

HERE = os.path.dirname(__file__)
PAGE = os.path.join(HERE, 'mediasource.html')
ROOT = os.path.abspath(os.path.join(HERE, '..', '..', '..'))


def check(path, *options):
    """Complaints of tests/check/arclyhls/fmp4checker.c, a list of lines."""
    done = subprocess.run([os.environ['ARCLY_FMP4_CHECK'], *options, path],
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    if done.returncode > 1:
        raise media.MediaError(done.stderr)
    return done.stdout.splitlines()


def mp4box_codecs(path):
    """The codecs parameter of each track, as mp4box.js reads it."""
    done = media.run(['node', os.path.join(HERE, 'mp4box.js'), ROOT, path])
    return json.loads(done.stdout)


def mediainfo_codecs(path):
    """The sample entry of each track (mp4a with its object type)."""
    done = media.run(['mediainfo', '--Output=JSON', path])
    tracks = json.loads(done.stdout)['media']['track']
    return [t['CodecID'] for t in tracks if t['@type'] in ('Video', 'Audio')]


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        if self.path.split('?')[0] != '/':
            super().do_GET()
            return
        with open(PAGE, 'rb') as page:
            content = page.read()
        self.send_response(200)
        self.send_header('Content-Type', 'text/html')
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Server:
    """The files of @folder, and a page that plays one through MediaSource."""

    def __init__(self, folder):
        handler = functools.partial(Handler, directory=folder)
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.port = self.server.server_port
        self.thread.start()

    def url(self, name, codecs):
        return (f'http://127.0.0.1:{self.port}/'
                f'?file={name}&codecs={",".join(codecs)}')

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
