#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real players at arclyrtmpsink, behind arclyrtmpsrc and a bus."""

import os
import unittest

from harness import clips, compare, media, net, peers, players
from harness.pipeline import PATIENCE, PipelineTest
from harness.process import Process, wait_until

PLAYING = 'arcly-play-start'


class Play(PipelineTest):
    def serve(self, *options, tracks=('video', 'audio')):
        """RTMP in, a bus, RTMP out under another name of the same port."""
        links = []
        for i, track in enumerate(tracks):
            links += [f'in.{track}_0', '!', f'bus.sink_{i}',
                      f'bus.src_0_{i}', '!', f'out.{track}_0']
        return self.launch(
            '-m', 'arclyrtmpsrc', f'location={self.url("in")}', 'name=in',
            'on-unpublish=eos', 'arclybus', 'name=bus',
            'arclyrtmpsink', f'location={self.url("out")}', 'name=out',
            'wait-timeout=0', *options, *links)

    def play_through(self, play, clip, suffix, tracks=('video', 'audio')):
        """All of @clip as the player got it, who was there before it began."""
        server = self.serve(tracks=tracks)
        path = self.path(f'played.{suffix}')
        player = self.own(play(self.url('out'), path))
        # The player waits, so it misses nothing; it counts from then on.
        self.wait_connected(1)
        publisher = self.own(peers.ffmpeg(clip, self.url('in')))
        self.assert_published(publisher)
        status = player.wait(PATIENCE)
        self.assertEqual(server.wait(PATIENCE), 0, str(server))
        self.assertNotIn('CRITICAL', server.text)
        return status, path, player

    def wait_connected(self, n):
        wait_until(lambda: net.socket_states(self.port).count(
            net.ESTABLISHED) >= n, PATIENCE, 'the players')

    def pairs(self, clip, path):
        """Tracks of both files, by kind."""
        played = {track.kind: track for track in media.tracks(path)}
        return [(track, played[track.kind]) for track in media.tracks(clip)]

    def check(self, clip, path, player):
        self.assertTrue(os.path.exists(path), str(player))
        self.assertEqual(compare.compare_files(clip, path), [], str(player))

    def test_ffmpeg(self):
        clip = clips.clip('bframes')
        status, path, player = self.play_through(players.ffmpeg, clip, 'mkv')
        self.assertEqual(status, 0, str(player))
        self.check(clip, path, player)

    def test_ffmpeg_mp3(self):
        clip = clips.clip('mp3')
        status, path, player = self.play_through(players.ffmpeg, clip, 'mkv')
        self.assertEqual(status, 0, str(player))
        self.check(clip, path, player)

    def test_ffmpeg_audio_only(self):
        clip = clips.clip('audio-only')
        status, path, player = self.play_through(
            players.ffmpeg, clip, 'mkv', tracks=('audio',))
        self.assertEqual(status, 0, str(player))
        self.check(clip, path, player)

    def test_rtmpdump(self):
        clip = clips.clip('bframes')
        status, path, player = self.play_through(players.rtmpdump, clip, 'flv')
        self.assertEqual(status, 0, str(player))
        self.check(clip, path, player)

    def test_rtmp2src(self):
        clip = clips.clip('bframes')
        status, path, player = self.play_through(players.rtmp2src, clip, 'flv')
        self.assertEqual(status, 0, str(player))
        # It drops the message that it has not pushed when it is told the end.
        self.assertEqual(compare.compare_files(clip, path, prefix=True), [])
        for source, played in self.pairs(clip, path):
            self.assertGreaterEqual(len(played.frames), len(source.frames) - 1)

    def test_vlc(self):
        clip = clips.clip('zerolatency')
        status, path, player = self.play_through(players.vlc, clip, 'ts')
        self.assertEqual(status, 0, str(player))
        # It cuts the ends, as it opens and closes its decoders.
        for source, played in self.pairs(clip, path):
            had = [frame.digest for frame in source.frames]
            got = [frame.digest for frame in played.frames]
            self.assertGreater(len(got), len(had) // 2, str(player))
            first = had.index(got[0])
            self.assertEqual(got, had[first:first + len(got)])

    def test_flvdemux(self):
        """rtmp2src ! flvdemux decodes every frame."""
        clip = clips.clip('zerolatency')

        def play(url, path):
            return Process(
                ['gst-launch-1.0', '-v', 'rtmp2src', f'location={url}', '!',
                 'flvdemux', 'name=d', 'd.video', '!', 'queue', '!',
                 'h264parse', '!', 'avdec_h264', '!', 'fakesink', 'name=video', 'silent=false',
                 'sync=false', 'd.audio', '!', 'queue', '!', 'fakesink',
                 'sync=false'])
        status, _, player = self.play_through(play, clip, 'none')
        self.assertEqual(status, 0, str(player)[-4000:])
        frames = next(track for track in media.tracks(clip)
                      if track.kind == 'video').frames
        played = sum('GstFakeSink:video: last-message = chain' in line
                     for line in player.lines)
        # See test_rtmp2src.
        self.assertGreaterEqual(played, len(frames) - 1)

    def test_unknown_stream(self):
        self.serve()
        player = self.own(players.ffmpeg(self.url('nobody'),
                                         self.path('nobody.mkv')))
        self.assertNotEqual(player.wait(PATIENCE), 0)
        self.assertIn('no such stream here', player.text)

    def test_late(self):
        """In the middle of a GOP: it starts with the keyframe of it."""
        server = self.launch(
            '-m', 'videotestsrc', 'is-live=true', '!',
            'video/x-raw,width=320,height=240,framerate=30/1,format=I420', '!',
            'x264enc', 'tune=zerolatency', 'key-int-max=300', '!',
            'arclyrtmpsink', f'location={self.url("out")}')
        first = self.own(Process(
            peers.FFMPEG + ['-i', self.url('out'), '-t', '4', '-c', 'copy',
                            '-f', 'flv', self.path('first.flv')]))
        self.assertEqual(first.wait(PATIENCE), 0, str(first))
        late = self.own(Process(
            peers.FFMPEG + ['-i', self.url('out'), '-t', '1', '-c', 'copy',
                            '-f', 'flv', self.path('late.flv')]))
        self.assertEqual(late.wait(PATIENCE), 0, str(late))
        self.assertTrue(media.first_is_keyframe(self.path('late.flv')))
        self.assertEqual(media.decode(self.path('late.flv')), '')
        self.end(server)

    def test_ctrl_c_ends_players(self):
        server = self.launch(
            '-m', 'videotestsrc', 'is-live=true', '!',
            'video/x-raw,width=320,height=240,framerate=30/1,format=I420', '!',
            'x264enc', 'tune=zerolatency', '!',
            'arclyrtmpsink', f'location={self.url("out")}')
        player = self.own(players.rtmpdump(self.url('out'),
                                           self.path('out.flv')))
        server.wait_for(PLAYING, PATIENCE)
        self.end(server)
        self.assertEqual(player.wait(PATIENCE), 0, str(player))
        self.assertEqual(media.decode(self.path('out.flv')), '')


if __name__ == '__main__':
    unittest.main()
