#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""script/server --demo: one command shows something."""

import os
import unittest

from harness import net, playlist
from harness.pipeline import PATIENCE, PipelineTest
from harness.process import Process

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
# What a user's shell does not have.
UNSET = ('GST_PLUGIN_PATH', 'GST_PLUGIN_LOADING_WHITELIST', 'GST_REGISTRY',
         'GST_ARCLY_DATA_DIR', 'LD_LIBRARY_PATH', 'GI_TYPELIB_PATH')


class Server(PipelineTest):
    def test_demo(self):
        for name in UNSET:
            os.environ.pop(name, None)
        http = net.free_port()
        server = self.own(Process(
            [os.path.join(ROOT, 'script', 'server'), '--demo',
             '--rtmp-port', self.port, '--http-port', http,
             '--folder', self.path('hls')]))
        index = self.path('hls', 'index.m3u8')
        self.wait_playlist(index, lambda found: len(found.segments) >= 2)
        base = f'http://127.0.0.1:{http}'
        self.assertEqual(net.get(f'{base}/')[0], 200)
        self.assertEqual(net.get(f'{base}/hls/index.m3u8')[0], 200)

        # Ctrl-C reaches the whole group, as in a terminal.
        server.interrupt_group()
        self.assertEqual(server.wait(PATIENCE), 0, str(server))
        self.assertTrue(playlist.read(index).ended, 'no EXT-X-ENDLIST')


if __name__ == '__main__':
    unittest.main()
