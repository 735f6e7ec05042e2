#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""VLC and both of GStreamer's hlsdemux on what arclyhlssink makes, one playlist
and several renditions, while it is made and after: they show the encoder's
pictures, in order, and none is lost."""

import os
import unittest

from harness import fmp4, media, net, players
from harness.ladder import FRAMES, KEY_INTERVAL, frames, ladder
from harness.pipeline import PATIENCE, PipelineTest
from harness.process import wait_until

# What plays with which of them.
DEMUXERS = {'uridecodebin': 'GstHLSDemux:', 'uridecodebin3': 'GstHLSDemux2:'}
STREAMS = ('one', 'all')
# Of a stream that goes on, so many are enough: two segments, and more.
SHOWN = 130
# Of what VLC writes: some seconds, at 300 kbit/s.
VLC_BYTES = 160000


class Players(PipelineTest):
    def package(self, *options, live=False):
        """Two pictures and a sound are "all", the first with it is "one"."""
        def place(name):
            served = [f'http-path=/{name}'] if live else []
            return [f'location={self.path(name)}', *served, *options]
        where, *rest = place('all')
        return self.launch(*ladder(where.partition('=')[2], *rest,
                                   one=place('one'), live=live),
                           listening=False)

    def play(self, port, but=None):
        """All players of both streams, at once: {(player, stream): process}."""
        started = {}
        for stream in STREAMS:
            url = f'http://127.0.0.1:{port}/{stream}/index.m3u8'
            for element in DEMUXERS:
                if (element, stream) != but:
                    started[element, stream] = self.own(
                        players.gst_decoder(element, url))
            started['vlc', stream] = self.own(
                players.vlc(url, self.path(f'{stream}.vlc')))
        return started

    def check_demuxer(self, who, player, source, whole):
        shown = players.pictures(player)
        self.assertIn(DEMUXERS[who[0]], player.text)
        self.assertTrue(shown and shown[0] in source, (who, str(player)))
        first = 0 if whole else source.index(shown[0])
        last = len(source) if whole else first + len(shown)
        self.assertEqual(shown, source[first:last], who)
        self.assertGreater(len(players.sounds(player)), 0, who)

    def check_vlc(self, who):
        """It cuts the end of all and of what it changes from, as it closes its
        decoders."""
        got = {track.kind: [frame.digest for frame in track.frames]
               for track in media.tracks(self.path(f'{who[1]}.vlc'))}
        places = {}
        for name in ('low', 'high') if who[1] == 'all' else ('high',):
            track = media.tracks(self.path(f'all-{name}.h264'))[0]
            places.update((frame.digest, (name, i))
                          for i, frame in enumerate(track.frames))
        shown = [places.get(digest) for digest in got['video']]
        self.assertNotIn(None, shown, who)
        for before, after in zip(shown, shown[1:]):
            wanted = [before[1] + 1] if before[0] == after[0] else range(
                before[1] + 1, before[1] + KEY_INTERVAL)
            self.assertIn(after[1], wanted, (who, before, after))
        self.assertGreater(len(shown), FRAMES // 2, who)
        self.assertGreater(len(got['audio']), 0, who)


class After(Players):
    def play_all(self, *options):
        pipeline = self.package('playlist-type=vod', *options)
        self.assertEqual(pipeline.wait(3 * PATIENCE), 0, str(pipeline))
        server = fmp4.Server(self.folder)
        self.addCleanup(server.close)
        started = self.play(server.port)
        source = frames(self.path('all-high.h264'))
        self.assertEqual(len(source), FRAMES)
        for who, player in started.items():
            self.assertEqual(player.wait(2 * PATIENCE), 0, str(player))
            if who[0] in DEMUXERS:
                self.check_demuxer(who, player, source, True)
            else:
                self.check_vlc(who)

    def test_ts(self):
        self.play_all('segment-format=ts')

    def test_fmp4(self):
        self.play_all('segment-format=fmp4')


class Meanwhile(Players):
    def play_all(self, *options):
        port = net.free_port()
        pipeline = self.package(f'http-port={port}', *options, live=True)
        for folder in (['one'], ['all', 'video_0'], ['all', 'audio_0']):
            self.wait_playlist(self.path(*folder, 'index.m3u8'),
                               lambda found: len(found.segments) >= 4)
        # Of a stream that is made, with sound apart, the old hlsdemux shows a
        # few pictures a second, of ffmpeg's playlists, too: gst-launch pauses
        # for its buffers, which are never full.
        started = self.play(port, ('uridecodebin', 'all'))
        for who, player in started.items():
            what = f'{who}: {player}'
            if who[0] in DEMUXERS:
                wait_until(lambda: len(players.pictures(player)) >= SHOWN,
                           2 * PATIENCE, what)
            else:
                wait_until(lambda: os.path.getsize(
                    self.path(f'{who[1]}.vlc')) >= VLC_BYTES, 2 * PATIENCE,
                           what)
        for player in started.values():
            player.close()
        self.end(pipeline)
        source = frames(self.path('all-high.h264'))
        for who, player in started.items():
            if who[0] in DEMUXERS:
                self.check_demuxer(who, player, source, False)
            else:
                self.check_vlc(who)

    def test_ts(self):
        self.play_all('segment-format=ts')

    def test_fmp4(self):
        self.play_all('segment-format=fmp4')

    def test_parts(self):
        """They know nothing of parts, and play segments."""
        self.play_all('segment-format=fmp4', 'part-duration=200000000')


if __name__ == '__main__':
    unittest.main()
