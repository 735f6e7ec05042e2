#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""arclyhlssink with every codec that there is an encoder for, as one playlist and
as several renditions: ffmpeg reads what the encoders gave, CODECS says what
mp4box.js finds in the boxes, and Chromium plays what it can."""

import os
import re
import subprocess
import unittest

from harness import compare, fmp4, media, net, playlist
from harness.page import PageTest
from harness.pipeline import PATIENCE, PipelineTest

FRAMES = 75
VIDEO_IN = ['videotestsrc', 'pattern=ball', f'num-buffers={FRAMES}', '!',
            'video/x-raw,format=I420,width=320,height=180,framerate=25/1']
AUDIO_IN = ['audiotestsrc', 'volume=0.1', 'samplesperbuffer=960',
            f'num-buffers={FRAMES * 2}', '!',
            'audio/x-raw,rate=48000,channels=2']
# What a Matroska file, which keeps what the encoder gave, needs in front.
ENCODERS = {
    'h264': (['x264enc', 'speed-preset=ultrafast', 'key-int-max=25'],
             ['h264parse']),
    'h265': (['x265enc', 'speed-preset=ultrafast', 'key-int-max=25'],
             ['h265parse']),
    'av1': (['av1enc', 'usage-profile=realtime', 'cpu-used=8',
             'keyframe-max-dist=25'], ['av1parse']),
    'vp9': (['vp9enc', 'deadline=1', 'cpu-used=8', 'keyframe-max-dist=25'],
            []),
    'aac': (['avenc_aac'], ['aacparse']),
    'opus': (['opusenc'], []),
    'flac': (['flacenc'], []),
    'ac3': (['avenc_ac3'], ['ac3parse']),
    'eac3': (['avenc_eac3'], ['ac3parse']),
    'mp3': (['lamemp3enc'], ['mpegaudioparse']),
}
# Format, picture, sounds.
CASES = {
    'fmp4-h265': ('fmp4', 'h265', ('ac3', 'eac3')),
    'fmp4-av1': ('fmp4', 'av1', ('opus', 'flac')),
    'fmp4-vp9': ('fmp4', 'vp9', ('opus', 'aac')),
    'ts-h265': ('ts', 'h265', ('ac3', 'mp3')),
    'ts-h264': ('ts', 'h264', ('opus', 'eac3')),
}
# RFC 6381 and what players ask for; of MPEG-TS there are no boxes to look into.
CODECS = {'h264': r'avc1\.[0-9a-f]{6}', 'h265': r'hvc1\.[0-9A-Z.]+',
          'av1': r'av01\.[0-9A-Z.]+', 'vp9': r'vp09\.[0-9.]+',
          'aac': r'mp4a\.40\.2', 'opus': 'Opus', 'flac': 'fLaC',
          'ac3': 'ac-3', 'eac3': 'ec-3', 'mp3': r'mp4a\.40\.34'}
FFMPEG = {'h265': 'hevc'}


def encode(name, source, pads, keep=None):
    """@source, encoded, goes to all of @pads, and to the file @keep."""
    encoder, parser = ENCODERS[name]
    elements = [*source, '!', *encoder, '!', 'tee', f'name={name}']
    for pad in pads:
        elements += [f'{name}.', '!', 'queue', '!', pad]
    if keep:
        elements += [f'{name}.', '!', 'queue', '!']
        elements += [*parser, '!'] if parser else []
        elements += ['matroskamux', '!', 'filesink', f'location={keep}']
    return elements


def init(index):
    """Path of the init segment, or None; there is one at most."""
    folder = os.path.dirname(index)
    names = [n for n in os.listdir(folder) if n.startswith('init-')]
    return os.path.join(folder, names[0]) if names else None


def trimmed(tracks):
    """Of Opus, GStreamer has the time at which the first frame is heard, and
    Matroska that of what is cut off of it."""
    for track in tracks:
        if track.codec == 'opus':
            del track.frames[0]
    return tracks


def sink(name, folder, *options):
    return ['arclyhlssink', f'name={name}', f'location={folder}',
            'target-duration=1', *options]


class Matrix(PipelineTest):
    def package(self, name):
        """One playlist of the picture and the first sound, and renditions."""
        form, video, sounds = CASES[name]
        options = ['playlist-length=0', f'segment-format={form}']
        elements = (sink('one', self.path('one'), *options)
                    + sink('all', self.path('all'), *options)
                    + encode(video, VIDEO_IN, ['all.video_0', 'one.video_0'],
                             self.path(f'{video}.mkv')))
        for i, sound in enumerate(sounds):
            pads = [f'all.audio_{i}'] + (['one.audio_0'] if i == 0 else [])
            elements += encode(sound, AUDIO_IN, pads,
                               self.path(f'{sound}.mkv'))
        pipeline = self.launch(*elements, listening=False)
        self.assertEqual(pipeline.wait(2 * PATIENCE), 0, str(pipeline))
        for word in ('WARNING', 'CRITICAL'):
            self.assertNotIn(word, pipeline.text)

    def check(self, codecs, *folders):
        """ffmpeg finds what the encoders gave in the playlist, and no more."""
        index = self.path(*folders, 'index.m3u8')
        found = playlist.read(index)
        self.assertEqual(playlist.lint(found), [])
        source = [track for codec in codecs
                  for track in media.tracks(self.path(f'{codec}.mkv'))]
        played = {track.kind: track for track in media.tracks(index)}
        self.assertEqual(len(played), len(source))
        for track in source:
            self.assertEqual(compare.compare_payloads(
                track, played[track.kind]), [], index)
        self.assertEqual(media.decode(index), '')
        # It does not tell the times of Opus in a PES: of the whole, it does.
        whole = media.tracks(playlist.concatenate(
            found.segments, self.path('whole'), init(index)))
        self.assertEqual(compare.compare_tracks(
            trimmed(source), trimmed(whole)), [], index)

    def check_codecs(self, name):
        """CODECS of each variant: of the picture and of one sound."""
        form, video, sounds = CASES[name]
        with open(self.path('all', 'index.m3u8'), encoding='utf-8') as file:
            text = file.read()
        found = re.findall(r'CODECS="([^"]+)"', text)
        self.assertEqual(len(found), len(sounds), text)
        for line, sound in zip(found, sounds):
            self.assertRegex(line, f'^{CODECS[video]},{CODECS[sound]}$')
            if form == 'fmp4':
                self.check_boxes(line, sounds.index(sound))
        shown = subprocess.run(
            ['ffprobe', '-v', 'error', '-show_entries', 'stream=codec_name',
             '-of', 'csv=p=0', self.path('all', 'index.m3u8')], check=True,
            stdout=subprocess.PIPE, timeout=PATIENCE).stdout.decode()
        self.assertEqual(set(re.findall(r'\w+', shown)),
                         {FFMPEG.get(codec, codec)
                          for codec in (video, *sounds)})

    def check_boxes(self, line, number):
        """mp4box.js tells less of the colours of VP9."""
        video, sound = [
            fmp4.mp4box_codecs(init(self.path('all', name, 'index.m3u8')))[0]
            for name in ('video_0', f'audio_{number}')]
        self.assertTrue(line.startswith(video), (line, video))
        self.assertTrue(line.endswith(f',{sound}'), (line, sound))


def add_case(name):
    def test(self):
        _, video, sounds = CASES[name]
        self.package(name)
        self.check([video, sounds[0]], 'one')
        self.check([video], 'all', 'video_0')
        for i, sound in enumerate(sounds):
            self.check([sound], 'all', f'audio_{i}')
        self.check_codecs(name)

    setattr(Matrix, f'test_{name.replace("-", "_")}', test)


for case in CASES:
    add_case(case)


class InBrowser(PageTest):
    """Of what Debian's Chromium has decoders for, on the page."""

    def play(self, video, sounds, *options):
        port = net.free_port()
        live = [['is-live=true' if word.startswith('num-buffers') else word
                 for word in source] for source in (VIDEO_IN, AUDIO_IN)]
        elements = sink('hls', self.path('cam'), 'segment-format=fmp4',
                        f'http-port={port}', *options)
        elements += encode(video, live[0], ['hls.video_0'])
        for i, sound in enumerate(sounds):
            elements += encode(sound, live[1], [f'hls.audio_{i}'])
        pipeline = self.launch(*elements, listening=False)
        folder = ['cam', 'video_0'] if len(sounds) > 1 else ['cam']
        self.wait_playlist(self.path(*folder, 'index.m3u8'),
                           lambda found: len(found.segments) >= 3)
        browser = self.watch(port)
        self.wait_played(browser, 2)
        self.tell(browser, f'{video} and {sounds[0]}')
        self.end(pipeline)

    def test_av1_and_opus(self):
        self.play('av1', ['opus'])

    def test_vp9_and_opus_in_parts(self):
        self.play('vp9', ['opus'], 'part-duration=200000000')

    def test_renditions(self):
        self.play('vp9', ['flac', 'opus'])


if __name__ == '__main__':
    unittest.main()
