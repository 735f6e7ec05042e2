#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The comparison itself: it must pass ffmpeg's own HLS and fail doctored ones."""

import os
import shutil
import subprocess
import tempfile
import unittest

from harness import clips, compare, mpegts, playlist


def make_hls(clip, folder, options=()):
    """HLS of @clip by ffmpeg, the peer that is known to be good."""
    index = os.path.join(folder, 'index.m3u8')
    subprocess.run(
        ['ffmpeg', '-v', 'error', '-nostdin', '-i', clip, '-c', 'copy',
         *options, '-f', 'hls', '-hls_time', '2', '-hls_list_size', '0',
         '-hls_segment_filename', os.path.join(folder, 's%d.ts'), index],
        check=True)
    return index


class Compare(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def doctor(self, change, clip='bframes'):
        """Complaints after @change rewrote the bytes of the second segment."""
        source = clips.clip(clip)
        index = make_hls(source, self.folder)
        path = os.path.join(self.folder, 's1.ts')
        with open(path, 'rb') as file:
            data = bytearray(file.read())
        data = change(data)
        with open(path, 'wb') as file:
            file.write(data)
        return compare.compare_hls(source, index)

    def filtered(self, options, clip='bframes'):
        """Complaints about HLS made by ffmpeg with @options."""
        source = clips.clip(clip)
        return compare.compare_hls(source,
                                   make_hls(source, self.folder, options))

    def assert_complains(self, wrong, what):
        self.assertTrue(any(what in line for line in wrong),
                        f'no complaint has "{what}": {wrong}')

    def test_passes_good_hls(self):
        for name in ('bframes', 'zerolatency', 'video-only', 'audio-only',
                     'late-audio', 'mp3'):
            with self.subTest(name):
                source = clips.clip(name)
                folder = os.path.join(self.folder, name)
                os.mkdir(folder)
                index = make_hls(source, folder)
                # ffmpeg packs many AAC frames, and one PCR, into one PES.
                gap = 500 if name == 'audio-only' else 100
                self.assertEqual(
                    compare.compare_hls(source, index, max_pcr_gap_ms=gap), [])

    def test_passes_rounding_to_milliseconds(self):
        """What RTMP does to every timestamp is no difference."""
        source = clips.clip('bframes')
        flv = os.path.join(self.folder, 'clip.flv')
        subprocess.run(['ffmpeg', '-v', 'error', '-nostdin', '-i', source,
                        '-c', 'copy', flv], check=True)
        index = make_hls(flv, self.folder)
        self.assertEqual(compare.compare_hls(source, index), [])

    def test_video_frame_lost(self):
        wrong = self.filtered(['-bsf:v', 'noise=drop=eq(n\\,50)'])
        self.assert_complains(wrong, 'video (h264): lost frames 50 to 50')

    def test_audio_frame_lost(self):
        wrong = self.filtered(['-bsf:a', 'noise=drop=eq(n\\,50)'])
        self.assert_complains(wrong, 'audio (aac): lost frames 50 to 50')

    def test_last_frame_lost(self):
        last = clips.SECONDS * 30 - 1
        wrong = self.filtered(['-bsf:v', f'noise=drop=eq(n\\,{last})'])
        self.assert_complains(wrong, f'lost frames {last} to {last}')

    def test_frames_doubled(self):
        source = clips.clip('bframes')
        index = make_hls(source, self.folder)
        shutil.copy(os.path.join(self.folder, 's1.ts'),
                    os.path.join(self.folder, 'again.ts'))
        with open(index, encoding='utf-8') as file:
            text = file.read()
        with open(index, 'w', encoding='utf-8') as file:
            file.write(text.replace('s1.ts\n',
                                    's1.ts\n#EXTINF:2.0,\nagain.ts\n'))
        self.assertTrue(compare.compare_hls(source, index))
        # The payloads alone must show it as well.
        whole = os.path.join(self.folder, 'all.ts')
        playlist.concatenate(playlist.read(index).segments, whole)
        self.assert_complains(compare.compare_files(source, whole), 'doubled')

    def test_video_frame_5_ms_late(self):
        wrong = self.filtered(
            # In ticks of 90 kHz.
            ['-bsf:v', 'setts=pts=PTS+if(eq(N\\,50)\\,450\\,0)'])
        self.assert_complains(wrong, 'timestamps moved apart by 5.')

    def test_audio_5_ms_late(self):
        wrong = self.filtered(
            # In ticks of 90 kHz.
            ['-bsf:a', 'setts=pts=PTS+450:dts=DTS+450'])
        self.assert_complains(wrong, 'timestamps moved apart by 5.')

    def test_audio_drifts(self):
        wrong = self.filtered(
            ['-bsf:a', 'setts=pts=PTS*1.001:dts=DTS*1.001'])
        self.assert_complains(wrong, 'timestamps moved apart')

    def test_byte_flipped(self):
        def flip(data):
            # The last bytes of a payload-only packet are never a header.
            for offset in range(40 * 188, len(data), 188):
                pid = (data[offset + 1] & 0x1f) << 8 | data[offset + 2]
                if pid == 0x100 and data[offset + 3] & 0x30 == 0x10:
                    data[offset + 180] ^= 0x55
                    return data
            raise AssertionError('no packet to flip')
        self.assert_complains(self.doctor(flip), 'differ')

    def test_packet_lost(self):
        wrong = self.doctor(lambda data: data[:188 * 20] + data[188 * 21:])
        self.assert_complains(wrong, 'continuity')

    def test_no_tables(self):
        wrong = self.doctor(lambda data: data[188 * 3:])
        self.assert_complains(wrong, 'does not start with a PAT')

    def test_segment_cut_off(self):
        wrong = self.doctor(lambda data: data[:len(data) // 376 * 188])
        self.assertTrue(wrong)

    def test_killed_publisher_leaves_a_prefix(self):
        source = clips.clip('bframes')
        index = make_hls(source, self.folder)
        first = playlist.read(index).segments[:1]
        whole = playlist.concatenate(first,
                                     os.path.join(self.folder, 'all.ts'))
        self.assertTrue(compare.compare_files(source, whole))
        self.assertEqual(
            compare.compare_files(source, whole, prefix=True), [])

    def test_playlist_rules(self):
        text = ('#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n'
                '#EXTINF:2.6,\na.ts\n#EXTINF:2.0,\na.ts\n')
        wrong = playlist.lint(playlist.parse('/nowhere/index.m3u8', text))
        self.assert_complains(wrong, 'target duration')
        self.assert_complains(wrong, 'twice')
        self.assert_complains(wrong, 'no such file')

    def test_continuity_starts_anew_at_a_discontinuity(self):
        index = make_hls(clips.clip('bframes'), self.folder)
        path = playlist.read(index).segments[0].path
        checker = mpegts.Checker()
        checker.read(path, 'first')
        self.assertEqual(checker.wrong, [])
        checker.reset()
        checker.read(path, 'after a discontinuity')
        self.assertEqual(checker.wrong, [])
        checker.read(path, 'without one')
        self.assert_complains(checker.wrong, 'without one')


if __name__ == '__main__':
    unittest.main()
