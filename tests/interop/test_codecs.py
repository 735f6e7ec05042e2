#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""arcly-inspect on streams of many encoders, against mp4box.js, mediainfo and
ffprobe: codecs parameters, sizes, rates, key frames.

ffmpeg encodes and packs; mp4box.js reads the codecs parameter from the boxes
that ffmpeg wrote, arcly-inspect builds it from the stream.
"""

import functools
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from harness import fmp4

INSPECT = os.environ['ARCLY_INSPECT']
VIDEO = ['-f', 'lavfi', '-i']
X265 = 'log-level=none:'

# Name: source, encoder's arguments.
STREAMS = {
    'h264-baseline': ('testsrc2=s=320x240:r=25', ['libx264', '-profile:v',
                      'baseline', '-g', '10']),
    'h264-bframes': ('testsrc2=s=642x362:r=30000/1001', ['libx264', '-bf', '3',
                     '-g', '10', '-pix_fmt', 'yuv420p']),
    'h264-high10': ('testsrc2=s=320x240:r=25', ['libx264', '-pix_fmt',
                    'yuv420p10le', '-g', '10']),
    'h264-opengop': ('testsrc2=s=320x240:r=25', ['libx264', '-x264-params',
                     'open-gop=1:keyint=10:bframes=2', '-pix_fmt', 'yuv420p']),
    'h265-main': ('testsrc2=s=642x362:r=25', ['libx265', '-x265-params', X265 +
                  'keyint=10', '-pix_fmt', 'yuv420p']),
    'h265-main10': ('testsrc2=s=320x240:r=24000/1001', ['libx265',
                    '-x265-params', X265 + 'keyint=10', '-pix_fmt',
                    'yuv420p10le']),
    'h265-444': ('testsrc2=s=320x240:r=25', ['libx265', '-x265-params', X265 +
                 'keyint=10', '-pix_fmt', 'yuv444p']),
    'av1-aom': ('testsrc2=s=320x240:r=25', ['libaom-av1', '-cpu-used', '8',
                '-g', '10', '-pix_fmt', 'yuv420p']),
    'av1-svt10': ('testsrc2=s=320x240:r=25', ['libsvtav1', '-preset', '10',
                  '-g', '10', '-pix_fmt', 'yuv420p10le']),
    'vp9': ('testsrc2=s=320x240:r=25', ['libvpx-vp9', '-deadline', 'realtime',
            '-cpu-used', '8', '-g', '10', '-pix_fmt', 'yuv420p']),
    'vp9-444': ('testsrc2=s=320x240:r=25', ['libvpx-vp9', '-deadline',
                'realtime', '-cpu-used', '8', '-g', '10', '-pix_fmt',
                'yuv444p']),
    'aac': ('sine=r=44100', ['aac']),
    'aac-51': ('sine=r=48000', ['aac', '-ac', '6']),
    'opus': ('sine=r=48000', ['libopus', '-ac', '2']),
    'opus-51': ('sine=r=48000', ['libopus', '-ac', '6']),
    'flac': ('sine=r=44100', ['flac', '-strict', '-2']),
    'ac3': ('sine=r=48000', ['ac3', '-ac', '6']),
    'eac3': ('sine=r=48000', ['eac3', '-ac', '6']),
    'mp3': ('sine=r=44100', ['libmp3lame']),
}
# VP9 streams do not tell their level; ffmpeg takes another way to one.
LEVELS_OF_THEIR_OWN = ('vp9', 'vp9-444')


def run(*command):
    return subprocess.run([str(c) for c in command], check=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          timeout=240).stdout


class Codecs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.paths = {}
        for name, (source, encoder) in STREAMS.items():
            path = pathlib.Path(cls.folder.name) / (name + '.mp4')
            kind = '-c:v' if source.startswith('test') else '-c:a'
            run('ffmpeg', '-v', 'error', '-y', *VIDEO, source, '-t', '1',
                kind, *encoder, path)
            cls.paths[name] = path

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @staticmethod
    @functools.cache
    def inspect(path):
        return json.loads(run(INSPECT, '--json', path))['tracks'][0]

    def test_codecs_parameter_as_mp4box(self):
        for name, path in self.paths.items():
            with self.subTest(name):
                theirs = fmp4.mp4box_codecs(path)[0].lower()
                ours = self.inspect(path)['codecs'].lower()
                if name in LEVELS_OF_THEIR_OWN:
                    ours = ours.split('.')
                    theirs = theirs.split('.')
                    del ours[2], theirs[2]
                    ours = '.'.join(ours)[:len('.'.join(theirs))]
                    theirs = '.'.join(theirs)
                self.assertEqual(ours, theirs)

    def test_fields_as_ffprobe(self):
        for name, path in self.paths.items():
            with self.subTest(name):
                stream = json.loads(run(
                    'ffprobe', '-v', 'error', '-of', 'json', '-show_streams',
                    '-show_packets', path))
                packets = stream['packets']
                stream = stream['streams'][0]
                ours = self.inspect(path)
                if stream['codec_type'] == 'audio':
                    self.assertEqual(ours['rate'], int(stream['sample_rate']))
                    self.assertEqual(ours['channels'], stream['channels'])
                    continue
                self.assertEqual(ours['width'], stream['width'])
                self.assertEqual(ours['height'], stream['height'])
                self.assertEqual(f'{ours["fps-n"]}/{ours["fps-d"]}',
                                 stream['r_frame_rate'])
                self.assertEqual(ours['units'], len(packets))
                # Recovery points of open GOPs are random access points, too.
                keys = sum('K' in packet['flags'] for packet in packets)
                self.assertEqual(ours['keyframes'], keys)

    def test_profile_as_mediainfo(self):
        for name, path in self.paths.items():
            with self.subTest(name):
                tracks = json.loads(run('mediainfo', '--Output=JSON', path))
                track = tracks['media']['track'][1]
                ours = self.inspect(path)
                if 'Width' in track:
                    self.assertEqual(ours['width'], int(track['Width']))
                    self.assertEqual(ours['height'], int(track['Height']))
                    if 'BitDepth' in track:
                        self.assertEqual(
                            ours['bit-depth'], int(track['BitDepth']))
                else:
                    self.assertEqual(
                        ours['rate'], int(track['SamplingRate']))
                    if 'Channels' in track:  # not of Opus
                        self.assertEqual(
                            ours['channels'], int(track['Channels']))

    def test_byte_streams(self):
        """The same of H.264 and H.265 without a container."""
        for name, suffix in (('h264-bframes', 'h264'), ('h265-main10', 'h265')):
            with self.subTest(name):
                path = self.paths[name].with_suffix('.' + suffix)
                run('ffmpeg', '-v', 'error', '-y', '-i', self.paths[name],
                    '-c', 'copy', path)
                bare, packed = self.inspect(path), self.inspect(
                    self.paths[name])
                # ffmpeg's sample entry is hev1, a byte stream's is ours.
                self.assertEqual(bare['codecs'][4:], packed['codecs'][4:])
                for key in ('width', 'height', 'bit-depth', 'keyframes'):
                    self.assertEqual(bare[key], packed[key])

    def test_no_media(self):
        path = pathlib.Path(self.folder.name) / 'text.mp4'
        path.write_text('not a movie')
        for argument in (path, path.with_name('missing')):
            result = subprocess.run([INSPECT, argument],
                                    stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, timeout=60)
            self.assertEqual(result.returncode, 1)
            self.assertIn(b'arcly-inspect: ', result.stderr)


if __name__ == '__main__':
    unittest.main()
