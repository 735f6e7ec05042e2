# SPDX-License-Identifier: MIT
"""Reads what arclyrecordsink left: its index, and its files as one stream."""

import fractions
import json
import os

from . import media

INDEX = 'recordings.jsonl'
NANOSECOND = fractions.Fraction(1, 10**9)
TS_PACKET = 188


def read_index(folder):
    """The lines, as dictionaries; one that is cut off is left out, and only
    the last may be."""
    with open(os.path.join(folder, INDEX), encoding='utf-8') as file:
        lines = file.read().split('\n')
    return [json.loads(line) for line in lines[:-1] if line]


def files(folder):
    """What the index says of each file, with its absolute path."""
    found = [line for line in read_index(folder) if line['type'] == 'file']
    for line in found:
        line['path'] = os.path.join(folder, line['path'])
    return found


def of_type(folder, kind):
    return [line for line in read_index(folder) if line['type'] == kind]


def tracks(folder):
    """All files as one: tracks with the frames of each, in media time. MPEG-TS
    has its own time, which goes on from file to file."""
    whole = {}
    for file in files(folder):
        offset = (file['media'] * NANOSECOND if file['container'] == 'fmp4'
                  else 0)
        for track in media.tracks(file['path']):
            key = (track.kind, track.codec)
            if key not in whole:
                whole[key] = media.Track(track.kind, track.codec, [])
            whole[key].frames += [
                media.Frame(frame.pts + offset, frame.dts + offset,
                            frame.digest) for frame in track.frames]
    return list(whole.values())


def boxes(path):
    """(type, end) of each whole box at top level."""
    size, position = os.path.getsize(path), 0
    with open(path, 'rb') as file:
        while position + 8 <= size:
            file.seek(position)
            header = file.read(16)
            length = int.from_bytes(header[:4], 'big')
            if length == 1:
                length = int.from_bytes(header[8:], 'big')
            position += length
            if length < 8 or position > size:
                return
            yield header[4:8].decode('latin-1'), position


def box_types(path):
    return [kind for kind, _ in boxes(path)]


def whole_bytes(path):
    """Where the last fragment ends that is whole."""
    if path.endswith('.ts'):
        return os.path.getsize(path) // TS_PACKET * TS_PACKET
    return max((end for kind, end in boxes(path) if kind in ('moov', 'mdat')),
               default=0)
