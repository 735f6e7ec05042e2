#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Chromium plays the page at / : fMP4, whatever the publisher does."""

import unittest

from harness import clips
from harness.page import VIDEO, PageTest

FMP4 = 'segment-format=fmp4'
WIDTH = int(clips.SIZE.split('x')[0])
# A run in CI is short; ARCLY_INTEROP_SECONDS=60 is the acceptance.
SECONDS = max(4, clips.SECONDS - 2)


class Page(PageTest):
    def play(self, clip, *options):
        """Starts all, plays for a while; what else is needed to go on."""
        pipeline, port, index = self.serve(FMP4, *options)
        publisher = self.publish(clip)
        self.wait_playlist(index, lambda found: len(found.segments) >= 2)
        browser = self.watch(port)
        self.wait_played(browser, SECONDS)
        self.tell(browser, f'{self.id()} {" ".join(options)}')
        return pipeline, browser, publisher

    def test_segments(self):
        pipeline, _, _ = self.play('bframes')
        self.end(pipeline)

    def test_parts_of_100_ms(self):
        pipeline, browser, _ = self.play('zerolatency',
                                         'part-duration=100000000')
        part = browser.evaluate('hls.levels[0].details.partTarget')
        self.assertAlmostEqual(part, 0.1, delta=0.01)
        self.end(pipeline)

    def test_long_gops(self):
        pipeline, _, _ = self.play('long-gop', 'part-duration=200000000')
        self.end(pipeline)

    def test_new_publishers(self):
        """Killed twice; those that follow have another size, and B frames."""
        pipeline, browser, publisher = self.play('zerolatency',
                                                 'part-duration=200000000')
        for clip, width in (('small', 320), ('bframes', WIDTH)):
            publisher.kill()
            self.drain()
            publisher = self.publish(clip)
            browser.wait_true(f'{VIDEO}.videoWidth == {width}', 60)
            self.wait_played(browser, SECONDS)
            self.tell(browser, f'behind a new publisher, {clip}')
        self.end(pipeline)


if __name__ == '__main__':
    unittest.main()
