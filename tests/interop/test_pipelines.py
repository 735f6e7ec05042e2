#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The files in pipelines/, each run as it stands and its output checked."""

import os
import unittest

from harness import (clips, compare, media, net, peers, players, playlist,
                     recordings)
from harness.pipeline import PipelineTest
from harness.process import Process, wait_until

PIPELINES = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                         '..', '..', 'pipelines')


class Pipelines(PipelineTest):
    def start(self, name):
        self.http = net.free_port()
        self.index = self.path('hls', 'index.m3u8')
        env = {'RTMP_PORT': str(self.port), 'HTTP_PORT': str(self.http),
               'FOLDER': self.path('hls'), 'RECORDINGS': self.path('rec')}
        if name not in ('rtmp-to-hls', 'rtmp-to-hls-and-recordings',
                        'rtmp-to-rtmp-and-hls'):
            self.file = self.path('recording')
            env['FILE'] = self.file
        return self.own(Process([os.path.join(PIPELINES, name)], env=env,
                                cwd=self.folder))

    def publish(self, clip):
        try:
            net.wait_listening(self.port)
        except TimeoutError as error:
            self.fail(str(error))
        # The default playlist is a live one: do not outrun its window.
        publisher = self.own(peers.ffmpeg(clip, self.url('cam')))
        self.assert_published(publisher)
        self.drain()

    def check_http(self):
        base = f'http://127.0.0.1:{self.http}'
        self.assertEqual(net.get(f'{base}/')[0], 200)
        self.assertEqual(net.get(f'{base}/hls/index.m3u8')[0], 200)

    def check_hls(self):
        found = playlist.read(self.index)
        self.assertTrue(found.ended, 'no EXT-X-ENDLIST')
        self.assertEqual(compare.check_segments(found), [])

    def test_rtmp_to_hls(self):
        clip = clips.clip('bframes')
        pipeline = self.start('rtmp-to-hls')
        self.publish(clip)
        self.check_http()
        self.end(pipeline)
        self.check_hls()
        self.assert_same(clip, self.index)

    def test_rtmp_to_rtmp_and_hls(self):
        clip = clips.clip('bframes')
        pipeline = self.start('rtmp-to-rtmp-and-hls')
        try:
            net.wait_listening(self.port)
        except TimeoutError as error:
            self.fail(str(error))
        player = self.own(players.ffmpeg(self.url('cam'),
                                         self.path('played.mkv')))
        wait_until(lambda: net.ESTABLISHED in net.socket_states(self.port), 40,
                   'the player')
        publisher = self.own(peers.ffmpeg(clip, self.url('cam')))
        self.assert_published(publisher)
        self.check_http()
        self.end(pipeline)
        self.assertEqual(player.wait(40), 0, str(player))
        self.check_hls()
        self.assert_same(clip, self.index)
        self.assertEqual(
            compare.compare_files(clip, self.path('played.mkv')), [])

    def test_rtmp_to_hls_and_recordings(self):
        clip = clips.clip('bframes')
        pipeline = self.start('rtmp-to-hls-and-recordings')
        self.publish(clip)
        self.check_http()
        self.end(pipeline)
        self.assert_same(clip, self.index)
        self.assertEqual(
            compare.compare_tracks(media.tracks(clip),
                                   recordings.tracks(self.path('rec'))), [])

    def test_rtmp_to_bus_to_hls_and_file(self):
        clip = clips.clip('bframes')
        pipeline = self.start('rtmp-to-bus-to-hls-and-file')
        self.publish(clip)
        self.check_http()
        self.end(pipeline)
        self.check_hls()
        self.assert_same(clip, self.index)
        self.assertEqual(compare.compare_files(clip, self.file), [])

    def test_rtmp_to_bus_video_only(self):
        """The audio links of that pipeline never come up; it must still end."""
        clip = clips.clip('video-only')
        pipeline = self.start('rtmp-to-bus-to-hls-and-file')
        self.publish(clip)
        self.end(pipeline)
        self.assert_same(clip, self.index)
        self.assertEqual(compare.compare_files(clip, self.file), [])

    def test_videotestsrc_to_bus_to_two_sinks(self):
        pipeline = self.start('videotestsrc-to-bus-to-two-sinks')
        self.wait_playlist(self.index, lambda found: len(found.segments) >= 2)
        self.check_http()
        self.end(pipeline)
        self.check_hls()

        # One encoder: both have the very same frames.
        whole = playlist.concatenate(playlist.read(self.index).segments,
                                     self.path('all.ts'))
        self.assertEqual(compare.compare_files(self.file, whole), [])
        self.assertEqual(media.decode(whole), '')

    def test_videotestsrc_to_two_qualities(self):
        pipeline = self.start('videotestsrc-to-two-qualities')
        own = [self.path('hls', name, 'index.m3u8')
               for name in ('video_0', 'video_1', 'audio_0')]
        for index in own:
            self.wait_playlist(index, lambda found: len(found.segments) >= 2)
        self.check_http()
        with open(self.index, encoding='utf-8') as file:
            self.assertEqual(file.read().count('#EXT-X-STREAM-INF'), 2)
        self.end(pipeline)
        found = [playlist.read(index) for index in own]
        self.assertTrue(all(one.ended for one in found))
        self.assertEqual([s.duration for s in found[0].segments],
                         [s.duration for s in found[1].segments])


if __name__ == '__main__':
    unittest.main()
