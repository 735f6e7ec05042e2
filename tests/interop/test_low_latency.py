#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Low-latency HLS over HTTP: a viewer that waits for each part gets the clip that
was published, and players that know nothing of parts play on beside it."""

import http.client
import re
import subprocess
import threading
import unittest

from harness import clips, compare, net, peers
from harness.pipeline import PATIENCE, PipelineTest, main_job
from harness.process import Process, wait_until

PART = re.compile(r'#EXT-X-PART:.*URI="([^"]+)"')


class Viewer(threading.Thread):
    """Blocking reload and parts, on one connection, until there are @seconds of
    media."""

    def __init__(self, port, path, seconds):
        super().__init__(daemon=True)
        self.http = http.client.HTTPConnection('127.0.0.1', port,
                                               timeout=PATIENCE)
        self.path = path
        self.left = seconds
        self.error = None
        self.n_parts = 0
        self.start()

    def get(self, name):
        self.http.request('GET', f'/hls/{name}')
        answer = self.http.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise AssertionError(f'{name}: {answer.status} {body}')
        return body

    def follow(self, out):
        seen = set()
        query = '?_HLS_msn=0&_HLS_part=0'
        while self.left > 0:
            text = self.get('index.m3u8' + query).decode()
            for line in text.splitlines():
                match = PART.match(line)
                if not match or match[1] in seen:
                    continue
                seen.add(match[1])
                out.write(self.get(match[1]))
                self.n_parts += 1
                self.left -= float(re.search(r'DURATION=([\d.]+)', line)[1])
            hint = re.search(r'PRELOAD-HINT:.*-(\d+)-(\d+)\.ts"', text)
            query = f'?_HLS_msn={int(hint[1])}&_HLS_part={int(hint[2])}'

    def run(self):
        try:
            with open(self.path, 'wb') as out:
                self.follow(out)
        except Exception as error:  # told by the test
            self.error = error
        finally:
            self.http.close()


class LowLatency(PipelineTest):
    def serve(self):
        port = net.free_port()
        pipeline = self.launch(*main_job(
            self.port, 'cam', self.path('cam'), f'http-port={port}',
            'part-duration=200000000'))
        net.wait_listening(port)
        return pipeline, port

    def test_parts_are_the_clip(self):
        for clip in ('bframes', 'zerolatency', 'audio-only'):
            with self.subTest(clip):
                self.follow(clip)

    def follow(self, clip):
        pipeline, port = self.serve()
        viewer = Viewer(port, self.path(f'{clip}.ts'), clips.SECONDS - 3)
        source = clips.clip(clip)
        publisher = self.own(peers.ffmpeg(source, self.url('cam')))
        viewer.join(clips.SECONDS + PATIENCE)
        self.assertFalse(viewer.is_alive(), 'nothing came')
        self.assertIsNone(viewer.error)
        self.assertGreater(viewer.n_parts, 4 * (clips.SECONDS - 3))
        self.assertEqual(compare.compare_files(
            source, self.path(f'{clip}.ts'), prefix=True), [])
        self.assert_published(publisher)
        self.end(pipeline)

    def test_other_players(self):
        pipeline, port = self.serve()
        self.own(peers.ffmpeg(clips.clip('zerolatency'), self.url('cam'),
                              forever=True))
        index = f'http://127.0.0.1:{port}/hls/index.m3u8'
        Viewer(port, self.path('first.ts'), 4).join(PATIENCE)
        done = subprocess.run(
            ['ffmpeg', '-v', 'error', '-nostdin', '-i', index, '-frames:v',
             '60', '-f', 'null', '-'], timeout=2 * PATIENCE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, b''))

        player = self.own(Process(
            ['gst-launch-1.0', '-v', 'souphttpsrc', f'location={index}', '!',
             'hlsdemux', '!', 'tsdemux', 'name=d',
             'd.', '!', 'queue', '!', 'h264parse', '!', 'avdec_h264', '!',
             'fakesink', 'name=video', 'silent=false', 'sync=false',
             'd.', '!', 'queue', '!', 'aacparse', '!', 'fakesink',
             'sync=false']))
        wait_until(lambda: sum('GstFakeSink:video: last-message = chain' in line
                               for line in player.lines) >= 60,
                   2 * PATIENCE, '60 frames from hlsdemux')
        self.assertNotIn('ERROR', player.text)
        player.close()
        self.end(pipeline)


if __name__ == '__main__':
    unittest.main()
