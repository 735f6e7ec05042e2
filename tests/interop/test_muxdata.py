#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ID3 and SCTE-35 beside a picture: what ffmpeg and tsdemux find of them."""

import base64
import json
import re
import subprocess
import unittest

from harness import clips, gstsections
from harness.pipeline import LEAKS, PATIENCE, PipelineTest, leaked

TAG = (b'ID3\4\0\0\0\0\0\x12' b'TXXX\0\0\0\x08\0\0' b'\3a\0hello')
# SCTE 35, 14.1: time_signal.
SPLICE = base64.b64decode('/DA0AAAAAAAA///wBQb+cr0AUAAeAhxDVUVJSAAAjn/PAAGlmb'
                          'AICAAAAAAsoKGKNAIAmsnRfg==')
# What arclytsmux adds to all times.
BASE = 10 * 90000


def probe(path):
    """Streams and packets of a file."""
    done = subprocess.run(
        ['ffprobe', '-v', 'warning', '-of', 'json', '-show_data',
         '-show_streams', '-show_packets', path],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    # It has decoders for neither.
    said = re.sub(r'Unsupported codec with id \d+ .*\n', '', done.stderr)
    return json.loads(done.stdout), said


def dump_bytes(dump):
    """ffprobe's hex dump: offset, groups of two bytes, characters."""
    return b''.join(bytes.fromhex(line.split(':', 1)[1][:41].replace(' ', ''))
                    for line in dump.strip().splitlines())


class MuxData(PipelineTest):
    def mux(self, name, muxer):
        path = self.path(name)
        with open(self.path('tag'), 'wb') as file:
            file.write(TAG)
        with open(self.path('splice'), 'wb') as file:
            file.write(SPLICE)
        self.run_pipeline(
            'filesrc', f'location={clips.clip("zerolatency", 3, "plain.mp4")}',
            '!', 'qtdemux', 'name=d', 'd.video_0', '!', muxer, 'name=mux', '!',
            'filesink', f'location={path}', 'd.audio_0', '!', 'mux.',
            'filesrc', f'location={self.path("tag")}', '!', 'meta/x-id3', '!',
            'mux.data_0',
            'filesrc', f'location={self.path("splice")}', '!',
            'application/x-scte-35', '!', 'mux.data_1')
        return path

    def run_pipeline(self, *arguments):
        pipeline = self.launch(*arguments, env=LEAKS, listening=False)
        self.assertEqual(pipeline.wait(PATIENCE), 0, str(pipeline))
        self.assertEqual(leaked(pipeline.text), [])
        return pipeline

    def test_ts(self):
        path = self.mux('out.ts', 'arclytsmux')
        found, said = probe(path)
        self.assertEqual(said, '')
        names = {s['index']: s['codec_name'] for s in found['streams']}
        self.assertEqual(sorted(names.values()),
                         ['aac', 'h264', 'scte_35', 'timed_id3'])
        packets = {name: [dump_bytes(p['data']) for p in found['packets']
                          if names[p['stream_index']] == name]
                   for name in ('scte_35', 'timed_id3')}
        # It takes the first five bytes for the header of a metadata access
        # unit wrapper (2.12.4), which Apple's timed metadata has not.
        self.assertEqual(packets['timed_id3'], [TAG[5:]])
        self.assertEqual(len(packets['scte_35']), 1)
        section = packets['scte_35'][0]
        # pts_adjustment, and the rest as it was up to the CRC.
        self.assertEqual(int.from_bytes(section[5:9], 'big'), BASE)
        self.assertEqual(section[9:-4], SPLICE[9:-4])

    def test_tsdemux(self):
        """It knows sections; of ID3 it has no pad up to 1.22."""
        path = self.mux('out.ts', 'arclytsmux')
        self.assertEqual(gstsections.names(path).count('scte-sit'), 1)

    def test_fmp4(self):
        path = self.mux('out.mp4', 'arclyfmp4mux')
        found, said = probe(path)
        self.assertEqual(said, '')
        self.assertEqual([s['codec_name'] for s in found['streams']],
                         ['h264', 'aac'])
        with open(path, 'rb') as file:
            data = file.read()
        self.assertEqual(data.count(b'https://aomedia.org/emsg/ID3\0\0' + TAG),
                         1)
        self.assertEqual(data.count(b'urn:scte:scte35:2013:bin\0\0' + SPLICE),
                         1)


if __name__ == '__main__':
    unittest.main()
