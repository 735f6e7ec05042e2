# SPDX-License-Identifier: MIT
"""Several renditions, encoded here, and what a player made of them."""

import re
import subprocess

from .pipeline import PATIENCE

FRAMES = 180
KEY_INTERVAL = 60
X264 = ['x264enc', f'key-int-max={KEY_INTERVAL}', 'tune=zerolatency',
        'speed-preset=ultrafast']


def ladder(folder, *options, live=False, one=()):
    """Two sizes of one picture and a tone, encoded here. What the encoders
    gave goes to files, too. @one are options of another sink, if there are
    any, that gets the first picture and the tone."""
    def encoded(name, *pads):
        elements = ['tee', f'name={name}', f'{name}.', '!', 'queue', '!',
                    'h264parse', '!', 'video/x-h264,stream-format=byte-stream',
                    '!', 'filesink', f'location={folder}-{name}.h264']
        for pad in pads:
            elements += [f'{name}.', '!', 'queue', '!', pad]
        return elements
    buffers = [] if live else [f'num-buffers={FRAMES}']
    sound = [] if live else [f'num-buffers={FRAMES * 48000 // 30 // 1024}']
    live = [f'is-live={str(live).lower()}']
    return [*(['arclyhlssink', 'name=one', 'target-duration=2',
               'playlist-length=0', *one] if one else []),
            'arclyhlssink', 'name=hls', f'location={folder}',
            'target-duration=2', 'playlist-length=0', *options,
            'videotestsrc', 'pattern=ball', *buffers, *live, '!',
            'video/x-raw,format=I420,width=640,height=360,framerate=30/1', '!',
            'tee', 'name=t',
            't.', '!', 'queue', '!', *X264, 'bitrate=1000', '!',
            *encoded('high', 'hls.video_0', *(['one.video_0'] if one else [])),
            't.', '!', 'queue', '!', 'videoscale', '!',
            'video/x-raw,width=320,height=180', '!', *X264, 'bitrate=200', '!',
            *encoded('low', 'hls.video_1'),
            'audiotestsrc', 'samplesperbuffer=1024', *sound, *live,
            'volume=0.1', '!', 'audio/x-raw,rate=48000', '!', 'avenc_aac',
            *(['!', 'tee', 'name=a', 'a.', '!', 'queue', '!', 'one.audio_0',
               'a.', '!', 'queue'] if one else []),
            '!', 'hls.audio_0']


def frames(path, *options):
    """A hash of each picture that ffmpeg decodes."""
    text = subprocess.run(
        ['ffmpeg', '-v', 'error', '-nostdin', '-i', path, *options, '-an',
         '-fps_mode', 'passthrough', '-f', 'framemd5', '-'],
        check=True, stdout=subprocess.PIPE, timeout=2 * PATIENCE).stdout
    return re.findall(r'^0,.* ([0-9a-f]{32})$', text.decode(), re.M)
