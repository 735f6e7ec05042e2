#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kill -9 of the publisher and a restart: the same pipeline goes on."""

import unittest

from harness import clips, compare, media, net, peers, playlist
from harness.pipeline import PipelineTest, main_job
from harness.process import Process


class Republish(PipelineTest):
    def republish(self, first, second):
        """HLS of @first, killed on its way, and then the whole of @second."""
        index = self.path('cam', 'index.m3u8')
        pipeline = self.launch(*main_job(self.port, 'cam', self.path('cam')))
        victim = self.own(peers.ffmpeg(first, self.url('cam')))
        self.wait_playlist(index, lambda found: found.segments)
        victim.kill()
        self.drain()
        self.assertTrue(pipeline.running, str(pipeline))

        publisher = self.own(peers.ffmpeg(second, self.url('cam')))
        self.assert_published(publisher)
        self.drain()
        self.end(pipeline)
        return index

    def group(self, found, number):
        groups = found.groups()
        self.assertEqual(len(groups), 2, 'not exactly one discontinuity')
        return playlist.concatenate(groups[number],
                                    self.path(f'group{number}.ts'))

    def check(self, index, first, second):
        found = playlist.read(index)
        self.assertEqual(compare.check_segments(found), [])
        self.assertTrue(found.ended)
        before, after = self.group(found, 0), self.group(found, 1)
        self.assertEqual(compare.compare_files(first, before, prefix=True), [])
        self.assertEqual(compare.compare_files(second, after), [])
        last = max(f.dts for t in media.tracks(before) for f in t.frames)
        start = min(f.dts for t in media.tracks(after) for f in t.frames)
        self.assertGreater(start, last, 'running time went back')

    def play(self, index):
        """Frames that ffprobe and hlsdemux get out of the whole playlist."""
        done = media.run(['ffprobe', '-v', 'error', '-count_packets',
                          '-show_entries', 'stream=nb_read_packets',
                          '-select_streams', 'v:0', '-of', 'csv=p=0', index])
        probed = int(done.stdout.split()[0].strip(','))

        server = net.FileServer(self.folder)
        self.addCleanup(server.close)
        player = self.own(Process(
            ['gst-launch-1.0', '-v', 'souphttpsrc',
             f'location=http://127.0.0.1:{server.port}/cam/index.m3u8',
             '!', 'hlsdemux', '!', 'tsdemux', 'name=d',
             'd.', '!', 'queue', '!', 'h264parse', '!', 'avdec_h264', '!',
             'fakesink', 'name=video', 'silent=false', 'sync=false',
             'd.', '!', 'queue', '!', 'aacparse', '!', 'fakesink',
             'sync=false']))
        self.assertEqual(player.wait(60), 0, str(player)[-4000:])
        self.assertNotIn('ERROR', player.text)
        played = sum('GstFakeSink:video: last-message = chain' in line
                     for line in player.lines)
        return probed, played

    def test_same_clip_again(self):
        clip = clips.clip('bframes')
        index = self.republish(clip, clip)
        self.check(index, clip, clip)
        frames = sum(len(track.frames)
                     for number in (0, 1)
                     for track in media.tracks(self.path(f'group{number}.ts'))
                     if track.kind == 'video')
        probed, played = self.play(index)
        self.assertEqual(probed, frames)
        # A demuxer may drop what is around the seam, but must get past it.
        self.assertGreater(played, frames - 10)

    def test_other_parameters(self):
        """The newcomer may bring another SPS; its pictures decode."""
        first, second = clips.clip('zerolatency'), clips.clip('bframes')
        index = self.republish(first, second)
        self.check(index, first, second)
        self.assertEqual(media.decode(self.path('group1.ts')), '')

    def test_sound_only(self):
        """The newcomer may have no picture: no segment has both."""
        first, second = clips.clip('zerolatency'), clips.clip('audio-only')
        found = playlist.read(self.republish(first, second))
        self.assertTrue(found.ended)
        before, after = self.group(found, 0), self.group(found, 1)
        self.assertEqual(compare.compare_files(first, before, prefix=True), [])
        done = media.run(['ffprobe', '-v', 'error', '-count_packets',
                          '-show_entries', 'stream=codec_type,nb_read_packets',
                          '-of', 'csv=p=0', after])
        frames = dict(line.split(',') for line in set(done.stdout.split()))
        self.assertEqual(frames, {
            'audio': str(len(media.tracks(second)[0].frames)), 'video': 'N/A'})


if __name__ == '__main__':
    unittest.main()
