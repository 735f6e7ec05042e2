#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""OBS Studio as a publisher."""

import fractions
import os
import unittest

from harness import clips, compare, media, net, players, playlist
from harness.obs import HEIGHT, WIDTH, Obs, Screen
from harness.pipeline import PATIENCE, PipelineTest, main_job
from harness.process import wait_until

# The recording's milliseconds, RTMP's, and the ticks of 90 kHz.
TOLERANCE = fractions.Fraction(2, 1000) + fractions.Fraction(2, 90000)
# OBS lets sound and picture begin at 0, in the stream and in the recording,
# where they may be a frame of sound apart.
APART = 2 * fractions.Fraction(1024, 48000)
LOG = {'GST_DEBUG': 'arcly*:5', 'GST_DEBUG_NO_COLOR': '1'}


class ObsTest(PipelineTest):
    def start_obs(self, key='cam'):
        screen = Screen()
        self.addCleanup(screen.close)
        obs = Obs(self.path('obs'), screen, clips.clip('small'),
                  f'rtmp://127.0.0.1:{self.port}/live', key)
        self.own(obs.process)
        return obs

    def wait_segments(self, index, count=1, groups=1):
        self.wait_playlist(
            index, lambda found: len(found.groups()) == groups
            and len(found.groups()[-1]) >= count)

    def check_quiet(self, pipeline):
        self.assertNotRegex(pipeline.text, ' (WARN|ERROR) ')


class Publish(ObsTest):
    def serve(self):
        """HLS and RTMP of one stream, which ends with its publisher."""
        location = f'location={self.url("cam")}'
        return self.launch(
            '-m', 'arclyrtmpsrc', location, 'name=in', 'on-unpublish=eos',
            'arclybus', 'name=bus', 'arclyrtmpsink', location, 'name=out',
            'wait-timeout=0', 'arclyhlssink', 'name=hls',
            f'location={self.path("cam")}', 'playlist-type=event',
            'target-duration=2', 'in.video_0', '!', 'bus.sink_0',
            'in.audio_0', '!', 'bus.sink_1', 'bus.src_0_0', '!', 'out.video_0',
            'bus.src_0_1', '!', 'out.audio_0', 'bus.src_1_0', '!',
            'hls.video_0', 'bus.src_1_1', '!', 'hls.audio_0', env=LOG)

    def part_of(self, source, result):
        """The frames of @source that @result has: all from one on.

        That one may differ: OBS gives an SEI to the first of an output.
        """
        had = [frame.digest for frame in source.frames]
        rest = [frame.digest for frame in result.frames[1:]]
        starts = [i for i in range(1, len(had))
                  if had[i:i + len(rest)] == rest]
        self.assertTrue(starts, f'{source.kind}: not what was recorded')
        first = starts[0] - 1
        return media.Track(source.kind, source.codec,
                           source.frames[first:starts[0] + len(rest)])

    def check_recording(self, recording, played):
        """The recording began before the stream and ended after it."""
        pairs = []
        for source in media.tracks(recording):
            result = next(t for t in played if t.kind == source.kind)
            self.assertEqual(result.codec, source.codec)
            pairs.append((self.part_of(source, result), result))
            self.assertEqual(compare.compare_times(pairs[-1:], TOLERANCE), [])
        self.assertEqual({source.kind for source, _ in pairs},
                         {'video', 'audio'})
        self.assertEqual(compare.compare_times(pairs, TOLERANCE + APART), [])

    def test_every_frame(self):
        """What OBS records itself is what HLS and a player have."""
        index = self.path('cam', 'index.m3u8')
        pipeline = self.serve()
        player = self.own(players.ffmpeg(self.url('cam'),
                                         self.path('played.mkv')))
        wait_until(lambda: net.ESTABLISHED in net.socket_states(self.port),
                   PATIENCE, 'the player')
        obs = self.start_obs('cam?key=secret')
        obs.press('record')
        obs.wait_log('==== Recording Start')
        obs.press('stream')
        obs.wait_log('==== Streaming Start')
        self.wait_segments(index, 3)
        obs.press('unstream')
        obs.wait_log('==== Streaming Stop')
        obs.press('unrecord')
        obs.wait_log('==== Recording Stop')
        self.assertEqual(pipeline.wait(PATIENCE), 0, str(pipeline))
        self.assertEqual(player.wait(PATIENCE), 0, str(player))

        self.check_quiet(pipeline)
        self.assertNotIn('secret', pipeline.text)
        self.assert_same(self.path('played.mkv'), index)
        recording, = os.listdir(obs.recordings)
        self.check_recording(os.path.join(obs.recordings, recording),
                             media.tracks(index))
        video, audio = media.streams(index)
        self.assertEqual((video['width'], video['height']), (WIDTH, HEIGHT))
        self.assertEqual((audio['sample_rate'], audio['channels']),
                         ('48000', 2))
        self.assertEqual(media.decode(index), '')


class ComesAndGoes(ObsTest):
    def check_hls(self, index, groups):
        """Each part decodes, and the time goes on."""
        found = playlist.read(index)
        self.assertTrue(found.ended)
        self.assertEqual(compare.check_segments(found), [])
        self.assertEqual(len(found.groups()), groups)
        last = -1
        for number, group in enumerate(found.groups()):
            path = playlist.concatenate(group, self.path(f'part{number}.ts'))
            self.assertEqual(media.decode(path), '')
            tracks = media.tracks(path)
            self.assertEqual({t.codec for t in tracks}, {'h264', 'aac'})
            for track in tracks:
                times = [frame.dts for frame in track.frames]
                self.assertEqual(times, sorted(set(times)), track.kind)
            self.assertGreater(
                min(t.frames[0].dts for t in tracks), last)
            last = max(t.frames[-1].dts for t in tracks)

    def test_stop_and_start(self):
        """Its button stops the stream; the pipeline waits for the next."""
        index = self.path('cam', 'index.m3u8')
        pipeline = self.launch(*main_job(self.port, 'cam', self.path('cam')),
                               env=LOG)
        obs = self.start_obs()
        for number in (1, 2):
            obs.press('stream')
            obs.wait_log('==== Streaming Start', number)
            self.wait_segments(index, 1, number)
            obs.press('unstream')
            obs.wait_log('==== Streaming Stop', number)
            self.drain()
            self.assertTrue(pipeline.running, str(pipeline))
        self.end(pipeline)
        self.check_quiet(pipeline)
        self.check_hls(index, 2)

    def test_server_restarts(self):
        """OBS comes back by itself, after a Ctrl-C and after a kill -9."""
        obs = None
        for number, stop in enumerate((self.end, lambda p: p.kill(),
                                       self.end)):
            index = self.path(f'cam{number}', 'index.m3u8')
            pipeline = self.launch(
                *main_job(self.port, 'cam', self.path(f'cam{number}')),
                env=LOG)
            if not obs:
                obs = self.start_obs()
                obs.press('stream')
            self.wait_segments(index)
            stop(pipeline)
            self.check_quiet(pipeline)
        self.assertEqual(obs.process.text.count('==== Streaming Start'), 1)
        self.check_hls(self.path('cam0', 'index.m3u8'), 1)
        self.check_hls(index, 1)

    def test_refused(self):
        """Its log says why; it does not try again."""
        pipeline = self.launch(*main_job(self.port, 'cam', self.path('cam')))
        obs = self.start_obs('nope')
        obs.press('stream')
        obs.wait_log('NetStream.Publish.BadName '
                     '(live/nope: no such stream here)')
        obs.wait_log('failed: -3')
        obs.wait_log('==== Streaming Stop')
        self.drain()
        self.end(pipeline)
        self.assertNotIn('==== Streaming Start', obs.process.text)


if __name__ == '__main__':
    unittest.main()
