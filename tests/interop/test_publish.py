#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every frame that a publisher sends is in the HLS, at its own time.

All streams are published at once, through one pipeline and one port.
"""

import fractions
import unittest

from harness import clips, peers
from harness.pipeline import PipelineTest, leaked, main_job, LEAKS

# RTMP carries the milliseconds of FLV as they are: only 90 kHz rounds.
EXACT = fractions.Fraction(2, 90000)

# By ffmpeg from MP4: x264 with B-frames, as OBS does without, and the odd ones.
FFMPEG = ('bframes', 'zerolatency', 'video-only', 'audio-only', 'late-audio',
          'mp3')
# By GStreamer from FLV: name of the stream, publisher, clip.
GSTREAMER = (('rtmp2sink', peers.rtmp2sink, 'bframes'),
             ('rtmp2sink-zerolatency', peers.rtmp2sink, 'zerolatency'),
             ('librtmp', peers.librtmp, 'bframes'))


class Publish(PipelineTest):
    def publish(self):
        publishers = [
            self.own(peers.ffmpeg(clips.clip(name), self.url(name)))
            for name in FFMPEG]
        publishers += [
            self.own(publish(clips.clip(name, suffix='flv'),
                             self.path(f'{stream}.flv'), self.url(stream)))
            for stream, publish, name in GSTREAMER]
        for publisher in publishers:
            self.assert_published(publisher)
        self.drain()

    def test_every_frame_arrives(self):
        # Encoded before the clock runs.
        for name in FFMPEG:
            clips.clip(name)
        for _, _, name in GSTREAMER:
            clips.clip(name, suffix='flv')

        jobs = []
        streams = list(FFMPEG) + [stream for stream, _, _ in GSTREAMER]
        for number, stream in enumerate(streams):
            jobs += main_job(self.port, stream, self.path(stream), name=number)
        pipeline = self.launch(*jobs, env=LEAKS)
        self.publish()
        self.end(pipeline)

        for name in FFMPEG:
            with self.subTest(name):
                self.assert_same(clips.clip(name),
                                 self.path(name, 'index.m3u8'))
        for stream, _, _ in GSTREAMER:
            with self.subTest(stream):
                self.assert_same(self.path(f'{stream}.flv'),
                                 self.path(stream, 'index.m3u8'), EXACT)
        self.assertEqual(leaked(pipeline.text), [])

    def test_burst(self):
        """A file sent as fast as it goes: back-pressure, not loss."""
        source = clips.clip('bframes', clips.SECONDS * 5)
        pipeline = self.launch(
            *main_job(self.port, 'cam', self.path('cam')))
        publisher = self.own(
            peers.ffmpeg(source, self.url('cam'), realtime=False))
        self.assert_published(publisher)
        self.drain()
        self.end(pipeline)
        self.assert_same(source, self.path('cam', 'index.m3u8'))


if __name__ == '__main__':
    unittest.main()
