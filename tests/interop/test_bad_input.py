#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What strangers, neighbours and mistakes do: a clear message, never a crash,
and never the end of another publisher's stream."""

import os
import random
import socket
import unittest

from harness import clips, peers, playlist
from harness.pipeline import PATIENCE, PipelineTest, main_job

SECOND = 1000000000


class Strangers(PipelineTest):
    """While one publisher sends, others misbehave on the same port."""

    def setUp(self):
        super().setUp()
        self.clip = clips.clip('bframes')
        self.pipeline = self.launch(
            'arclyrtmpsrc', f'location={self.url("cam")}', 'name=in',
            f'timeout={2 * SECOND}', 'arclyhlssink', 'name=hls',
            f'location={self.path("cam")}', 'playlist-type=event',
            'target-duration=2', 'in.', '!', 'hls.', 'in.', '!', 'hls.')
        self.index = self.path('cam', 'index.m3u8')

    def publish(self):
        publisher = self.own(peers.ffmpeg(self.clip, self.url('cam')))
        self.wait_playlist(self.index, lambda found: found.segments)
        return publisher

    def finish(self, publisher):
        """The good publisher must have been heard to its last frame."""
        self.assert_published(publisher)
        self.drain()
        self.end(self.pipeline)
        self.assert_same(self.clip, self.index)

    def connect(self):
        stranger = socket.create_connection(('127.0.0.1', self.port), PATIENCE)
        stranger.settimeout(PATIENCE)
        self.addCleanup(stranger.close)
        return stranger

    def assert_closed(self, stranger):
        """The server must hang up within the socket's timeout."""
        try:
            while stranger.recv(65536):
                pass
        except ConnectionError:
            pass
        except TimeoutError:
            self.fail('the server keeps the connection')

    def send(self, stranger, data):
        try:
            stranger.sendall(data)
        except ConnectionError:
            pass

    def handshake(self):
        stranger = self.connect()
        stranger.sendall(b'\x03' + bytes(1536))
        answer = b''
        while len(answer) < 1 + 1536 + 1536:
            more = stranger.recv(4096)
            self.assertTrue(more, 'closed in the handshake')
            answer += more
        stranger.sendall(answer[1:1537])
        return stranger

    def refuse(self, url):
        """What ffmpeg says when it is refused at @url."""
        refused = self.own(peers.ffmpeg(self.clip, url, realtime=False))
        self.assertNotEqual(refused.wait(PATIENCE), 0, str(refused))
        self.assertRegex(refused.text, '(?i)server error: .+', str(refused))
        return refused.text

    def test_garbage_and_silence(self):
        publisher = self.publish()
        noise = random.Random(1).randbytes(200000)
        silent = self.connect()
        after_handshake = self.handshake()
        self.send(after_handshake, noise)
        before_handshake = self.connect()
        self.send(before_handshake, b'GET / HTTP/1.1\r\n\r\n' + noise)
        half = self.connect()
        half.sendall(b'\x03' + bytes(700))
        silent_after = self.handshake()
        gone = self.handshake()
        gone.close()
        for stranger in (before_handshake, after_handshake, silent, half,
                         silent_after):
            self.assert_closed(stranger)
        self.assertTrue(self.pipeline.running, str(self.pipeline))
        self.finish(publisher)

    def test_wrong_names_and_second_publisher(self):
        publisher = self.publish()
        base = f'rtmp://127.0.0.1:{self.port}'
        self.assertIn('nobody', self.refuse(f'{base}/live/nobody'))
        self.assertIn('other', self.refuse(f'{base}/other/cam'))
        self.refuse(f'{base}/live/cam')
        self.finish(publisher)

    def test_publisher_cut_in_mid_message(self):
        """A truncated message ends with its connection; the next one is fine."""
        cut = self.own(peers.ffmpeg(self.clip, self.url('cam'),
                                    realtime=False))
        cut.kill()
        self.drain()
        publisher = self.own(peers.ffmpeg(self.clip, self.url('cam')))
        self.assert_published(publisher)
        self.drain()
        self.end(self.pipeline)
        self.assertEqual(playlist.lint(playlist.read(self.index)), [])


class Mistakes(PipelineTest):
    """What the user of gst-launch reads."""

    def fails(self, *arguments):
        process = self.launch(*arguments, listening=False)
        self.assertNotEqual(process.wait(PATIENCE), 0, str(process))
        self.assertRegex(process.text, '(?m)^(ERROR|WARNING)')
        self.assertNotIn('CRITICAL', process.text)
        return process.text

    def test_rtmp_port_in_use(self):
        with socket.socket() as holder:
            holder.bind(('127.0.0.1', 0))
            holder.listen()
            port = holder.getsockname()[1]
            text = self.fails(*main_job(port, 'cam', self.path('cam')))
        self.assertIn(f'127.0.0.1:{port}', text)
        self.assertRegex(text, '(?i)in use')

    def test_http_port_in_use(self):
        with socket.socket() as holder:
            holder.bind(('127.0.0.1', 0))
            holder.listen()
            port = holder.getsockname()[1]
            text = self.fails(*main_job(self.port, 'cam', self.path('cam'),
                                        f'http-port={port}'))
        self.assertIn(str(port), text)
        self.assertRegex(text, '(?i)in use')

    def test_folder_not_writable(self):
        file = self.path('file')
        with open(file, 'w', encoding='ascii') as out:
            out.write('not a folder')
        # root may write everywhere but here.
        for folder in (os.path.join(file, 'cam'), '/proc/cam'):
            with self.subTest(folder):
                text = self.fails(*main_job(self.port, 'cam', folder))
                self.assertIn(folder, text)
                self.assertRegex(
                    text, '(?i)not a directory|no such file|not permitted')

    def test_unknown_scheme(self):
        text = self.fails('arclysrc', 'uri=gopher://127.0.0.1/cam', '!',
                          'fakesink')
        self.assertIn('gopher', text)

    def test_two_sources_of_one_name(self):
        text = self.fails(
            *main_job(self.port, 'cam', self.path('a'), name='a'),
            *main_job(self.port, 'cam', self.path('b'), name='b'))
        self.assertIn('live/cam', text)

    def test_folder_vanishes(self):
        """An output that fails says so, and ends by itself."""
        index = self.path('cam', 'index.m3u8')
        pipeline = self.launch(*main_job(self.port, 'cam', self.path('cam')))
        publisher = self.own(peers.ffmpeg(clips.clip('bframes'),
                                          self.url('cam')))
        self.wait_playlist(index, lambda found: found.segments)
        os.rename(self.path('cam'), self.path('gone'))
        with open(self.path('cam'), 'w', encoding='ascii') as out:
            out.write('not a folder')
        status = pipeline.wait(clips.SECONDS + PATIENCE)
        self.assertNotEqual(status, 0, str(pipeline))
        self.assertIn(self.path('cam'), pipeline.text)
        publisher.wait(clips.SECONDS + PATIENCE)


if __name__ == '__main__':
    unittest.main()
