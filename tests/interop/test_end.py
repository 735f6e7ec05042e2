#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ctrl-C: ends in time, writes ENDLIST, leaves nothing behind."""

import os
import unittest
import urllib.error

from harness import clips, net, peers, playlist
from harness.pipeline import LEAKS, PATIENCE, PipelineTest, leaked, main_job


class End(PipelineTest):
    def test_while_a_publisher_sends(self):
        index = self.path('cam', 'index.m3u8')
        pipeline = self.launch(*main_job(self.port, 'cam', self.path('cam')),
                               env=LEAKS)
        publisher = self.own(peers.ffmpeg(clips.clip('bframes'),
                                          self.url('cam')))
        self.wait_playlist(index, lambda found: found.segments)
        self.end(pipeline)
        found = playlist.read(index)
        self.assertTrue(found.ended, 'no EXT-X-ENDLIST')
        self.assertEqual(playlist.lint(found), [])
        self.assertEqual(leaked(pipeline.text), [])
        publisher.wait(PATIENCE)

    def test_after_the_publisher_left(self):
        index = self.path('cam', 'index.m3u8')
        pipeline = self.launch(*main_job(self.port, 'cam', self.path('cam')),
                               env=LEAKS)
        publisher = self.own(peers.ffmpeg(clips.clip('bframes'),
                                          self.url('cam'), realtime=False))
        self.assert_published(publisher)
        self.drain()
        self.end(pipeline)
        self.assertTrue(playlist.read(index).ended, 'no EXT-X-ENDLIST')
        self.assertEqual(leaked(pipeline.text), [])

    def test_without_any_publisher(self):
        pipeline = self.launch(*main_job(self.port, 'cam', self.path('cam')),
                               env=LEAKS)
        pipeline.wait_for('PLAYING', PATIENCE)
        self.end(pipeline)
        self.assertEqual(leaked(pipeline.text), [])

    def test_by_itself_with_on_unpublish_eos(self):
        pipeline = self.launch(
            'arclyrtmpsrc', f'location={self.url("cam")}', 'on-unpublish=eos',
            'name=in', 'arclyhlssink', 'name=hls',
            f'location={self.path("cam")}', 'playlist-type=vod',
            'in.', '!', 'hls.', 'in.', '!', 'hls.', env=LEAKS)
        source = clips.clip('bframes')
        publisher = self.own(peers.ffmpeg(source, self.url('cam'),
                                          realtime=False))
        self.assert_published(publisher)
        self.assertEqual(pipeline.wait(PATIENCE), 0, str(pipeline))
        self.assert_same(source, self.path('cam', 'index.m3u8'))
        self.assertEqual(leaked(pipeline.text), [])


class Http(PipelineTest):
    def test_page_and_playlist(self):
        http = net.free_port()
        pipeline = self.launch(*main_job(self.port, 'cam', self.path('cam'),
                                         f'http-port={http}'), env=LEAKS)
        base = f'http://127.0.0.1:{http}'
        status, kind, body = net.get(f'{base}/')
        self.assertEqual((status, kind), (200, 'text/html'))
        self.assertIn(b'index.m3u8', body)

        publisher = self.own(peers.ffmpeg(clips.clip('bframes'),
                                          self.url('cam')))
        self.wait_playlist(self.path('cam', 'index.m3u8'),
                           lambda found: found.segments)
        status, kind, body = net.get(f'{base}/hls/index.m3u8')
        self.assertEqual((status, kind),
                         (200, 'application/vnd.apple.mpegurl'))
        found = playlist.parse('index.m3u8', body.decode())
        status, kind, body = net.get(f'{base}/hls/{found.segments[0].path}')
        self.assertEqual((status, kind), (200, 'video/mp2t'))
        size = os.path.getsize(self.path('cam', found.segments[0].path))
        self.assertEqual(len(body), size)

        with self.assertRaises(urllib.error.HTTPError) as refused:
            net.get(f'{base}/hls/%2e%2e/%2e%2e/etc/passwd')
        self.assertGreaterEqual(refused.exception.code, 400)
        refused.exception.close()
        self.end(pipeline)
        self.assertEqual(leaked(pipeline.text), [])
        publisher.wait(PATIENCE)


if __name__ == '__main__':
    unittest.main()
