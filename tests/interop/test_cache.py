#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pipelines/nginx-cache in front: what reaches the origin does not depend on how
many watch, and players play."""

import collections
import os
import re
import subprocess
import unittest

from harness import net
from harness.pipeline import PATIENCE, PipelineTest
from harness.process import Process, wait_until
from test_low_latency import Viewer

CACHE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                     '..', '..', 'pipelines', 'nginx-cache')
# What never changes: parts, segments, and playlists that were asked for by
# number.
CONSTANT = re.compile(r'\.ts$|_HLS_msn=')


class Cache(PipelineTest):
    def serve(self, *options):
        """A stream, and nginx in front of it; the port of each."""
        origin, port = net.free_port(), net.free_port()
        self.launch(
            'videotestsrc', 'is-live=true', '!',
            'video/x-raw,format=I420,width=160,height=120,framerate=25/1', '!',
            'x264enc', 'tune=zerolatency', 'key-int-max=25', '!',
            'arclyhlssink', f'location={self.path("hls")}', 'target-duration=1',
            f'http-port={origin}', *options, listening=False)
        self.log = self.path('access.log')
        self.own(Process([CACHE], env={
            'PORT': str(port), 'ORIGIN': f'127.0.0.1:{origin}',
            'FOLDER': self.path('nginx'), 'ACCESS_LOG': self.log}))
        net.wait_listening(origin)
        net.wait_listening(port)
        return origin, port

    def requests(self):
        """How often each URI was answered, by what the cache made of it."""
        found = collections.defaultdict(collections.Counter)
        with open(self.log, encoding='ascii') as file:
            for line in file:
                status, code, uri = line.split()
                if code == '200':
                    found[uri][status] += 1
        return found

    def test_low_latency(self):
        _, port = self.serve('part-duration=200000000')
        self.wait_playlist(self.path('hls', 'index.m3u8'),
                           lambda found: found.segments)
        for n_viewers in (1, 12):
            with self.subTest(viewers=n_viewers):
                viewers = [Viewer(port, self.path(f'{n_viewers}-{i}.ts'), 3)
                           for i in range(n_viewers)]
                for viewer in viewers:
                    viewer.join(3 * PATIENCE)
                    self.assertFalse(viewer.is_alive(), 'nothing came')
                    self.assertIsNone(viewer.error)
        # Once from the origin; all others wait for it or find it. nginx writes
        # it down when an answer has gone.
        def uneven():
            return {uri: answers for uri, answers in self.requests().items()
                    if CONSTANT.search(uri) and
                    sum(answers.values()) - answers['HIT'] != 1}
        try:
            wait_until(lambda: not uneven(), PATIENCE, 'one request each')
        except TimeoutError as error:
            self.fail(f'{error}: {uneven()}')
        shared = [uri for uri, answers in self.requests().items()
                  if CONSTANT.search(uri) and answers['HIT']]
        self.assertGreater(len(shared), 10)

    def test_expiry(self):
        """A playlist is kept for a second, an error not at all."""
        origin, port = self.serve()
        url = f'http://127.0.0.1:{port}/hls'
        self.wait_playlist(self.path('hls', 'index.m3u8'),
                           lambda found: len(found.segments) >= 2)
        first = net.get(f'{url}/index.m3u8')[2]
        wait_until(lambda: net.get(f'{url}/index.m3u8')[2] != first, PATIENCE,
                   'a playlist that is newer')
        # nginx writes it down when the answer has gone.
        wait_until(lambda: self.requests()['/hls/index.m3u8']['EXPIRED'],
                   PATIENCE, 'an answer to what had expired')
        self.assertLessEqual(self.requests()['/hls/index.m3u8']['MISS'], 1)

        def header(name, path):
            done = subprocess.run(
                ['curl', '-s', '-o', '/dev/null', '-w', f'%header{{{name}}}',
                 url + path], timeout=PATIENCE, stdout=subprocess.PIPE,
                check=True)
            return done.stdout.decode()
        for _ in range(2):
            self.assertEqual(header('x-cache-status', '/nothing.ts'), 'MISS')
        self.assertEqual(header('cache-control', '/nothing.ts'), 'no-cache')
        self.assertEqual(header('cache-control', '/index.m3u8'),
                         'public, max-age=1')
        self.assertEqual(net.get(f'http://127.0.0.1:{origin}/hls/index.m3u8')[0],
                         200)

    def test_players(self):
        _, port = self.serve()
        self.wait_playlist(self.path('hls', 'index.m3u8'),
                           lambda found: len(found.segments) >= 3)
        done = subprocess.run(
            ['ffmpeg', '-v', 'error', '-nostdin', '-i',
             f'http://127.0.0.1:{port}/hls/index.m3u8', '-frames:v', '50',
             '-f', 'null', '-'], timeout=2 * PATIENCE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, b''))


if __name__ == '__main__':
    unittest.main()
