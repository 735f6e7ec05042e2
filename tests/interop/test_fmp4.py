#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""arclyfmp4mux behind GStreamer's demuxer, before every reader that we have.

qtdemux feeds both pads from one thread; what comes out must be every frame at
its time, whichever codec and packaging goes in.
"""

import pathlib
import re
import shlex
import subprocess
import unittest

from harness import clips, compare, fmp4, media
from harness.browser import Browser
from harness.pipeline import LEAKS, PATIENCE, PipelineTest, leaked

DOCS = pathlib.Path(__file__).parents[2] / 'docs'
# Three of the six by default: enough for two fragments.
SECONDS = clips.SECONDS // 2
AVC = 'avc1.64001e'
AAC = 'mp4a.40.2'
CODECS = {
    'bframes': [AVC, AAC],
    'zerolatency': [AVC, AAC],
    'open-gop': [AVC, AAC],
    'ntsc': [AVC, AAC],
    'film': [AVC, AAC],
    'video-only': [AVC],
    'audio-only': [AAC],
    'late-audio': [AVC, AAC],
    'h265': ['hvc1.1.6.L63.90', AAC],
    'vp9': ['vp09.00.21.08', 'Opus'],
    'av1': ['av01.0.01M.08', 'Opus'],
    'ac3-only': ['ac-3'],
    'eac3-only': ['ec-3'],
    'flac': ['fLaC'],
}
SUFFIX = {'flac': 'mkv'}
DEMUX = {'mkv': 'matroskademux', 'flv': 'flvdemux'}
SOUND_ONLY = ('audio-only', 'ac3-only', 'eac3-only', 'flac')
# Debian's Chromium has no decoders for H.265 and AC-3; the others differ from
# these in what it does not show.
BROWSER = ['bframes', 'ntsc', 'open-gop', 'audio-only', 'vp9', 'av1', 'flac']
STREAM = {
    'zerolatency': ['h264parse', '!', 'video/x-h264,stream-format=byte-stream,'
                'alignment=au', '!'],
    'h265': ['h265parse', '!', 'video/x-h265,stream-format=byte-stream,'
             'alignment=au', '!'],
}
# aacparse makes a hole behind the first frame where the sound begins earlier
# than the picture: not with zerolatency.
ADTS = ['aacparse', '!', 'audio/mpeg,stream-format=adts', '!']


def clip(name):
    return clips.clip(name, SECONDS, SUFFIX.get(name, 'plain.mp4'))


class Muxing(PipelineTest):
    def run_pipeline(self, *arguments):
        pipeline = self.launch(*arguments, env=LEAKS, listening=False)
        self.assertEqual(pipeline.wait(PATIENCE), 0, str(pipeline))
        # qtdemux leaks the caps of Opus, also with a fakesink behind.
        self.assertEqual([line for line in leaked(pipeline.text)
                          if 'description=(string)audio/x-opus,' not in line],
                         [])

    def mux(self, name, source, result, options=(), video=(), audio=()):
        demux = DEMUX.get(source.rsplit('.', 1)[1], 'qtdemux')
        pad = 'd.video' if demux == 'flvdemux' else 'd.video_0'
        links = []
        if name not in SOUND_ONLY:
            links += [pad, '!', *video, 'mux.']
        if name != 'video-only':
            links += [pad.replace('video', 'audio'), '!', *audio, 'mux.']
        path = self.path(result)
        self.run_pipeline('filesrc', f'location={source}', '!', demux,
                          'name=d', 'arclyfmp4mux', 'name=mux', *options, '!',
                          'filesink', f'location={path}', *links)
        return path

    def check(self, source, path, *options):
        self.assertEqual(fmp4.check(path, *options), [])
        self.assertEqual(media.warnings(path), '')
        self.assertEqual(compare.compare_files(source, path), [])


class Clips(Muxing):
    def test_every_clip(self):
        for name, codecs in CODECS.items():
            with self.subTest(name):
                source = clip(name)
                path = self.mux(name, source, f'{name}.mp4')
                self.check(source, path)
                self.assertEqual(fmp4.mp4box_codecs(path), codecs)
                self.assertEqual(
                    fmp4.mediainfo_codecs(path),
                    [codec.replace('.', '-') if codec == AAC
                     else codec.split('.')[0] for codec in codecs])
                # GStreamer's demuxer reads what we wrote, and all of it.
                self.check(source, self.mux(name, path, 'again.mp4'))


class Packaging(Muxing):
    def test_byte_stream_and_adts(self):
        for name, video in STREAM.items():
            with self.subTest(name):
                source = clip(name)
                self.check(source, self.mux(name, source, 'out.mp4',
                                            video=video,
                                            audio=ADTS if name != 'h265'
                                            else ()))

    def test_milliseconds(self):
        """What RTMP gives: times of milliseconds, sound a second late."""
        for name in ('zerolatency', 'late-audio'):
            with self.subTest(name):
                source = clips.clip(name, SECONDS, 'flv')
                self.check(source, self.mux(name, source, 'out.mp4'))

    def test_chunks(self):
        source = clip('bframes')
        path = self.mux('bframes', source, 'out.mp4',
                        ['chunk-duration=200000000', 'styp=true', 'prft=true'])
        self.check(source, path, '--chunks')
        self.assertEqual(fmp4.mp4box_codecs(path), [AVC, AAC])

    def test_index(self):
        source = clip('bframes')
        self.check(source, self.mux('bframes', source, 'out.mp4',
                                    ['sidx=true']))

    def test_example(self):
        """The pipeline in the docs, as it stands, makes ten seconds."""
        text = (DOCS / 'fmp4mux.md').read_text()
        block = re.search(r'^    gst-launch-1\.0 .*(?:\n    .*)*', text, re.M)
        command = shlex.split(block.group().replace('\\\n', ' '))
        path = self.path('test.mp4')
        self.assertIn('location=test.mp4', command)
        self.run_pipeline(*[f'location={path}' if word == 'location=test.mp4'
                            else word for word in command[1:]])
        self.assertEqual(fmp4.check(path), [])
        self.assertEqual(media.warnings(path), '')
        self.assertEqual(media.decode(path), '')
        picture, sound = media.tracks(path)
        self.assertEqual(len(picture.frames), 300)
        self.assertGreaterEqual(len(sound.frames), 430)


class InBrowser(Muxing):
    def test_browser(self):
        folder = self.path('www')
        server = fmp4.Server(self.folder)
        self.addCleanup(server.close)
        browser = Browser(folder)
        self.addCleanup(browser.close)
        for name in BROWSER:
            with self.subTest(name):
                source = clip(name)
                self.mux(name, source, f'{name}.mp4',
                         ['chunk-duration=500000000'])
                browser.open(server.url(f'{name}.mp4', [c.lower() if c in ('Opus', 'fLaC') else c
                                         for c in CODECS[name]]))
                browser.wait_true('window.state == "ended" || '
                                  '/^failed/.test(window.state)', 60)
                self.assertEqual(browser.evaluate('window.state'), 'ended')
                self.assertEqual(
                    len(browser.evaluate('window.ranges')), 1)
                if name not in SOUND_ONLY:
                    shown = browser.evaluate(
                        'video.getVideoPlaybackQuality().totalVideoFrames')
                    frames = len(media.tracks(source)[0].frames)
                    self.assertGreater(shown, frames // 2)


class Checker(PipelineTest):
    """The checker tells good from bad: of other muxers, what is known."""

    def ffmpeg(self, flags):
        path = self.path('ffmpeg.mp4')
        media.run(['ffmpeg', '-v', 'error', '-nostdin', '-y', '-i',
                   clip('zerolatency'), '-c', 'copy',
                   '-movflags', flags, path])
        return fmp4.check(path)

    def test_ffmpeg(self):
        self.assertEqual(
            self.ffmpeg('cmaf+frag_keyframe+empty_moov'),
            ['next_track_ID is 2, with a track 2'])
        self.assertIn('tfhd lacks default-base-is-moof',
                      self.ffmpeg('frag_keyframe+empty_moov'))
        self.assertIn('moov lacks mvex', self.ffmpeg('faststart'))

    def test_gstreamer(self):
        path = self.path('gstreamer.mp4')
        done = subprocess.run(
            ['gst-launch-1.0', '-q', 'videotestsrc', 'num-buffers=90', '!',
             'x264enc', 'key-int-max=30', '!', 'h264parse', '!', 'mp4mux',
             'fragment-duration=1000', '!', 'filesink', f'location={path}'],
            stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertIn('tfhd lacks default-base-is-moof', fmp4.check(path))


if __name__ == '__main__':
    unittest.main()
