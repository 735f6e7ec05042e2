#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a request costs the server over HTTP/1.1, over HTTP/1.1 with TLS, and over
HTTP/2: CPU of the process of bench-hls-serve while h2load asks it, in turns.

  benchmarks/hls/protocols.py [smoke|full] [--build FOLDER]

Prints JSON. Needs h2load (nghttp2-client) and openssl."""
import argparse
import contextlib
import json
import os
import pathlib
import re
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODES = {'smoke': dict(connections=[2], requests=50, rounds=1),
         'full': dict(connections=[10, 50], requests=10000, rounds=3)}
# TLS or not, and the protocols that the client offers.
PROTOCOLS = {'http/1.1': (False, 'http/1.1'),
             'http/1.1, TLS': (True, 'http/1.1'),
             'h2, TLS': (True, 'h2')}
FILES = {'playlist': 'index.m3u8', 'part': 'part.ts'}


def cpu_seconds(pid):
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1]
    ticks = fields.split()[11:13]
    return sum(map(int, ticks)) / os.sysconf('SC_CLK_TCK')


@contextlib.contextmanager
def serving(build, certificate):
    command = [build / 'benchmarks' / 'bench-hls-serve']
    if certificate:
        command.append(f'--certificate={certificate}')
    with subprocess.Popen(command, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.pid, int(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait()


def measure(pid, port, tls, protocol, path, connections, requests):
    """Microseconds a request."""
    url = f'http{"s" if tls else ""}://127.0.0.1:{port}/live/{path}'
    offered = ['--h1'] if not tls else [f'--npn-list={protocol}']
    before = cpu_seconds(pid)
    done = subprocess.run(
        ['h2load', '-n', str(requests), '-c', str(connections), '-t', '1',
         '-m', '1', *offered, url],
        stdout=subprocess.PIPE, check=True, text=True)
    spent = cpu_seconds(pid) - before
    succeeded = int(re.search(r'(\d+) succeeded', done.stdout)[1])
    if succeeded != requests:
        raise AssertionError(done.stdout)
    if tls and f'Application protocol: {protocol}' not in done.stdout:
        raise AssertionError(done.stdout)
    return spent / requests * 1e6


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('mode', choices=MODES, nargs='?', default='full')
    parser.add_argument('--build', type=pathlib.Path, default=ROOT / 'build')
    args = parser.parse_args()
    mode = MODES[args.mode]
    results = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as all_:
        pem = pathlib.Path(folder, 'server.pem')
        subprocess.run(
            ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
             'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', pem, '-out',
             f'{pem}.crt', '-days', '2', '-subj', '/CN=localhost'], check=True,
            stderr=subprocess.DEVNULL)
        pem.write_text(pem.read_text() + pathlib.Path(f'{pem}.crt').read_text())
        servers = {tls: all_.enter_context(serving(args.build, tls and pem))
                   for tls in (False, True)}
        for _ in range(mode['rounds']):
            for connections in mode['connections']:
                for name, (tls, protocol) in PROTOCOLS.items():
                    for what, path in FILES.items():
                        cost = measure(*servers[tls], tls, protocol, path,
                                       connections, mode['requests'])
                        results.setdefault((connections, name, what),
                                           []).append(cost)
    print(json.dumps(
        [dict(connections=connections, protocol=name, file=what,
              cpu_us=round(statistics.median(costs), 1))
         for (connections, name, what), costs in results.items()], indent=1))


if __name__ == '__main__':
    main()
