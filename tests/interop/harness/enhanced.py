# SPDX-License-Identifier: MIT
"""A publisher of enhanced RTMP, written from the specification.

The ffmpeg of Debian 12 cannot send it. This one shares no code with the server
under test: ffprobe reads the packets of a clip, and each goes out as one
message ("Enhanced RTMP v2", veovera, "Enhanced Audio" and "Enhanced Video").
"""

import binascii
import json
import socket
import struct

from . import media

FOURCC = {'h264': b'avc1', 'hevc': b'hvc1', 'av1': b'av01', 'vp9': b'vp09',
          'vp8': b'vp08', 'aac': b'mp4a', 'opus': b'Opus', 'flac': b'fLaC',
          'ac3': b'ac-3', 'eac3': b'ec-3', 'mp3': b'.mp3'}
REORDERED = ('h264', 'hevc')
SEQUENCE_START, CODED_FRAMES, SEQUENCE_END, CODED_FRAMES_X, METADATA = range(5)
VIDEO_MULTITRACK, AUDIO_MULTITRACK, MOD_EX = 6, 5, 7
MESSAGE_AUDIO, MESSAGE_VIDEO, MESSAGE_DATA, MESSAGE_COMMAND = 8, 9, 18, 20


def undump(text):
    """The bytes of a hexdump as ffprobe prints them."""
    data = b''
    for line in text.strip().splitlines():
        digits = line.split(': ', 1)[1][:40]
        data += binascii.unhexlify(digits.replace(' ', ''))
    return data


def amf(value):
    if isinstance(value, bool):
        return bytes([1, value])
    if isinstance(value, (int, float)):
        return b'\0' + struct.pack('>d', value)
    if isinstance(value, str):
        return b'\2' + struct.pack('>H', len(value)) + value.encode()
    if isinstance(value, list):
        return (b'\x0a' + struct.pack('>I', len(value))
                + b''.join(amf(v) for v in value))
    if value is None:
        return b'\5'
    pairs = b''.join(struct.pack('>H', len(k)) + k.encode() + amf(v)
                     for k, v in value.items())
    return b'\3' + pairs + b'\0\0\x09'


def probe(path):
    """Streams of @path, and all of their packets in the order of the file."""
    done = media.run(['ffprobe', '-v', 'error', *media.PROBE, '-show_streams',
                      '-show_packets', '-show_data', '-of', 'json', path])
    found = json.loads(done.stdout)
    return found['streams'], found['packets']


def sequence_header(stream):
    codec = stream['codec_name']
    data = undump(stream['extradata']) if 'extradata' in stream else b''
    if codec == 'flac':
        return b'fLaC' + bytes([0x80, 0, 0, len(data)]) + data
    if codec in ('ac3', 'eac3', 'mp3', 'vp8', 'vp9'):
        return b''
    return data


def nanoseconds(index):
    """Of the frame of that number, with ModEx."""
    return index * 7919 % 1000000


class Track:
    """One stream of a clip; @track_id None: messages without multitrack."""

    def __init__(self, stream, track_id, mod_ex):
        self.codec = stream['codec_name']
        self.video = stream['codec_type'] == 'video'
        self.track_id = track_id
        self.mod_ex = mod_ex
        self.header = sequence_header(stream)
        self.frames = 0

    def body(self, packet_type, key, payload, composition=0, nanoseconds=0):
        first = (0x80 | (1 if key else 2) << 4) if self.video else 0x90
        head = b''
        if self.track_id is None:
            inner = packet_type
        else:
            inner = VIDEO_MULTITRACK if self.video else AUDIO_MULTITRACK
            head = bytes([packet_type])  # OneTrack
        if self.mod_ex:
            # Nanoseconds, and a modifier that nobody knows.
            head = (bytes([first | MOD_EX, 2])
                    + struct.pack('>I', nanoseconds)[1:]
                    + bytes([MOD_EX, 0, 0xff, 0xf0 | inner]) + head)
        else:
            head = bytes([first | inner]) + head
        head += FOURCC[self.codec]
        if self.track_id is not None:
            head += bytes([self.track_id])
        if packet_type == CODED_FRAMES and self.codec in REORDERED:
            head += struct.pack('>i', composition)[1:]
        return head + payload

    def frame(self, packet, dts, pts):
        key = 'K' in packet['flags']
        payload = undump(packet['data'])
        kind = CODED_FRAMES
        if self.codec in REORDERED and pts == dts:
            kind = CODED_FRAMES_X
        self.frames += 1
        return self.body(kind, key, payload, pts - dts,
                         nanoseconds(self.frames - 1))


class Connection:
    """Blocking, and trusting: the server under test is what may be wrong.

    @more: members of connect's object.
    """

    CHUNK = 4096

    def __init__(self, port, app, more):
        self.socket = socket.create_connection(('127.0.0.1', port), timeout=40)
        self.chunk_size = 128
        self.socket.sendall(b'\3' + bytes(1536))
        answer = self.read(1 + 2 * 1536)
        self.socket.sendall(answer[1:1537])
        self.send(2, 1, 0, 0, struct.pack('>I', self.CHUNK))
        self.chunk_size = self.CHUNK
        self.command(0, 'connect', 1,
                     {'app': app, 'tcUrl': f'rtmp://127.0.0.1:{port}/{app}',
                      **more})
        self.command(0, 'createStream', 2, None)

    def read(self, size):
        data = b''
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise ConnectionError('closed by the server')
            data += more
        return data

    def send(self, chunk_stream, kind, stream_id, timestamp, body):
        extended = timestamp >= 0xffffff
        field = 0xffffff if extended else timestamp
        tail = struct.pack('>I', timestamp) if extended else b''
        out = (bytes([chunk_stream]) + struct.pack('>I', field)[1:]
               + struct.pack('>I', len(body))[1:] + bytes([kind])
               + struct.pack('<I', stream_id) + tail)
        for start in range(0, max(len(body), 1), self.chunk_size):
            if start > 0:
                out += bytes([0xc0 | chunk_stream]) + tail
            out += body[start:start + self.chunk_size]
        self.socket.sendall(out)

    def command(self, stream_id, *values):
        self.send(3, MESSAGE_COMMAND, stream_id, 0,
                  b''.join(amf(v) for v in values))


class Publisher(Connection):
    def __init__(self, port, app, name, announce=True):
        super().__init__(port, app, {
            'fourCcList': ['hvc1', 'av01', 'vp09', 'Opus'],
            'videoFourCcInfoMap': {'*': 4},
            'audioFourCcInfoMap': {'*': 4}, 'capsEx': 14} if announce else {})
        self.command(1, 'publish', 0, None, name, 'live')

    def metadata(self, values):
        self.send(4, MESSAGE_DATA, 1, 0, amf('@setDataFrame')
                  + amf('onMetaData') + amf(values))

    def media(self, track, timestamp, body):
        self.send(6 if track.video else 5,
                  MESSAGE_VIDEO if track.video else MESSAGE_AUDIO, 1,
                  timestamp, body)

    def close(self):
        """Waits for the server to have read all: it closes after us."""
        self.socket.shutdown(socket.SHUT_WR)
        while self.socket.recv(65536):
            pass
        self.socket.close()


def milliseconds(packet, name):
    value = packet.get(name, packet.get('pts_time', packet.get('dts_time')))
    return round(float(value) * 1000)


# HDR10, as the specification has it.
COLOR = {'colorConfig': {'bitDepth': 10, 'colorPrimaries': 9,
                         'transferCharacteristics': 16,
                         'matrixCoefficients': 9},
         'hdrCll': {'maxFall': 400, 'maxCLL': 1000}}
SCENE = {'id': 7, 'tags': ['a', {'b': True}, None], 'nothing': {}}
CUE = ['onCuePoint', {'name': 'break', 'time': 1.5, 'parameters': [1, 'two']}]


def publish(path, port, app, name, multitrack=False, mod_ex=False, color=None):
    """Publishes @path; with @multitrack streams of a kind are numbered.

    @color: of all videos, from their headers on. CUE comes in the middle.
    """
    streams, packets = probe(path)
    counts = {'video': 0, 'audio': 0}
    tracks = []
    for stream in streams:
        kind = stream['codec_type']
        tracks.append(Track(stream, counts[kind] if multitrack else None,
                            mod_ex))
        counts[kind] += 1

    publisher = Publisher(port, app, name)
    values = {'encoder': 'from the specification', 'note': 'of ours',
              'level': 4.5, 'live': True, 'scene': SCENE, 'list': [1, 'x']}
    for stream, track in zip(streams, tracks):
        code = struct.unpack('>I', FOURCC[track.codec])[0]
        if track.track_id:
            key = f'{stream["codec_type"]}TrackIdInfoMap'
            own = {'videocodecid' if track.video else 'audiocodecid': code}
            if track.video:
                own.update(width=stream['width'], height=stream['height'])
            values.setdefault(key, {})[str(track.track_id)] = own
        elif track.video:
            # One as a number, the other as text: both are seen.
            values.update(videocodecid=code, width=stream['width'],
                          height=stream['height'], framerate=30)
        else:
            values['audiocodecid'] = FOURCC[track.codec].decode()
    publisher.metadata(values)

    base = min(milliseconds(p, 'dts_time') for p in packets)
    for track in tracks:
        if track.header:
            publisher.media(track, 0, track.body(SEQUENCE_START, True,
                                                 track.header))
        if track.video and color:
            publisher.media(track, 0, track.body(
                METADATA, True, amf('colorInfo') + amf(color)))
    for index, packet in enumerate(packets):
        if index == len(packets) // 2:
            publisher.send(4, MESSAGE_DATA, 1, 0,
                           b''.join(amf(value) for value in CUE))
        track = tracks[packet['stream_index']]
        dts = milliseconds(packet, 'dts_time')
        pts = milliseconds(packet, 'pts_time')
        publisher.media(track, dts - base, track.frame(packet, dts, pts))
    for track in tracks:
        publisher.media(track, 0, track.body(SEQUENCE_END, True, b''))
    publisher.close()
