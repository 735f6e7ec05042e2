#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/date-ranges.py: hls.js has what was typed, and plays on; so does
ffmpeg."""

import os
import subprocess
import sys
import unittest

from harness import net
from harness.page import PageTest
from harness.process import Process

EXAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..',
                       'examples', 'date-ranges.py')
RANGES = '(hls.levels[0].details.dateRanges || {})'


class DateRanges(PageTest):
    def start(self, *options):
        http = net.free_port()
        typed = self.path('typed')
        os.mkfifo(typed)
        self.example = self.own(Process([
            'sh', '-c', f'exec "$@" < {typed}', 'sh', sys.executable, EXAMPLE,
            'videotestsrc is-live=true ! '
            'video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! '
            'x264enc tune=zerolatency speed-preset=ultrafast key-int-max=50 ! '
            f'arclyhlssink name=hls location={self.path("cam")} '
            f'target-duration=2 http-port={http} {" ".join(options)}']))
        self.typed = open(typed, 'w', encoding='utf-8')
        self.addCleanup(self.typed.close)
        self.wait_playlist(self.path('cam', 'index.m3u8'),
                           lambda found: len(found.segments) >= 2)
        return self.watch(http)

    def type(self, line):
        print(line, file=self.typed, flush=True)

    def check(self, *options):
        browser = self.start(*options)
        self.wait_played(browser, 1)
        self.type('id=(string)ad-1, class=com.example.ad, X-COM-EXAMPLE="a, b", '
                  'X-N=2.5')
        browser.wait_true(f'!!{RANGES}["ad-1"]', 60)
        found = browser.evaluate(f'(({{isValid, class: name, duration, attr}}) '
                                 f'=> ({{isValid, name, duration, attr}})) '
                                 f'({RANGES}["ad-1"])')
        self.assertTrue(found['isValid'])
        self.assertEqual(found['name'], 'com.example.ad')
        self.assertIsNone(found.get('duration'))
        self.assertEqual(found['attr']['X-COM-EXAMPLE'], 'a, b')
        self.assertEqual(float(found['attr']['X-N']), 2.5)
        self.type('id=(string)ad-1, duration=(guint64)15.5')
        self.example.wait_for('not understood: id=', 60)
        self.type('id=(string)ad-1, duration=(guint64)5000000000')
        browser.wait_true(f'{RANGES}["ad-1"].duration === 5', 60)
        # Within what is listed, on the time line of what plays.
        self.assertTrue(browser.evaluate(
            f'((at, list) => at >= list[0].programDateTime && '
            f'at <= list[list.length - 1].programDateTime + 10000) '
            f'(+{RANGES}["ad-1"].startDate, hls.levels[0].details.fragments)'))
        self.type('id=(string)ad-1, class=another')
        self.example.wait_for(
            'warning: The date range "ad-1" is not listed: CLASS is not what '
            'it was', 60)
        # Over when nothing is listed of its five seconds.
        browser.wait_true(f'hls.levels[0].details && !{RANGES}["ad-1"]', 120)
        self.wait_played(browser, 2)
        self.tell(browser, 'date ranges')
        self.type('id=(string)last')
        self.typed.close()
        self.assertEqual(self.example.wait(60), 0, str(self.example))
        index = self.path('cam', 'index.m3u8')
        with open(index, encoding='utf-8') as file:
            self.assertIn('#EXT-X-DATERANGE:ID="last"', file.read())
        probe = subprocess.run(
            ['ffprobe', '-v', 'error', '-count_frames', '-show_entries',
             'stream=nb_read_frames', '-of', 'csv=p=0', index],
            capture_output=True, text=True, check=True)
        self.assertEqual(probe.stderr, '')
        self.assertGreater(int(probe.stdout.split()[0].strip(',')), 100)

    def test_segments(self):
        self.check()

    def test_parts(self):
        self.check('part-duration=200000000', 'segment-format=fmp4')


if __name__ == '__main__':
    unittest.main()
