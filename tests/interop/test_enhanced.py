#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What enhanced RTMP carries comes out of arclyrtmpsrc, every frame of it, and
goes to players of arclyrtmpsink as it came.

Decoded pictures are compared: source and result are in different containers,
which may write the same frame differently. Packets of audio are the same.
"""

import subprocess
import unittest

from harness import enhanced, enhancedplay, media, players
from harness.pipeline import PATIENCE, PipelineTest

VIDEO_IN = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30']
AUDIO_IN = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000']
HEVC = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params',
        'bframes=2:keyint=30:log-level=none', '-tag:v', 'hvc1']
AV1 = ['-c:v', 'libaom-av1', '-cpu-used', '8', '-usage', 'realtime', '-g', '30']
H264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '2', '-g', '30']
VP9 = ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8']
VP8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8']
PICTURE = ['-pix_fmt', 'yuv420p']

# Name, suffix, options of ffmpeg, multitrack, ModEx.
CASES = (
    ('hevc-opus', 'mp4', HEVC + ['-c:a', 'libopus', '-ac', '2'], False, False),
    ('av1-aac', 'mp4', AV1 + ['-c:a', 'aac'], False, True),
    ('vp9-flac', 'mkv', VP9 + ['-c:a', 'flac'], False, False),
    ('vp8-ac3', 'mkv', VP8 + ['-c:a', 'ac3'], False, False),
    ('h264-eac3', 'mp4', H264 + ['-c:a', 'eac3'], False, False),
    ('hevc-mp3', 'mp4', HEVC + ['-c:a', 'libmp3lame'], True, True),
    ('two-of-each', 'mp4', ['-map', '0:v', '-map', '0:v', '-map', '1:a', '-map',
                            '1:a', '-c:v:0', 'libx264', '-g', '30', '-c:v:1',
                            'libaom-av1', '-cpu-used', '8', '-usage',
                            'realtime', '-c:a', 'libopus', '-b:a:1', '24k'],
     True, False),
)
# One whose publisher tells of HDR.
COLORFUL = 'av1-aac'


def pictures(path):
    """Hashes of every decoded picture, by stream."""
    found = media.streams(path)
    done = media.run(['ffmpeg', '-v', 'error', '-nostdin', '-i', path, '-map',
                      '0:v', '-fps_mode', 'passthrough', '-f', 'framemd5', '-'])
    result = [[] for s in found if s['codec_type'] == 'video']
    for line in done.stdout.splitlines():
        fields = line.split(',')
        if not line.startswith('#'):
            result[int(fields[0])].append(fields[-1].strip())
    return result


def sounds(path):
    """Digests of the encoded packets of each audio stream."""
    return [[f.digest for f in track.frames] for track in media.tracks(path)
            if track.kind == 'audio']


def sent(path):
    """What the publisher sends of @path, in the form of a player's tracks:
    header, and (dts, composition time, key, bytes) of each frame."""
    streams, packets = enhanced.probe(path)
    counts = {'video': 0, 'audio': 0}
    result = []
    for stream in streams:
        kind = stream['codec_type']
        frames = []
        for packet in packets:
            if packet['stream_index'] == stream['index']:
                dts = enhanced.milliseconds(packet, 'dts_time')
                pts = enhanced.milliseconds(packet, 'pts_time')
                frames.append((dts, pts - dts, 'K' in packet['flags'],
                               enhanced.undump(packet['data'])))
        result.append(((kind, counts[kind]), stream['codec_name'],
                       enhanced.sequence_header(stream), frames))
        counts[kind] += 1
    return result


class Enhanced(PipelineTest):
    def make(self, name, suffix, options):
        clip = self.path(f'{name}.{suffix}')
        subprocess.run(['ffmpeg', '-v', 'error', '-nostdin', *VIDEO_IN,
                        *AUDIO_IN, *PICTURE, *options, '-t', '2', clip],
                       check=True)
        return clip

    def test_every_frame_arrives(self):
        jobs, made = [], []
        for number, (name, suffix, options, _, _) in enumerate(CASES):
            clip = self.make(name, suffix, options)
            result = self.path(f'{name}-result.mkv')
            made.append((name, clip, result))
            kinds = [s['codec_type'] for s in media.streams(clip)]
            jobs += ['arclyrtmpsrc', f'name=in{number}', 'on-unpublish=eos',
                     f'location={self.url(name)}', 'matroskamux',
                     f'name=mux{number}', '!', 'filesink',
                     f'location={result}']
            jobs += ['arclyrtmpsink', f'name=out{number}', 'wait-timeout=0',
                     f'location={self.url(name)}']
            for kind in ('video', 'audio'):
                for track in range(kinds.count(kind)):
                    tee = f'{kind}{number}_{track}'
                    jobs += [f'in{number}.{kind}_{track}', '!', 'tee',
                             f'name={tee}', f'{tee}.', '!', 'queue',
                             'max-size-time=0', 'max-size-bytes=0',
                             'max-size-buffers=0', '!',
                             f'mux{number}.{kind}_{track}', f'{tee}.', '!',
                             f'out{number}.{kind}_{track}']
        pipeline = self.launch(*jobs)
        playing = [enhancedplay.Player(self.port, 'live', name)
                   for name, _, _ in made]
        fine = {name: enhancedplay.Player(
                    self.port, 'live', name,
                    caps_ex=enhancedplay.MULTITRACK | enhancedplay.NANOSECONDS)
                for name, *_, mod_ex in CASES if mod_ex}
        legacy = self.own(players.ffmpeg(self.url('hevc-opus'),
                                         self.path('legacy.mkv')))
        half = self.own(players.ffmpeg(self.url('two-of-each'),
                                       self.path('half.mkv')))
        for (name, clip, _), (_, _, _, multitrack, mod_ex) in zip(made, CASES):
            enhanced.publish(clip, self.port, 'live', name, multitrack, mod_ex,
                             enhanced.COLOR if name == COLORFUL else None)
        self.assertEqual(pipeline.wait(PATIENCE), 0, str(pipeline))

        for name, clip, result in made:
            with self.subTest(name):
                self.assertEqual([t.codec for t in media.tracks(result)],
                                 [t.codec for t in media.tracks(clip)])
                want, have = pictures(clip), pictures(result)
                self.assertTrue(want and all(want))
                self.assertEqual(have, want)
                self.assertEqual(sounds(result), sounds(clip))
        for (name, clip, _), player in zip(made, playing):
            with self.subTest(name + ', played'):
                player.wait(PATIENCE)
                self.check_played(clip, player)
                if name == COLORFUL:
                    self.assertEqual(player.tracks['video', 0].colors,
                                     [['colorInfo', enhanced.COLOR]])
        for name, clip, _ in made:
            if name in fine:
                with self.subTest(name + ', to the nanosecond'):
                    fine[name].wait(PATIENCE)
                    self.check_times(clip, fine[name])
        # The ffmpeg of Debian 12 announces nothing.
        self.assertNotEqual(legacy.wait(PATIENCE), 0)
        self.assertIn('did not announce in connect that it takes video "hvc1"',
                      legacy.text)
        # Of this it knows the first video, and gets that.
        self.assertEqual(half.wait(PATIENCE), 0, str(half))
        got = media.tracks(self.path('half.mkv'))
        want = media.tracks(made[-1][1])[0]
        self.assertEqual([t.codec for t in got], ['h264'])
        self.assertEqual([f.digest for f in got[0].frames],
                         [f.digest for f in want.frames])

    def check_times(self, clip, player):
        """One shift for all frames of all tracks."""
        shifts = set()
        for key, _, _, frames in sent(clip):
            track = player.tracks[key]
            self.assertEqual([f[3] for f in track.frames],
                             [f[3] for f in frames], key)
            self.assertEqual(len(track.nanoseconds), len(frames))
            for i, (got, want) in enumerate(zip(track.frames, frames)):
                shifts.add((got[0] + got[1] - want[0] - want[1]) * 1000000
                           + track.nanoseconds[i] - enhanced.nanoseconds(i))
        self.assertEqual(len(shifts), 1, shifts)

    def check_played(self, clip, player):
        want = sent(clip)
        self.assertEqual(set(player.tracks), {key for key, *_ in want},
                         player.told)
        offsets = []
        for key, codec, header, frames in want:
            track = player.tracks[key]
            self.assertEqual(track.codec, codec)
            self.assertEqual([f[3] for f in track.frames],
                             [f[3] for f in frames], key)
            self.assertEqual([f[2] for f in track.frames],
                             [f[2] for f in frames], key)
            # PTS have nanoseconds, and DTS have none: a millisecond may turn.
            for got, given in zip(track.frames, frames):
                self.assertIn(got[1] - given[1], (0, 1), key)
            offsets += [f[0] - g[0] for f, g in zip(track.frames, frames)]
            if codec == 'vp9' or codec == 'vp8':
                # The publisher sends none; ours is a record.
                self.assertEqual([len(h) for h in track.headers], [8])
            else:
                self.assertEqual(track.headers, [header] if header else [])
        # One shift for all tracks, to the millisecond.
        self.assertLessEqual(max(offsets) - min(offsets), 1)
        metadata = [values[1] for _, values in player.data
                    if values[0] == 'onMetaData']
        for name, value in (('encoder', 'from the specification'),
                            ('note', 'of ours'), ('level', 4.5),
                            ('live', True), ('scene', enhanced.SCENE),
                            ('list', [1, 'x'])):
            self.assertEqual(metadata[-1][name], value)
        self.assertEqual([values for _, values in player.data
                          if values[0] == 'onCuePoint'], [enhanced.CUE])


if __name__ == '__main__':
    unittest.main()
