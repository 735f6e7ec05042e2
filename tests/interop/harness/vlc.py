# SPDX-License-Identifier: MIT
"""Plays a file with VLC, without a screen or a sound card."""

import os
import re
import subprocess

# VLC refuses to be root.
NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
# What its demuxer, packetizers and decoders say of a stream.
COMPLAINT = re.compile(r'\b(ts demux|demux|packetizer|decoder|es out|input) '
                       r'(error|warning): (.*)|discontinuity received')
# Of every file: AAC decoders start without the frame before the first, and
# adummy has no way for AC-3 as it is; of sound that begins a second after the
# picture, VLC notices that none came.
HARMLESS = re.compile(r'decoded zero sample|failed to create audio output|'
                      r'buffer deadlock prevented')


def play(path, folder, timeout):
    """(kinds of tracks that were decoded, complaints); @folder is for VLC."""
    os.chmod(folder, 0o777)
    os.chmod(path, 0o644)
    command = ['cvlc', '-I', 'dummy', '-vv', '--play-and-exit', '--vout',
               'vdummy', '--aout', 'adummy', '--no-spu', '--no-osd',
               f'file://{path}']
    if os.getuid() == 0:
        command = NOBODY + command
    done = subprocess.run(command, stdin=subprocess.DEVNULL, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, 'HOME': folder}, timeout=timeout)
    text = done.stdout.decode(errors='replace')
    kinds = set(re.findall(r'using (video|audio) decoder module', text))
    if 'EOF at' not in text:
        kinds = set()
    return kinds, [line for line in text.splitlines()
                   if COMPLAINT.search(line) and not HARMLESS.search(line)]
