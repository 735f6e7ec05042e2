#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An authenticator written in Python, through introspection.

The engine asks it about ffmpeg and OBS, which are refused with its reason, and
let in with the right key.
"""

import os
import tempfile
import threading
import unittest

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstArcly', '1.0')
# pylint: disable=wrong-import-position
from gi.repository import Gio, GLib, GObject, Gst, GstArcly

from harness import clips, net, peers
from harness.obs import Obs, Screen
from harness.pipeline import PATIENCE

Gst.init(None)


class Keys(GObject.Object, GstArcly.Authenticator):
    """Blocks until it is told to go on: it has a thread of its own."""

    def __init__(self):
        super().__init__()
        self.asked = []
        self.go_on = threading.Event()

    def do_authorize(self, request, _cancellable):
        self.asked.append((request.get_action(), request.get_app(),
                           request.get_stream(), request.get_user()))
        self.go_on.wait(PATIENCE)
        if request.get_parameter('key') == 'secret':
            return True
        raise GLib.Error('this key opens nothing',
                         GLib.quark_to_string(Gio.io_error_quark()),
                         Gio.IOErrorEnum.PERMISSION_DENIED)


class Authenticator(unittest.TestCase):
    def setUp(self):
        self.keys = Keys()
        self.engine = GstArcly.Engine.new()
        self.engine.props.authenticator = self.keys
        port = net.free_port()
        self.url = f'rtmp://127.0.0.1:{port}/live/cam'
        self.pipeline = Gst.parse_launch(
            f'arclyrtmpsrc location={self.url} on-unpublish=eos name=in '
            'in.video_0 ! queue ! fakesink in.audio_0 ! queue ! fakesink')
        self.pipeline.set_context(self.engine.new_context())
        self.pipeline.set_state(Gst.State.PLAYING)
        self.addCleanup(self.pipeline.set_state, Gst.State.NULL)

    def publish(self, query):
        publisher = peers.ffmpeg(clips.clip('zerolatency', 2),
                                 self.url + query, realtime=False)
        self.addCleanup(publisher.close)
        return publisher

    def expect_eos(self):
        message = self.pipeline.get_bus().timed_pop_filtered(
            PATIENCE * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
        self.assertIsNotNone(message)
        self.assertEqual(message.type, Gst.MessageType.EOS)

    def test_python_decides(self):
        first = self.publish('?key=wrong')
        second = self.publish('?key=secret')
        self.keys.go_on.set()
        self.assertNotEqual(first.wait(PATIENCE), 0)
        self.assertIn('live/cam: this key opens nothing', str(first))
        self.assertEqual(second.wait(PATIENCE), 0, str(second))
        self.expect_eos()
        self.assertEqual(set(self.keys.asked),
                         {(GstArcly.Action.PUBLISH, 'live', 'cam', None)})

    def start_obs(self, key):
        self.keys.go_on.set()
        folder = tempfile.TemporaryDirectory(prefix='arcly-interop-')
        self.addCleanup(folder.cleanup)
        screen = Screen()
        self.addCleanup(screen.close)
        obs = Obs(os.path.join(folder.name, 'obs'), screen,
                  clips.clip('small'), os.path.dirname(self.url), key)
        self.addCleanup(obs.close)
        obs.press('stream')
        return obs

    def test_obs_refused(self):
        """In its dialog, what opens the stream follows the stream's name."""
        obs = self.start_obs('cam?key=wrong')
        obs.wait_log('NetStream.Publish.Denied '
                     '(live/cam: this key opens nothing)')
        obs.wait_log('failed: -3')

    def test_obs_let_in(self):
        obs = self.start_obs('cam?key=secret')
        obs.wait_log('==== Streaming Start')
        obs.press('unstream')
        self.expect_eos()


if __name__ == '__main__':
    unittest.main()
