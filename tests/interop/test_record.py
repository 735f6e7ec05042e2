#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""arclyrecordsink behind GStreamer's demuxer: over all files of a recording
each frame is there once, at its time; and what a process leaves that was
killed plays."""

import os
import pathlib
import random
import re
import shlex
import shutil
import subprocess
import time
import unittest

from harness import clips, compare, fmp4, media, recordings
from harness.pipeline import LEAKS, PATIENCE, PipelineTest, leaked
from harness.process import wait_until

DOCS = pathlib.Path(__file__).parents[2] / 'docs'
FMP4_CLIPS = ['bframes', 'open-gop', 'ntsc', 'audio-only', 'vp9']
TS_CLIPS = ['bframes', 'h265']
FINAL_CLIPS = ['bframes', 'h265', 'audio-only', 'late-audio']
# ffprobe says what is so: sound goes on when all pictures are shown, in a file
# of its own; pictures in front of an open GOP's first one lean on what is not
# there.
NOT_WHOLE = ['late-audio', 'h265']
KILLS = 20
BATCH = 5
SEED = 20251125


class RecordTest(PipelineTest):
    def record(self, name, folder, *options, container='fmp4'):
        source = clips.clip(name, suffix='plain.mp4')
        links = []
        if name != 'audio-only':
            links += ['d.video_0', '!', 'rec.']
        links += ['d.audio_0', '!', 'rec.']
        pipeline = self.launch(
            'filesrc', f'location={source}', '!', 'qtdemux', 'name=d',
            'arclyrecordsink', 'name=rec', f'container={container}',
            f'location={self.path(folder)}/%Y/{{number}}',
            'max-size-time=2000000000', *options, *links,
            env=LEAKS, listening=False)
        self.assertEqual(pipeline.wait(PATIENCE), 0, str(pipeline))
        # qtdemux leaks the caps of Opus, also with a fakesink behind.
        self.assertEqual([line for line in leaked(pipeline.text)
                          if 'description=(string)audio/x-opus,' not in line],
                         [])
        return source, self.path(folder)

    def check_file(self, path, container):
        if container == 'ts':
            done = subprocess.run([os.environ['ARCLY_TSCHECK'], path],
                                  stdin=subprocess.DEVNULL, check=False,
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout)
        elif container == 'fmp4':
            self.assertEqual(fmp4.check(path), [])

    def check(self, source, folder, container, silent=True):
        found = recordings.files(folder)
        self.assertGreaterEqual(len(found), 3)
        tracks = media.tracks(source)
        for file in found:
            self.check_file(file['path'], container)
            if silent:
                self.assertEqual(media.warnings(file['path']), '')
                if any(track.kind == 'video' for track in tracks):
                    self.assertTrue(media.first_is_keyframe(file['path']))
        self.assertEqual(
            compare.compare_tracks(tracks, recordings.tracks(folder)), [])
        self.assertEqual(recordings.of_type(folder, 'gap'), [])
        closed = recordings.of_type(folder, 'closed')
        self.assertEqual([line['reason'] for line in closed],
                         ['time'] * (len(found) - 1) + ['eos'])


class Recording(RecordTest):
    def test_fmp4(self):
        for name in FMP4_CLIPS:
            with self.subTest(name):
                self.check(*self.record(name, f'fmp4-{name}'), 'fmp4')

    def test_ts(self):
        for name in TS_CLIPS:
            with self.subTest(name):
                self.check(*self.record(name, f'ts-{name}', container='ts'),
                           'ts')

    def test_example(self):
        """The pipeline in the docs, as it stands but for its folder."""
        text = (DOCS / 'record.md').read_text()
        block = re.search(r'^    gst-launch-1\.0 .*(?:\n    .*)*', text, re.M)
        self.assertIn('/tmp/rec/', block.group())
        command = shlex.split(block.group().replace('\\\n', ' ').replace(
            '/tmp/rec/', self.path('rec') + '/'))
        pipeline = self.launch(*command[2:], env=LEAKS, listening=False)
        self.assertEqual(pipeline.wait(PATIENCE), 0, str(pipeline))
        found = recordings.files(self.path('rec'))
        self.assertEqual(len(found), 3)
        for file in found:
            self.check_file(file['path'], 'fmp4')
        self.assertEqual(
            [len(t.frames) for t in recordings.tracks(self.path('rec'))],
            [300])


class Finalizing(RecordTest):
    def test_finalize(self):
        """Progressive files have the frames and times of fragmented ones."""
        for name in FINAL_CLIPS:
            with self.subTest(name):
                source, folder = self.record(name, f'final-{name}',
                                             'finalize=true')
                self.check(source, folder, 'progressive',
                           name not in NOT_WHOLE)
                found = recordings.files(folder)
                self.assertEqual(
                    len(recordings.of_type(folder, 'finalized')), len(found))
                path = found[0]['path']
                self.assertEqual(recordings.box_types(path),
                                 ['ftyp', 'free', 'moov', 'mdat'])
                self.assertEqual(len(fmp4.mp4box_codecs(path)),
                                 1 if name == 'audio-only' else 2)
                if name == 'bframes':
                    self.again(path)

    def again(self, path):
        """GStreamer's demuxer reads the frames and times that ffmpeg does."""
        out = self.path('again.mkv')
        pipeline = self.launch(
            'filesrc', f'location={path}', '!', 'qtdemux', 'name=d',
            'matroskamux', 'name=mux', '!', 'filesink', f'location={out}',
            'd.video_0', '!', 'queue', '!', 'mux.video_0',
            'd.audio_0', '!', 'queue', '!', 'mux.audio_0', listening=False)
        self.assertEqual(pipeline.wait(PATIENCE), 0, str(pipeline))
        for want, have in zip(media.tracks(path), media.tracks(out)):
            self.assertEqual([frame.digest for frame in want.frames],
                             [frame.digest for frame in have.frames])


class Killed(PipelineTest):
    """kill -9 at random moments: what is whole plays as it is."""

    def start(self, index):
        container = ('fmp4', 'ts')[index % 2]
        folder = self.path(f'killed-{index}')
        process = self.launch(
            'videotestsrc', 'is-live=true', '!',
            'video/x-raw,format=I420,width=160,height=120,framerate=30/1', '!',
            'x264enc', 'tune=zerolatency', 'speed-preset=ultrafast',
            'key-int-max=5', '!', 'arclyrecordsink', 'name=rec',
            f'container={container}', f'location={folder}/{{number}}',
            'fragment-duration=150000000', 'max-size-time=1000000000',
            'audiotestsrc', 'is-live=true', '!', 'avenc_aac', '!', 'rec.',
            listening=False)
        return process, folder

    def kill(self, batch, moments):
        running = [self.start(index) for index in batch]
        for process, folder in running:
            index = pathlib.Path(folder, recordings.INDEX)
            wait_until(lambda path=index: path.exists()
                       and b'"fragment"' in path.read_bytes(),
                       PATIENCE, f'a fragment of {process}')
        for process, _ in running:
            time.sleep(moments.random() / len(batch))
            process.kill()
        for _, folder in running:
            with self.subTest(folder):
                self.check_folder(folder)

    def decode(self, path, level):
        """How many pictures decode, and what is complained of. Sound may have
        none in so short a file, which ffmpeg would not map."""
        done = media.run(['ffmpeg', '-v', level, '-nostdin', '-i', path,
                          '-map', '0:v', '-f', 'framehash', '-'])
        pictures = [line for line in done.stdout.splitlines()
                    if not line.startswith('#')]
        return len(pictures), done.stderr

    def check_file(self, path):
        whole = recordings.whole_bytes(path)
        cut = self.path('whole.' + path.rsplit('.', 1)[1])
        shutil.copyfile(path, cut)
        os.truncate(cut, whole)
        # What is whole has no fault; and the file as it is, whatever it ends
        # with, plays that far.
        want, complaints = self.decode(cut, 'error')
        self.assertEqual(complaints, '', path)
        self.assertGreater(want, 0, path)
        if path.endswith('.mp4'):
            self.assertEqual(fmp4.check(cut), [])
        have, _ = self.decode(path, 'quiet')
        self.assertGreaterEqual(have, want, path)

    def check_folder(self, folder):
        lines = recordings.read_index(folder)
        listed = {os.path.join(folder, line['path']): line['file']
                  for line in lines if line['type'] == 'file'}
        there = sorted(os.path.join(folder, name)
                       for name in os.listdir(folder)
                       if name != recordings.INDEX)
        # One that was just made has no line yet, and may have nothing else.
        for path in there:
            if path in listed or recordings.whole_bytes(path) > 0:
                self.check_file(path)
            else:
                self.assertEqual(path, there[-1])
        for path, number in listed.items():
            size = max(line['offset'] + line['size'] for line in lines
                       if line['type'] == 'fragment'
                       and line['file'] == number)
            self.assertGreaterEqual(recordings.whole_bytes(path), size)

    def test_kill(self):
        moments = random.Random(SEED)
        for first in range(0, KILLS, BATCH):
            self.kill(range(first, first + BATCH), moments)


if __name__ == '__main__':
    unittest.main()
