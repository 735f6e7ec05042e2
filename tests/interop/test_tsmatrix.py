#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""arclytsmux with every kind of input, read by ffmpeg, GStreamer, VLC and a
checker of our own; and that checker on what other muxers write.
"""

import fractions
import os
import shutil
import subprocess
import unittest

from harness import clips, compare, gstframes, media, vlc
from harness.pipeline import LEAKS, PATIENCE, PipelineTest, leaked

SECONDS = 3
# name: (what is in front of the muxer, tracks)
CASES = {
    'bframes': ('mp4', ('video', 'audio')),
    'zerolatency': ('mp4', ('video', 'audio')),
    'open-gop': ('mp4', ('video', 'audio')),
    'h265': ('mp4', ('video', 'audio')),
    'ntsc': ('mp4', ('video', 'audio')),
    'audio-only': ('mp4', ('audio',)),
    'video-only': ('mp4', ('video',)),
    'late-audio': ('mp4', ('video', 'audio')),
    'sps-change': ('ts', ('video',)),
    'ac3': ('mp4', ('video', 'audio')),
    'eac3': ('mp4', ('video', 'audio')),
    'opus': ('mp4', ('video', 'audio')),
    'mp3': ('mp4', ('video', 'audio')),
}
NANOSECOND = fractions.Fraction(1, 10 ** 9)
# Two roundings to 90 kHz, and what a parser derives between them.
TOLERANCE = fractions.Fraction(4, 90000)


# ISO/IEC 13818-1, 2.4.2.3: what a decoder has for two channels of AAC.
AUDIO_BYTES = 3584


def tscheck(path, *options):
    """(exit status, lines) of our checker."""
    done = subprocess.run([os.environ['ARCLY_TSCHECK'], *options, path],
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f'tscheck {path}: {done.stderr}')
    return done.returncode, done.stdout.splitlines()


class Muxing(PipelineTest):
    def mux(self, name, *options):
        suffix, kinds = CASES[name]
        source = clips.clip(name, SECONDS, 'plain.mp4' if suffix == 'mp4'
                            else suffix)
        path = self.path(f'{name}.ts')
        demux = ['qtdemux', 'name=d']
        links = [f'd.{kind}_0 ! mux.' for kind in kinds]
        if suffix == 'ts':
            demux = ['tsdemux', 'name=d']
            links = ['d. ! h264parse ! mux.']
        pipeline = self.launch('filesrc', f'location={source}', '!', *demux,
                               'arclytsmux', 'name=mux', *options, '!',
                               'filesink', f'location={path}',
                               *' '.join(links).split(), env=LEAKS,
                               listening=False)
        self.assertEqual(pipeline.wait(PATIENCE), 0, str(pipeline))
        # qtdemux of 1.22 leaks the caps of Opus, whatever is behind it.
        self.assertEqual([line for line in leaked(pipeline.text)
                          if 'audio/x-opus' not in line], [])
        return source, path


class Matrix(Muxing):
    def check_gstreamer(self, path, kinds):
        """tsdemux finds as many frames as ffmpeg does, at the same times."""
        found = {track['kind']: track['frames']
                 for track in gstframes.frames(path)}
        self.assertEqual(sorted(found), sorted(kinds))
        moved = []
        for track in media.tracks(path):
            frames = found[track.kind]
            # aacparse drops a first frame that a hole follows, which a clip
            # without edit list has; of ffmpeg's output, too.
            lost = len(track.frames) - len(frames)
            self.assertIn(lost, (0, 1) if track.codec == 'aac' else (0,))
            moved += [frame.pts - pts * NANOSECOND for frame, (pts, _)
                      in zip(track.frames[lost:], frames) if pts is not None]
        self.assertLessEqual(max(moved) - min(moved), TOLERANCE)


class InVlc(Muxing):
    """Apart, as VLC takes as long as the clips are."""

    def check_vlc(self, path, kinds):
        played, complaints = vlc.play(path, self.folder, PATIENCE + SECONDS)
        self.assertEqual(complaints, [])
        self.assertEqual(played, set(kinds))


def add_case(name):
    def test(self):
        kinds = CASES[name][1]
        source, path = self.mux(name)
        self.assertEqual(media.probe(path), '')
        self.assertEqual(compare.compare_files(source, path, TOLERANCE), [])
        status, lines = tscheck(path)
        self.assertEqual(status, 0, '\n'.join(lines))
        self.check_gstreamer(path, kinds)

    def test_vlc(self):
        self.check_vlc(self.mux(name)[1], CASES[name][1])

    setattr(Matrix, f'test_{name.replace("-", "_")}', test)
    setattr(InVlc, f'test_{name.replace("-", "_")}', test_vlc)


for case in CASES:
    add_case(case)


class Buffers(Muxing):
    """What a decoder's buffers hold, by a model of them."""

    def complaints(self, path):
        lines = tscheck(path, '--buffers', str(AUDIO_BYTES))[1]
        return [line for line in lines[:-1] if 'at most' not in line]

    def ffmpeg(self, *options):
        path = self.path('ffmpeg.ts')
        subprocess.run(['ffmpeg', '-v', 'error', '-nostdin', '-y', '-i',
                        clips.clip('bframes', SECONDS, 'plain.mp4'), '-c',
                        'copy', '-muxrate', '4M', *options, path], check=True)
        return self.complaints(path)

    def test_short_wait(self):
        """The clock is no further ahead than there is room for."""
        for name in ('bframes', 'zerolatency', 'h265', 'ntsc', 'mp3'):
            with self.subTest(name):
                path = self.mux(name, 'max-wait=100000000')[1]
                self.assertEqual(self.complaints(path), [])

    def test_usual_wait(self):
        """docs/tsmux.md says that sound then needs more than MPEG grants."""
        complaints = self.complaints(self.mux('bframes')[1])
        self.assertEqual(len(complaints), 1, complaints)
        self.assertIn('bytes wait on PID', complaints[0])

    def test_ffmpeg(self):
        self.assertEqual(self.ffmpeg('-max_delay', '100000'), [])
        complaints = self.ffmpeg()
        self.assertEqual(len(complaints), 1, complaints)
        self.assertIn('bytes wait on PID', complaints[0])


class OtherMuxers(PipelineTest):
    """The checker knows good from bad."""

    def remux(self, name, *options):
        path = self.path('ffmpeg.ts')
        subprocess.run(['ffmpeg', '-v', 'error', '-nostdin', '-y', '-i',
                        clips.clip(name, SECONDS, 'plain.mp4'), '-c', 'copy',
                        *options, path], check=True)
        return tscheck(path)[1]

    def kinds(self, lines):
        """Complaints without numbers, the line of totals left out."""
        words = ('PCR after', 'without parameter sets in front')
        return {word for line in lines[:-1] for word in words if word in line
                } | {line for line in lines[:-1]
                     if not any(word in line for word in words)}

    def test_ffmpeg(self):
        """Its PCRs slip where there is no video, or little of it."""
        self.assertEqual(self.kinds(self.remux('audio-only')), {'PCR after'})

    def test_ffmpeg_video(self):
        self.assertLessEqual(self.kinds(self.remux('bframes')), {'PCR after'})

    def test_mpegtsmux(self):
        """Its PCRs come with frames, and who joins late lacks the sets."""
        source = clips.clip('bframes', SECONDS, 'plain.mp4')
        path = self.path('mpegtsmux.ts')
        pipeline = self.launch(
            'filesrc', f'location={source}', '!', 'qtdemux', 'name=d',
            'mpegtsmux', 'name=mux', '!', 'filesink', f'location={path}',
            'd.video_0', '!', 'queue', '!', 'h264parse', '!', 'mux.',
            'd.audio_0', '!', 'queue', '!', 'aacparse', '!', 'mux.',
            listening=False)
        self.assertEqual(pipeline.wait(PATIENCE), 0, str(pipeline))
        self.assertEqual(self.kinds(tscheck(path)[1]),
                         {'PCR after', 'without parameter sets in front'})

    def test_spoiled(self):
        """One packet less is noticed."""
        path = self.path('spoiled.ts')
        shutil.copy(clips.clip('sps-change', SECONDS, 'ts'), path)
        before = tscheck(path)[1]
        with open(path, 'rb') as stream:
            data = stream.read()
        with open(path, 'wb') as stream:
            stream.write(data[:188 * 100] + data[188 * 101:])
        after = tscheck(path)[1]
        self.assertFalse(any('continuity' in line for line in before))
        self.assertTrue(any('continuity' in line for line in after))


if __name__ == '__main__':
    unittest.main()
