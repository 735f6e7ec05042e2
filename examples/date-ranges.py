#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Marks what is live: each line that is typed becomes a date range of the
playlist, which players tell their page of.

    examples/date-ranges.py 'videotestsrc is-live=true !
        video/x-raw,format=I420 ! x264enc tune=zerolatency key-int-max=60 !
        arclyhlssink name=hls location=/tmp/hls/live target-duration=2'

    id=(string)ad-1, class=com.example.ad, duration=(guint64)15000000000
    id=title, X-COM-EXAMPLE-TITLE="A title", start-time=(guint64)0

begins a break of 15 s now, and says what is on since the beginning. The fields
are in docs/hls.md; without a type, GStreamer may take ad-1 for something else
than a string. The end of the input ends the stream.
"""

import sys
import threading

import gi

gi.require_version('Gst', '1.0')
# pylint: disable=wrong-import-position
from gi.repository import Gst


def mark(sink, fields):
    """In front of what the sink gets next."""
    # PyGObject has an exception for what GStreamer cannot read.
    try:
        structure = Gst.Structure.from_string(f'arcly-daterange, {fields}')[0]
    except TypeError:
        structure = None
    if not structure:
        print('not understood:', fields, flush=True)
        return
    sink.sinkpads[0].send_event(
        Gst.Event.new_custom(Gst.EventType.CUSTOM_DOWNSTREAM, structure))


def read(pipeline):
    for line in sys.stdin:
        mark(pipeline.get_by_name('hls'), line.strip())
    pipeline.send_event(Gst.Event.new_eos())


def main(description):
    Gst.init(None)
    pipeline = Gst.parse_launch(description)
    pipeline.set_state(Gst.State.PLAYING)
    threading.Thread(target=read, args=(pipeline,), daemon=True).start()
    bus = pipeline.get_bus()
    while True:
        message = bus.timed_pop_filtered(
            Gst.CLOCK_TIME_NONE, Gst.MessageType.EOS | Gst.MessageType.ERROR |
            Gst.MessageType.WARNING)
        if message.type == Gst.MessageType.WARNING:
            print('warning:', message.parse_warning()[0].message, flush=True)
            continue
        break
    pipeline.set_state(Gst.State.NULL)
    if message.type == Gst.MessageType.ERROR:
        sys.exit(message.parse_error()[0].message)


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
