# SPDX-License-Identifier: MIT
"""Source clips, made with ffmpeg's own test sources and kept in a cache.

Length and size come from the environment, so that a run in CI is short and a
run by hand is the full acceptance:

    ARCLY_INTEROP_SECONDS   length of a clip, default 6
    ARCLY_INTEROP_SIZE      picture size, default 640x360
    ARCLY_INTEROP_CLIPS     folder that keeps the clips, default a temporary one
"""

import fcntl
import os
import subprocess
import tempfile

SECONDS = int(os.environ.get('ARCLY_INTEROP_SECONDS', '6'))
SIZE = os.environ.get('ARCLY_INTEROP_SIZE', '640x360')

VIDEO_IN = ['-f', 'lavfi', '-i', f'testsrc2=size={SIZE}:rate=30']
AUDIO_IN = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000']
X264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p',
        '-g', '30', '-keyint_min', '30', '-sc_threshold', '0']
B_FRAMES = X264 + ['-bf', '2']
ZEROLATENCY = X264 + ['-tune', 'zerolatency']
AAC = ['-c:a', 'aac', '-b:a', '96k', '-ac', '2']
MP3 = ['-c:a', 'libmp3lame', '-b:a', '96k', '-ac', '2']

X265 = ['-c:v', 'libx265', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p',
        '-tag:v', 'hvc1', '-x265-params',
        'keyint=30:min-keyint=30:scenecut=0:bframes=2:log-level=none']
NTSC_IN = ['-f', 'lavfi', '-i', f'testsrc2=size={SIZE}:rate=30000/1001']

RECIPES = {
    'bframes': VIDEO_IN + AUDIO_IN + B_FRAMES + AAC,
    'zerolatency': VIDEO_IN + AUDIO_IN + ZEROLATENCY + AAC,
    'small': (['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30']
              + AUDIO_IN + ZEROLATENCY + AAC),
    'long-gop': VIDEO_IN + AUDIO_IN + ZEROLATENCY + ['-g', '150'] + AAC,
    'video-only': VIDEO_IN + B_FRAMES,
    'audio-only': AUDIO_IN + AAC,
    'late-audio': VIDEO_IN + ['-itsoffset', '1'] + AUDIO_IN + B_FRAMES + AAC,
    'open-gop': (VIDEO_IN + AUDIO_IN + B_FRAMES
                 + ['-x264-params', 'open-gop=1'] + AAC),
    'h265': VIDEO_IN + AUDIO_IN + X265 + AAC,
    'ntsc': NTSC_IN + AUDIO_IN + B_FRAMES + AAC,
    'ac3': VIDEO_IN + AUDIO_IN + ZEROLATENCY + ['-c:a', 'ac3', '-ac', '2'],
    'eac3': VIDEO_IN + AUDIO_IN + ZEROLATENCY + ['-c:a', 'eac3', '-ac', '2'],
    'opus': VIDEO_IN + AUDIO_IN + ZEROLATENCY + ['-c:a', 'libopus', '-ac', '2'],
    'film': ['-f', 'lavfi', '-i', f'testsrc2=size={SIZE}:rate=24000/1001']
            + AUDIO_IN + B_FRAMES + AAC,
    'vp9': VIDEO_IN + AUDIO_IN
           + ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8',
              '-pix_fmt', 'yuv420p', '-g', '30', '-c:a', 'libopus', '-ac', '2'],
    'av1': VIDEO_IN + AUDIO_IN
           + ['-c:v', 'libsvtav1', '-preset', '12', '-pix_fmt', 'yuv420p',
              '-g', '30', '-c:a', 'libopus', '-ac', '2'],
    'ac3-only': AUDIO_IN + ['-c:a', 'ac3', '-ac', '2'],
    'eac3-only': AUDIO_IN + ['-c:a', 'eac3', '-ac', '2'],
    'flac': AUDIO_IN + ['-c:a', 'flac', '-sample_fmt', 's16'],
    'mp3': VIDEO_IN + AUDIO_IN + ZEROLATENCY + MP3,
    # What the CPU is measured with: constant 5 Mbit/s.
    'bitrate': (['-f', 'lavfi', '-i', 'testsrc2=size=1920x1080:rate=30']
                + AUDIO_IN + B_FRAMES
                + ['-b:v', '5M', '-minrate', '5M', '-maxrate', '5M',
                   '-bufsize', '5M', '-x264-params', 'nal-hrd=cbr'] + AAC),
}


def cache_folder():
    folder = os.environ.get('ARCLY_INTEROP_CLIPS')
    if not folder:
        folder = os.path.join(tempfile.gettempdir(),
                              f'arcly-interop-clips-{os.getuid()}')
    os.makedirs(folder, exist_ok=True)
    return folder


def clip(name, seconds=None, suffix='mp4'):
    """Path of the clip of that name, made now if the cache has none.

    The suffix plain.mp4 is one without edit lists: qtdemux drops a frame at
    the end of the list that hides the priming of AAC.
    """
    seconds = seconds or SECONDS
    folder = cache_folder()
    size = '1920x1080' if name == 'bitrate' else SIZE
    path = os.path.join(folder, f'{name}-{size}-{seconds}s.{suffix}')

    # Tests run in parallel; only one of them shall encode.
    with open(os.path.join(folder, f'{name}.lock'), 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path):
            make(name, seconds, path)
    return path


def make_sps_change(seconds, path):
    """One stream of two sizes: the second has other parameter sets."""
    folder = os.path.dirname(path)
    parts = []
    for size in (SIZE, '320x180'):
        parts.append(os.path.join(folder, f'part-{size}.h264'))
        subprocess.run(['ffmpeg', '-v', 'error', '-nostdin', '-y', '-f', 'lavfi',
                        '-i', f'testsrc2=size={size}:rate=30', *ZEROLATENCY,
                        '-t', str(seconds / 2), parts[-1]], check=True)
    whole = os.path.join(folder, 'part-sps-change.h264')
    with open(whole, 'wb') as out:
        for part in parts:
            with open(part, 'rb') as data:
                out.write(data.read())
            os.remove(part)
    subprocess.run(['ffmpeg', '-v', 'error', '-nostdin', '-y', '-r', '30', '-i',
                    whole, '-c', 'copy', '-f', 'mpegts', path + '.part'],
                   check=True)
    os.remove(whole)
    os.rename(path + '.part', path)


def make(name, seconds, path):
    if name == 'sps-change':
        make_sps_change(seconds, path)
        return
    part = os.path.join(os.path.dirname(path), 'part-' + os.path.basename(path))
    plain = ['-use_editlist', '0'] if path.endswith('plain.mp4') else []
    subprocess.run(['ffmpeg', '-v', 'error', '-nostdin', '-y'] + RECIPES[name]
                   + ['-t', str(seconds), *plain, part], check=True)
    os.rename(part, path)
