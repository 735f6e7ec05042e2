# SPDX-License-Identifier: MIT
"""Reads an MPEG-TS with GStreamer's tsdemux: each frame's time and size.

    python3 -m harness.gstframes FILE    prints JSON, a list of tracks

A process of its own: what GStreamer is does not get into the test's.
"""

import json
import os
import subprocess
import sys

# Debian's python3-gi is for Debian's Python, whichever comes first in PATH.
PYTHON = '/usr/bin/python3'

PARSERS = {
    'video/x-h264': 'h264parse ! video/x-h264,stream-format=byte-stream,'
                    'alignment=au',
    'video/x-h265': 'h265parse ! video/x-h265,stream-format=byte-stream,'
                    'alignment=au',
    'audio/mpeg': {4: 'aacparse', 2: 'aacparse', 1: 'mpegaudioparse'},
    'audio/x-ac3': 'ac3parse',
    'audio/x-eac3': 'ac3parse',
    # tsdemux gives each packet a buffer, but only the first of a PES a time.
    'audio/x-opus': 'opusparse',
}


def frames(path):
    """[{'kind', 'frames': [[pts in ns or None, bytes], ...]}, ...]"""
    done = subprocess.run([PYTHON, '-m', 'harness.gstframes', path],
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False,
                          cwd=os.path.dirname(os.path.dirname(__file__)))
    if done.returncode != 0:
        raise RuntimeError(f'{path}: {done.stderr.strip()}')
    return json.loads(done.stdout)


def read(path):
    import gi
    gi.require_version('Gst', '1.0')
    from gi.repository import Gst
    Gst.init(None)
    pipeline = Gst.parse_launch('filesrc name=source ! tsdemux name=demux')
    pipeline.get_by_name('source').set_property('location', path)
    tracks = []

    def take(pad, info, track):
        buffer = info.get_buffer()
        pts = None if buffer.pts == Gst.CLOCK_TIME_NONE else buffer.pts
        track['frames'].append([pts, buffer.get_size()])
        return Gst.PadProbeReturn.OK

    def link(demux, pad):
        structure = pad.get_current_caps().get_structure(0)
        name = structure.get_name()
        parser = PARSERS[name]
        if isinstance(parser, dict):
            parser = parser[structure.get_int('mpegversion')[1]]
        branch = Gst.parse_bin_from_description(
            f'queue max-size-time=0 max-size-buffers=0 max-size-bytes=0 ! '
            f'{parser} ! fakesink name=sink sync=false async=false', True)
        track = {'kind': name.split('/')[0], 'frames': []}
        tracks.append(track)
        branch.get_by_name('sink').get_static_pad('sink').add_probe(
            Gst.PadProbeType.BUFFER, take, track)
        pipeline.add(branch)
        branch.sync_state_with_parent()
        pad.link(branch.get_static_pad('sink'))

    pipeline.get_by_name('demux').connect('pad-added', link)
    pipeline.set_state(Gst.State.PLAYING)
    message = pipeline.get_bus().timed_pop_filtered(
        60 * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
    pipeline.set_state(Gst.State.NULL)
    if message is None:
        sys.exit('tsdemux did not end')
    if message.type == Gst.MessageType.ERROR:
        sys.exit(message.parse_error()[0].message)
    return tracks


if __name__ == '__main__':
    print(json.dumps(read(sys.argv[1])))
