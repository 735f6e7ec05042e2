#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An application's own storage: HLS in a table of SQLite.

    examples/sqlite-storage.py hls.db 'videotestsrc num-buffers=300 !
        video/x-raw,format=I420 ! x264enc key-int-max=60 !
        arclyhlssink name=hls target-duration=2'

prints what the table has in the end. The element named "hls" gets the storage;
it calls it in a thread of its own, tries again what raises GLib.Error, and posts
a warning where that does not help.
"""

import sqlite3
import sys

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstArcly', '1.0')
# pylint: disable=wrong-import-position
from gi.repository import GLib, GObject, Gst, GstArcly

DOMAIN = GLib.quark_to_string(GstArcly.error_quark())


class SqliteStorage(GObject.Object, GstArcly.Storage):
    """One connection a call: the element's thread is not always the same."""

    def __init__(self, path):
        super().__init__()
        self.path = path
        self.run('CREATE TABLE IF NOT EXISTS files '
                 '(name TEXT PRIMARY KEY, bytes BLOB)')

    def run(self, statement, *values):
        connection = sqlite3.connect(self.path)
        try:
            with connection:
                return connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise GLib.Error(f'{self.path}: {error}', DOMAIN,
                             GstArcly.Error.FAILED) from error
        finally:
            connection.close()

    def do_put(self, name, data, _cancellable):
        self.run('INSERT OR REPLACE INTO files VALUES (?, ?)', name,
                 data.get_data())
        return True

    def do_remove(self, name, _cancellable):
        self.run('DELETE FROM files WHERE name = ?', name)
        return True

    def do_get(self, name, _cancellable):
        rows = self.run('SELECT bytes FROM files WHERE name = ?', name)
        if not rows:
            raise GLib.Error(f'{name} is not there', DOMAIN,
                             GstArcly.Error.NOT_FOUND)
        return GLib.Bytes.new(rows[0][0])


def main(path, description):
    Gst.init(None)
    storage = SqliteStorage(path)
    pipeline = Gst.parse_launch(description)
    pipeline.get_by_name('hls').props.storage = storage
    pipeline.set_state(Gst.State.PLAYING)
    bus = pipeline.get_bus()
    while True:
        message = bus.timed_pop_filtered(
            Gst.CLOCK_TIME_NONE, Gst.MessageType.EOS | Gst.MessageType.ERROR |
            Gst.MessageType.WARNING)
        if message.type == Gst.MessageType.WARNING:
            print('warning:', message.parse_warning()[0].message)
            continue
        break
    # Waits for what is not stored yet.
    pipeline.set_state(Gst.State.NULL)
    for name, size in storage.run(
            'SELECT name, length(bytes) FROM files ORDER BY name'):
        print(name, size)
    if message.type == Gst.MessageType.ERROR:
        sys.exit(message.parse_error()[0].message)


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
