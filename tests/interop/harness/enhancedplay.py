# SPDX-License-Identifier: MIT
"""A player of enhanced RTMP, written from the specification.

As enhanced.py it shares no code with the server under test. It keeps the
codecs' bytes of each track as they came, and whatever it was told.
"""

import dataclasses
import struct
import threading

from . import enhanced

EVERYTHING = ('*',)
MULTITRACK = 2
NANOSECONDS = 4 | 8
NAMES = {fourcc: codec for codec, fourcc in enhanced.FOURCC.items()}
LEGACY = {('video', 7): 'h264', ('audio', 10): 'aac', ('audio', 2): 'mp3'}


@dataclasses.dataclass
class Played:
    """One track; each frame is (dts, composition time, key, bytes).

    @nanoseconds: of each frame that came in the form of enhanced RTMP.
    """
    codec: str = ''
    headers: list = dataclasses.field(default_factory=list)
    colors: list = dataclasses.field(default_factory=list)
    frames: list = dataclasses.field(default_factory=list)
    nanoseconds: list = dataclasses.field(default_factory=list)


def read_amf(data, pos=0):
    """A value, and where the next one begins."""
    kind = data[pos]
    pos += 1
    if kind == 0:
        return struct.unpack_from('>d', data, pos)[0], pos + 8
    if kind == 1:
        return bool(data[pos]), pos + 1
    if kind == 2:
        size = struct.unpack_from('>H', data, pos)[0]
        return data[pos + 2:pos + 2 + size].decode(), pos + 2 + size
    if kind in (3, 8):
        pos += 4 if kind == 8 else 0
        members = {}
        while data[pos:pos + 3] != b'\0\0\x09':
            size = struct.unpack_from('>H', data, pos)[0]
            name = data[pos + 2:pos + 2 + size].decode()
            members[name], pos = read_amf(data, pos + 2 + size)
        return members, pos + 3
    if kind == 10:
        count = struct.unpack_from('>I', data, pos)[0]
        pos += 4
        values = []
        for _ in range(count):
            value, pos = read_amf(data, pos)
            values.append(value)
        return values, pos
    return None, pos


def read_all_amf(data):
    values, pos = [], 0
    while pos < len(data):
        value, pos = read_amf(data, pos)
        values.append(value)
    return values


class Player(enhanced.Connection):
    """Plays in a thread of its own until the server ends the connection.

    @fourccs None: a client of RTMP as it was.
    """

    def __init__(self, port, app, name, fourccs=EVERYTHING, caps_ex=MULTITRACK):
        more = {} if fourccs is None else {'fourCcList': list(fourccs),
                                           'capsEx': caps_ex}
        super().__init__(port, app, more)
        self.tracks = {}  # by (kind, number)
        self.told = []  # (level, code, description)
        self.data = []  # (timestamp, values)
        self.in_size = 128
        self.partial = {}  # of chunk streams: [timestamp, size, type, bytes]
        self.command(1, 'play', 0, None, name)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def wait(self, timeout):
        self.thread.join(timeout)
        if self.thread.is_alive():
            raise TimeoutError('the player was not told the end')
        self.socket.close()

    def run(self):
        try:
            while True:
                self.read_chunk()
        except ConnectionError:
            pass

    # RTMP 1.0, 5.3.1.
    def read_chunk(self):
        first = self.read(1)[0]
        stream = first & 0x3f
        if stream == 0:
            stream = 64 + self.read(1)[0]
        state = self.partial.setdefault(stream, [0, 0, 0, b''])
        form = first >> 6
        field = 0
        if form < 3:
            field = int.from_bytes(self.read(3), 'big')
        if form < 2:
            state[1] = int.from_bytes(self.read(3), 'big')
            state[2] = self.read(1)[0]
        if form == 0:
            self.read(4)
        if field == 0xffffff:
            field = int.from_bytes(self.read(4), 'big')
        if not state[3]:
            state[0] = field if form == 0 else state[0] + field
        state[3] += self.read(min(self.in_size, state[1] - len(state[3])))
        if len(state[3]) == state[1]:
            body, state[3] = state[3], b''
            self.take(state[2], state[0], body)

    def take(self, kind, timestamp, body):
        if kind == 1:
            self.in_size = int.from_bytes(body, 'big')
        elif kind == enhanced.MESSAGE_COMMAND:
            values = read_all_amf(body)
            if values[0] == 'onStatus':
                self.told.append(tuple(values[3][name] for name in (
                    'level', 'code', 'description')))
        elif kind == enhanced.MESSAGE_DATA:
            self.data.append((timestamp, read_all_amf(body)))
        elif kind == enhanced.MESSAGE_VIDEO:
            self.take_video(timestamp, body)
        elif kind == enhanced.MESSAGE_AUDIO:
            self.take_audio(timestamp, body)

    def track(self, kind, number, codec):
        track = self.tracks.setdefault((kind, number), Played())
        track.codec = codec
        return track

    def take_video(self, timestamp, body):
        key = body[0] >> 4 & 7 == 1
        if body[0] & 0x80:
            self.take_enhanced('video', timestamp, key, body,
                               enhanced.VIDEO_MULTITRACK)
            return
        track = self.track('video', 0, LEGACY['video', body[0] & 15])
        composition = int.from_bytes(body[2:5], 'big', signed=True)
        if body[1] == 0:
            track.headers.append(body[5:])
        else:
            track.frames.append((timestamp, composition, key, body[5:]))

    def take_audio(self, timestamp, body):
        if body[0] >> 4 == 9:
            self.take_enhanced('audio', timestamp, True, body,
                               enhanced.AUDIO_MULTITRACK)
            return
        track = self.track('audio', 0, LEGACY['audio', body[0] >> 4])
        if track.codec == 'aac' and body[1] == 0:
            track.headers.append(body[2:])
        else:
            track.frames.append((timestamp, 0, True,
                                 body[2 if track.codec == 'aac' else 1:]))

    def take_enhanced(self, kind, timestamp, key, body, multitrack):
        packet, pos, number, nanoseconds = body[0] & 15, 1, 0, 0
        if packet == enhanced.MOD_EX:
            if body[1] != 2 or body[5] >> 4 != 0:
                raise ValueError('a modifier that nobody knows')
            nanoseconds = int.from_bytes(body[2:5], 'big')
            packet, pos = body[5] & 15, 6
        one_track = packet == multitrack
        if one_track:
            if body[pos] >> 4 != 0:
                raise ValueError('more than one track in a message')
            packet, pos = body[pos] & 15, pos + 1
        codec = NAMES[body[pos:pos + 4]]
        pos += 4
        if one_track:
            number, pos = body[pos], pos + 1
        track = self.track(kind, number, codec)
        if packet == enhanced.SEQUENCE_START:
            track.headers.append(body[pos:])
        elif packet == enhanced.METADATA:
            track.colors.append(read_all_amf(body[pos:]))
        elif packet == enhanced.CODED_FRAMES and codec in enhanced.REORDERED:
            composition = int.from_bytes(body[pos:pos + 3], 'big', signed=True)
            track.frames.append((timestamp, composition, key, body[pos + 3:]))
        elif packet in (enhanced.CODED_FRAMES, enhanced.CODED_FRAMES_X):
            track.frames.append((timestamp, 0, key, body[pos:]))
        else:
            raise ValueError(f'packet type {packet} of {codec}')
        if packet in (enhanced.CODED_FRAMES, enhanced.CODED_FRAMES_X):
            track.nanoseconds.append(nanoseconds)
