# SPDX-License-Identifier: MIT
"""Reads what is in a media file, packet by packet, with ffmpeg.

Payloads are normalised before they are hashed, so that a clip in MP4 and the
same frames in MPEG-TS have the same hashes: H.264 and H.265 as byte-stream
without parameter sets and AUD (which each container puts elsewhere), AAC
without ADTS headers, AV1 without temporal delimiters.
"""

import dataclasses
import fractions
import json
import subprocess

# The whole of a small file may pass before a late track shows up.
PROBE = ['-probesize', '200M', '-analyzeduration', '100M']


@dataclasses.dataclass(frozen=True)
class Frame:
    pts: fractions.Fraction
    dts: fractions.Fraction
    digest: str


@dataclasses.dataclass
class Track:
    kind: str
    codec: str
    frames: list


class MediaError(Exception):
    pass


def run(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise MediaError(f'{" ".join(command)}: {done.stderr.strip()}')
    return done


def streams(path):
    done = run(['ffprobe', '-v', 'error', *PROBE, '-show_streams', '-of',
                'json', path])
    return [s for s in json.loads(done.stdout)['streams']
            if s['codec_type'] in ('video', 'audio')]


def bitstream_filters(found):
    filters = []
    for i, stream in enumerate(found):
        if stream['codec_name'] == 'h264':
            filters += [f'-bsf:{i}',
                        'h264_mp4toannexb,filter_units=remove_types=7-9']
        elif stream['codec_name'] == 'hevc':
            # hvcC may have SEI, too.
            filters += [f'-bsf:{i}',
                        'hevc_mp4toannexb,filter_units=remove_types=32-35|39']
        elif stream['codec_name'] == 'aac':
            filters += [f'-bsf:{i}', 'aac_adtstoasc']
        elif stream['codec_name'] == 'av1':
            filters += [f'-bsf:{i}', 'av1_metadata=td=remove']
    return filters


def tracks(path):
    """Every track of @path with all of its frames in decoding order."""
    found = streams(path)
    maps = []
    for stream in found:
        maps += ['-map', f'0:{stream["index"]}']
    done = run(['ffmpeg', '-v', 'error', '-nostdin', '-copyts', *PROBE,
                '-i', path, *maps, '-c', 'copy', *bitstream_filters(found),
                '-f', 'framehash', '-hash', 'md5', '-'])
    result = [Track(s['codec_type'], s['codec_name'], []) for s in found]
    read_framehash(done.stdout, result)
    return result


def read_framehash(text, result):
    bases = {}
    for line in text.splitlines():
        if line.startswith('#tb '):
            index, base = line[4:].split(': ')
            bases[int(index)] = fractions.Fraction(base)
        if line.startswith('#'):
            continue
        fields = [f.strip() for f in line.split(',')]
        index, dts, pts = (int(f) for f in fields[:3])
        result[index].frames.append(
            Frame(pts * bases[index], dts * bases[index], fields[5]))


def warnings(path):
    """What ffprobe says of @path while it reads all of it, '' if nothing."""
    done = run(['ffprobe', '-v', 'warning', '-count_packets', '-show_entries',
                'stream=nb_read_packets', '-of', 'csv', path])
    return done.stderr.strip()


def first_is_keyframe(path):
    """Whether the first video packet of @path is a keyframe."""
    done = run(['ffprobe', '-v', 'error', *PROBE, '-select_streams', 'v:0',
                '-show_entries', 'packet=flags', '-of', 'csv=p=0',
                '-read_intervals', '%+#1', path])
    return done.stdout.startswith('K')


def probe(path):
    """What ffprobe warns of, '' if nothing."""
    return run(['ffprobe', '-v', 'warning', *PROBE, '-show_packets',
                '-show_streams', '-of', 'json', path]).stderr.strip()


def decode(path):
    """Decodes all of @path; what the decoders complain about, '' if nothing."""
    done = run(['ffmpeg', '-v', 'warning', '-nostdin', *PROBE, '-i', path,
                '-f', 'null', '-'])
    return done.stderr.strip()
