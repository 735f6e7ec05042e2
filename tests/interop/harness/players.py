# SPDX-License-Identifier: MIT
"""The players that people use; each writes what it got to a file."""

import os

from .peers import FFMPEG
from .process import Process


def ffmpeg(url, path):
    return Process(FFMPEG + ['-i', url, '-map', '0', '-c', 'copy', '-copyts',
                             '-f', 'matroska', '-y', path])


def rtmpdump(url, path):
    return Process(['rtmpdump', '-v', '-r', url, '-o', path])


# It writes FLV as it comes.
def rtmp2src(url, path):
    return Process(
        ['gst-launch-1.0', '-e', 'rtmp2src', f'location={url}', '!',
         'filesink', 'async=false', f'location={path}'])


def vlc(url, path):
    """It refuses to be root, and then writes to its standard output."""
    user = ['runuser', '-u', 'nobody', '--'] if os.getuid() == 0 else []
    return Process(
        ['sh', '-c', 'exec "$@" > "$0"', path, *user, 'env', 'HOME=/nonexistent',
         'cvlc', '--quiet', '--no-one-instance', url, '--sout',
         '#std{access=file,mux=ts,dst=-}', 'vlc://quit'])
