# SPDX-License-Identifier: MIT
"""The sections that GStreamer's tsdemux finds in a file, each by its type.

    python3 -m harness.gstsections FILE    prints them, a line each
"""

import os
import subprocess
import sys

from harness.gstframes import PYTHON


def names(path):
    done = subprocess.run([PYTHON, '-m', 'harness.gstsections', path],
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=True,
                          cwd=os.path.dirname(os.path.dirname(__file__)))
    return done.stdout.split()


def read(path):
    """Takes each pad that comes, also with a second PMT."""
    import gi
    gi.require_version('Gst', '1.0')
    from gi.repository import Gst
    Gst.init(None)
    pipeline = Gst.Pipeline()
    source = Gst.ElementFactory.make('filesrc')
    source.set_property('location', path)
    demux = Gst.ElementFactory.make('tsdemux')
    pipeline.add(source)
    pipeline.add(demux)
    source.link(demux)

    def take(_demux, pad):
        sink = Gst.ElementFactory.make('fakesink')
        sink.set_property('async', False)
        pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad('sink'))

    demux.connect('pad-added', take)
    pipeline.set_state(Gst.State.PLAYING)
    bus = pipeline.get_bus()
    while True:
        message = bus.timed_pop(Gst.CLOCK_TIME_NONE)
        if message.type in (Gst.MessageType.EOS, Gst.MessageType.ERROR):
            break
        structure = message.get_structure()
        if message.src == demux and structure:
            print(structure.get_name())
    pipeline.set_state(Gst.State.NULL)
    if message.type == Gst.MessageType.ERROR:
        raise RuntimeError(str(message.parse_error()))


if __name__ == '__main__':
    read(sys.argv[1])
