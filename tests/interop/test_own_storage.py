#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/sqlite-storage.py: a storage in Python keeps what was published."""

import os
import sqlite3
import sys
import unittest

from harness import clips
from harness.pipeline import PATIENCE, PipelineTest
from harness.process import Process

EXAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..',
                       'examples', 'sqlite-storage.py')


class OwnStorage(PipelineTest):
    def run_example(self, database):
        clip = clips.clip('video-only')
        example = self.own(Process([
            sys.executable, EXAMPLE, database,
            f'filesrc location={clip} ! qtdemux name=in arclyhlssink name=hls '
            f'location={self.path("unused")} target-duration=2 '
            'playlist-type=event in. ! hls.']))
        self.assertEqual(example.wait(2 * PATIENCE), 0, str(example))
        return example

    def test_sqlite(self):
        database = self.path('hls.db')
        example = self.run_example(database)
        self.assertRegex(example.text, r'(?m)^index\.m3u8 \d+$')
        self.assertNotIn('warning', example.text)
        self.assertFalse(os.path.exists(self.path('unused')))
        connection = sqlite3.connect(database)
        for name, data in connection.execute('SELECT name, bytes FROM files'):
            with open(self.path(name), 'wb') as file:
                file.write(data)
        connection.close()
        self.assert_same(clips.clip('video-only'), self.path('index.m3u8'))

    def test_error_is_told(self):
        """Each file fails, with SQLite's words, until the stream ends."""
        database = self.path('hls.db')
        connection = sqlite3.connect(database)
        connection.execute('CREATE TABLE files (name TEXT PRIMARY KEY, '
                           'bytes BLOB CHECK (0))')
        connection.close()
        example = self.run_example(database)
        self.assertIn(f'.ts: {database}: CHECK constraint failed',
                      example.text)


if __name__ == '__main__':
    unittest.main()
