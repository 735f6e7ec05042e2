#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Chromium plays the page at / , and plays on when the publisher is replaced."""

import unittest
import urllib.request

from harness import clips, net
from harness.browser import Browser
from harness.page import PageTest
from harness.pipeline import main_job

# A run in CI is short; ARCLY_INTEROP_SECONDS=60 is the acceptance.
SECONDS = max(10, clips.SECONDS)


class Page(PageTest):
    def test_plays_through_a_new_publisher(self):
        self.play_through()

    def test_low_latency_through_a_new_publisher(self):
        self.play_through('part-duration=200000000')

    def play_through(self, *options):
        http = net.free_port()
        index = self.path('cam', 'index.m3u8')
        pipeline = self.launch(*main_job(self.port, 'cam', self.path('cam'),
                                         f'http-port={http}', *options))
        victim = self.publish('bframes')
        self.wait_playlist(index, lambda found: len(found.segments) >= 3)
        browser = Browser(self.path('browser'))
        self.addCleanup(browser.close)
        browser.open(f'http://127.0.0.1:{http}/')
        self.wait_played(browser, 2)

        victim.kill()
        self.drain()
        self.publish('zerolatency')
        found = self.wait_playlist(index, lambda found: len(found.groups()) > 1
                                   and len(found.groups()[1]) >= 3, timeout=60)
        # As long as all that was listed before the seam, and then some.
        before = sum(s.duration for s in found.groups()[0])
        self.wait_played(browser, before + 2, timeout=before + 60)
        self.end(pipeline)

    def test_low_latency(self):
        self.low_latency(0.2)

    def test_low_latency_short(self):
        self.low_latency(0.1)

    def test_low_latency_fmp4(self):
        self.low_latency(0.1, 'segment-format=fmp4')

    def low_latency(self, part, *options):
        """Plays without a stall, close behind live. How close is printed; what
        is asserted holds on a loaded machine, too, and is out of reach without
        parts (three target durations)."""
        pipeline, port, index = self.serve(
            f'part-duration={round(part * 1e9)}', *options)
        self.publish('zerolatency')
        self.wait_playlist(index, lambda found: len(found.segments) >= 2)
        browser = self.watch(port)
        self.wait_played(browser, 2)
        found = self.report_latency(
            browser, ' '.join([f'parts of {part} s', *options]), SECONDS)
        self.assertLess(found['latency_median'], 3 * 2)
        self.assertAlmostEqual(found['part_target'], part, delta=0.02)
        # Once as what it opens, once as a level, and then it waits for parts.
        loads = browser.evaluate(
            'performance.getEntriesByType("resource").map(load => load.name)'
            '.filter(name => name.includes("index.m3u8"))')
        self.assertIn('_HLS_msn=', loads[2], loads[:3])
        url = f'http://127.0.0.1:{port}/hls/index.m3u8'
        with urllib.request.urlopen(url) as answer:
            self.assertIn(b'CAN-BLOCK-RELOAD=YES', answer.read())
        self.end(pipeline)


if __name__ == '__main__':
    unittest.main()
