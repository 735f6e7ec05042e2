#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""arclytsmux and arclyhlssink behind GStreamer's own demuxers, no queue.

qtdemux feeds both pads from one thread; what comes out must be every frame,
whichever form of H.264 and AAC goes in.
"""

import unittest

from harness import clips, compare, mpegts
from harness.pipeline import LEAKS, PATIENCE, PipelineTest, hls, leaked

BYTE_STREAM = ['h264parse', '!', 'video/x-h264,stream-format=byte-stream,'
               'alignment=au']
ADTS = ['aacparse', '!', 'audio/mpeg,stream-format=adts']


class Mux(PipelineTest):
    def run_pipeline(self, *arguments):
        pipeline = self.launch(*arguments, env=LEAKS, listening=False)
        self.assertEqual(pipeline.wait(PATIENCE), 0, str(pipeline))
        self.assertEqual(leaked(pipeline.text), [])

    def mux(self, name, demux='qtdemux', suffix='plain.mp4', video=(), audio=()):
        """Path of the clip remuxed to MPEG-TS."""
        source = clips.clip(name, suffix=suffix)
        path = self.path('out.ts')
        pad = 'd.video_0' if demux == 'qtdemux' else 'd.video'
        links = []
        if name != 'audio-only':
            links += [pad, '!', *video,
                      *(['!'] if video else []), 'mux.']
        if name != 'video-only':
            links += [pad.replace('video', 'audio'), '!', *audio,
                      *(['!'] if audio else []), 'mux.']
        self.run_pipeline('filesrc', f'location={source}', '!', demux,
                          'name=d', 'arclytsmux', 'name=mux', '!', 'filesink',
                          f'location={path}', *links)
        return source, path

    def check(self, source, path):
        self.assertEqual(compare.compare_files(source, path), [])
        checker = mpegts.Checker()
        checker.read(path, 'out.ts')
        self.assertEqual(checker.wrong, [])

    def test_every_clip(self):
        for name in ('bframes', 'zerolatency', 'video-only', 'audio-only',
                     'late-audio'):
            with self.subTest(name):
                self.check(*self.mux(name))

    def test_byte_stream_and_adts(self):
        self.check(*self.mux('zerolatency', video=BYTE_STREAM, audio=ADTS))

    def test_flv(self):
        for name in ('zerolatency', 'late-audio'):
            with self.subTest(name):
                self.check(*self.mux(name, 'flvdemux', 'flv'))

    def test_hls_behind_qtdemux(self):
        source = clips.clip('bframes', suffix='plain.mp4')
        self.run_pipeline('filesrc', f'location={source}', '!', 'qtdemux',
                          'name=d', *hls('hls', self.path('cam')),
                          'd.', '!', 'hls.', 'd.', '!', 'hls.')
        self.assert_same(source, self.path('cam', 'index.m3u8'))


if __name__ == '__main__':
    unittest.main()
