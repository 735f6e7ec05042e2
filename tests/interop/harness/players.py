# SPDX-License-Identifier: MIT
"""The players that people use; each writes what it got to a file."""

import os
import re

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


def gst_decoder(element, url):
    """Plays with uridecodebin, whose hlsdemux is the old one, or
    uridecodebin3, which has hlsdemux2; the picture of the highest bit rate.
    Not faster than time: gst-launch pauses where a queue runs empty."""
    return Process(
        ['gst-launch-1.0', '-v', element, f'uri={url}', 'name=d',
         'connection-speed=1000000', 'd.', '!', 'queue', '!', 'videoconvert',
         '!', 'video/x-raw,format=I420', '!', 'checksumsink', 'hash=md5',
         'd.', '!', 'queue', '!', 'audioconvert', '!',
         'audio/x-raw', '!', 'checksumsink', 'hash=sha1'])


def sums(player, n_digits):
    """gst-launch ends what it says of buffering with a carriage return."""
    return re.findall(r'(?:^|\r)\d+:\d\d:\d\d\.\d+ ([0-9a-f]{%d})$' % n_digits,
                      player.text, re.M)


def pictures(player):
    """The MD5 of each picture that a gst_decoder has shown."""
    return sums(player, 32)


def sounds(player):
    """The same of sound, SHA-1."""
    return sums(player, 40)


def vlc(url, path):
    """It refuses to be root, and then writes to its standard output."""
    user = ['runuser', '-u', 'nobody', '--'] if os.getuid() == 0 else []
    return Process(
        ['sh', '-c', 'exec "$@" > "$0"', path, *user, 'env', 'HOME=/nonexistent',
         'cvlc', '--quiet', '--no-one-instance', url, '--sout',
         '#std{access=file,mux=ts,dst=-}', 'vlc://quit'])
