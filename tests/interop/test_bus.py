#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""arclybus between a demuxer and two muxers: every frame reaches both."""

import unittest

from harness import clips, compare
from harness.pipeline import LEAKS, PATIENCE, PipelineTest, leaked


class Bus(PipelineTest):
    def fan_out(self, *pace):
        """Both outputs of the clip sent through a bus, paced by @pace."""
        source = clips.clip('bframes', suffix='plain.mp4')
        files = [self.path('a.ts'), self.path('b.ts')]
        arguments = ['filesrc', f'location={source}', '!', 'qtdemux', 'name=d',
                     'arclybus', 'name=bus',
                     'd.video_0', '!', *pace, 'bus.sink_0',
                     'd.audio_0', '!', *pace, 'bus.sink_1']
        for number, file in enumerate(files):
            arguments += [
                'arclytsmux', f'name=mux{number}', '!', 'filesink',
                f'location={file}', 'async=false', 'sync=false',
                f'bus.src_{number}_0', '!', f'mux{number}.video_0',
                f'bus.src_{number}_1', '!', f'mux{number}.audio_0']
        pipeline = self.launch(*arguments, env=LEAKS, listening=False)
        self.assertEqual(pipeline.wait(clips.SECONDS + PATIENCE), 0, str(pipeline))
        for file in files:
            self.assertEqual(compare.compare_files(source, file), [])
        self.assertEqual(leaked(pipeline.text), [])

    def test_in_real_time(self):
        # A queue, as identity's clock wait would hold up the other track.
        self.fan_out('queue', 'max-size-time=0', '!',
                     'identity', 'sync=true', '!')

    def test_burst(self):
        """As a publisher that sends its backlog: who was there loses none."""
        self.fan_out()


if __name__ == '__main__':
    unittest.main()
