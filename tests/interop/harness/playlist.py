# SPDX-License-Identifier: MIT
"""Reads a media playlist (RFC 8216) and checks the rules a file can show."""

import dataclasses
import os


@dataclasses.dataclass
class Segment:
    path: str
    duration: float
    discontinuity: bool = False
    date_time: str = ''


@dataclasses.dataclass
class Playlist:
    path: str
    tags: dict
    segments: list

    @property
    def ended(self):
        return '#EXT-X-ENDLIST' in self.tags

    @property
    def target_duration(self):
        return int(self.tags['#EXT-X-TARGETDURATION'])

    def groups(self):
        """Segments in order, a new list at each discontinuity."""
        result = [[]]
        for segment in self.segments:
            if segment.discontinuity and result[-1]:
                result.append([])
            result[-1].append(segment)
        return result


def read(path):
    with open(path, encoding='utf-8') as file:
        return parse(path, file.read())


def parse(path, text):
    folder = os.path.dirname(path)
    tags, segments = {}, []
    duration, discontinuity, date_time = None, False, ''
    for line in text.splitlines():
        tag, _, value = line.partition(':')
        if tag == '#EXTINF':
            duration = float(value.split(',')[0])
        elif tag == '#EXT-X-DISCONTINUITY':
            discontinuity = True
        elif tag == '#EXT-X-PROGRAM-DATE-TIME':
            date_time = value
        elif tag.startswith('#'):
            tags[tag] = value
        elif line:
            segments.append(Segment(os.path.join(folder, line), duration,
                                    discontinuity, date_time))
            duration, discontinuity, date_time = None, False, ''
    return Playlist(path, tags, segments)


def lint(playlist):
    """Complaints about @playlist, an empty list if there are none."""
    wrong = []
    for tag in ('#EXTM3U', '#EXT-X-VERSION', '#EXT-X-TARGETDURATION'):
        if tag not in playlist.tags:
            wrong.append(f'{tag} is missing')
    if wrong:
        return wrong
    if not playlist.segments:
        return ['no segments']

    names = [segment.path for segment in playlist.segments]
    if len(set(names)) != len(names):
        wrong.append('a segment is listed twice')
    for segment in playlist.segments:
        name = os.path.basename(segment.path)
        if segment.duration is None:
            wrong.append(f'{name}: no EXTINF')
        # RFC 8216, 4.3.3.1: rounded to the nearest integer, at most.
        elif int(segment.duration + 0.5) > playlist.target_duration:
            wrong.append(f'{name}: {segment.duration} s is more than the '
                         f'target duration {playlist.target_duration} s')
        if not os.path.exists(segment.path):
            wrong.append(f'{name}: no such file')
    return wrong


def concatenate(segments, path, init=None):
    """Writes the bytes of @segments one after the other to @path."""
    with open(path, 'wb') as out:
        for name in ([init] if init else []) + [s.path for s in segments]:
            with open(name, 'rb') as file:
                out.write(file.read())
    return path
