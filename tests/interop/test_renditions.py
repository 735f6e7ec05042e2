#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several renditions: ffprobe, hlsdemux2 and Chromium find and play them, and
what they have is what the encoders gave."""

import os
import subprocess
import unittest

from harness import net
from harness.ladder import FRAMES, frames, ladder
from harness.page import PageTest
from harness.pipeline import PATIENCE
from harness.process import Process, wait_until


class Renditions(PageTest):
    def test_fmp4(self):
        self.package('segment-format=fmp4')

    def test_ts(self):
        self.package('segment-format=ts')

    def package(self, *options):
        folder = self.path('cam')
        pipeline = self.launch(*ladder(folder, *options), listening=False)
        self.assertEqual(pipeline.wait(3 * PATIENCE), 0, str(pipeline))
        self.assertNotIn('WARNING', pipeline.text)
        index = os.path.join(folder, 'index.m3u8')
        shown = subprocess.run(
            ['ffprobe', '-v', 'error', '-show_entries',
             'stream=codec_name,width', '-of', 'csv', index],
            check=True, stdout=subprocess.PIPE).stdout.decode()
        for stream in ('stream,h264,640', 'stream,h264,320', 'stream,aac'):
            self.assertIn(stream, shown)
        for which, name in ((0, 'high'), (1, 'low')):
            source = frames(f'{folder}-{name}.h264')
            self.assertEqual(len(source), FRAMES)
            own = os.path.join(folder, f'video_{which}', 'index.m3u8')
            self.assertEqual(frames(own), source)
            self.assertEqual(frames(index, '-map', f'0:v:{which}'), source)

    def test_hlsdemux2(self):
        """The element that adapts by itself; any of the two will do."""
        http = net.free_port()
        pipeline = self.launch(*ladder(
            self.path('cam'), 'segment-format=fmp4', f'http-port={http}',
            live=True), listening=False)
        self.wait_playlist(self.path('cam', 'video_0', 'index.m3u8'),
                           lambda found: len(found.segments) >= 3)
        player = self.own(Process(
            ['gst-launch-1.0', '-v', 'playbin3',
             f'uri=http://127.0.0.1:{http}/hls/index.m3u8',
             'video-sink=fakesink name=video silent=false sync=false',
             'audio-sink=fakesink name=audio silent=false sync=false']))
        for kind, n in (('video', 60), ('audio', 60)):
            wait_until(lambda: sum(
                f'GstFakeSink:{kind}: last-message = chain' in line
                for line in player.lines) >= n,
                       2 * PATIENCE, f'{n} buffers of {kind}: {player}')
        self.assertIn('HLSDemux2', player.text)
        player.close()
        self.end(pipeline)

    def test_browser(self):
        self.watch_both('segment-format=fmp4')

    def test_browser_ts(self):
        self.watch_both('segment-format=ts')

    def watch_both(self, form):
        """Low latency, both levels, and a switch by hand."""
        http = net.free_port()
        pipeline = self.launch(*ladder(
            self.path('cam'), form, f'http-port={http}',
            'part-duration=200000000', live=True), listening=False)
        self.wait_playlist(self.path('cam', 'video_0', 'index.m3u8'),
                           lambda found: len(found.segments) >= 2)
        browser = self.watch(http)
        self.wait_played(browser, 2)
        self.assertEqual(browser.evaluate('quality.options.length'), 3)
        self.assertFalse(browser.evaluate('quality.hidden'))
        for width in (320, 640):
            browser.evaluate('quality.value = hls.levels.findIndex('
                             f'(level) => level.width == {width});'
                             'quality.dispatchEvent(new Event("change"))')
            browser.wait_true(f'video.videoWidth == {width}', 60)
            self.wait_played(browser, 2)
        self.tell(browser, 'two renditions')
        self.end(pipeline)


if __name__ == '__main__':
    unittest.main()
