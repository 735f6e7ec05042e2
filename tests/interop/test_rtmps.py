#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""RTMP in TLS: what real publishers send and real players get."""

import os
import socket
import ssl
import subprocess
import unittest

from harness import clips, compare, media, peers, players
from harness.pipeline import PATIENCE, PipelineTest
from harness.process import Process, wait_until

# A certificate that nobody vouches for.
ANY = 'tls-validation-flags=0'


class Rtmps(PipelineTest):
    def setUp(self):
        super().setUp()
        self.certificate = self.path('certificate.pem')
        self.key = self.path('key.pem')
        subprocess.run(
            ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes',
             '-keyout', self.key, '-out', self.certificate, '-days', '1',
             '-subj', '/CN=127.0.0.1', '-addext',
             'subjectAltName=IP:127.0.0.1'], check=True, capture_output=True)

    def url(self, stream):
        return super().url(stream).replace('rtmp:', 'rtmps:')

    def serve(self):
        """RTMPS in, RTMPS out under another name of the same port."""
        tls = [f'tls-certificate={self.certificate}',
               f'tls-private-key={self.key}']
        return self.launch(
            'arclyrtmpsrc', f'location={self.url("in")}', 'name=in',
            'on-unpublish=eos', *tls,
            'arclyrtmpsink', f'location={self.url("out")}', 'name=out',
            'wait-timeout=0', *tls,
            'in.video_0', '!', 'out.video_0', 'in.audio_0', '!', 'out.audio_0',
            env={'GST_DEBUG': 'arclyrtmpserver:4', 'GST_DEBUG_NO_COLOR': '1'})

    def play(self, server, player, path):
        """A player that waits for the publisher."""
        process = self.own(player(self.url('out'), path))
        try:
            wait_until(lambda: 'plays live/out' in server.text, PATIENCE,
                       'the player')
        except TimeoutError as error:
            self.fail(f'{error}\n{process}\n{server}')
        return process

    def test_ffmpeg(self):
        clip, path = clips.clip('bframes'), self.path('played.mkv')
        server = self.serve()
        player = self.play(server, players.ffmpeg, path)
        publisher = self.own(peers.ffmpeg(clip, self.url('in')))
        self.assert_published(publisher)
        self.assertEqual(player.wait(PATIENCE), 0, str(player))
        self.assertEqual(server.wait(PATIENCE), 0, str(server))
        self.assertEqual(compare.compare_files(clip, path), [], str(player))

    def test_rtmp2(self):
        """rtmp2sink and rtmp2src, which ask GIO for TLS."""
        clip = clips.clip('zerolatency', suffix='flv')
        path, copy = self.path('played.flv'), self.path('sent.flv')

        def rtmp2src(url, file):
            return Process(
                ['gst-launch-1.0', '-e', 'rtmp2src', f'location={url}', ANY,
                 '!', 'filesink', 'async=false', f'location={file}'])
        server = self.serve()
        player = self.play(server, rtmp2src, path)
        publisher = self.own(peers.gst_publisher(
            clip, copy, ['rtmp2sink', f'location={self.url("in")}', ANY]))
        # The end of the stream closes the connection, which rtmp2sink may or
        # may not take for a failure: it is on its way out. What it sent counts.
        publisher.wait(clips.SECONDS + PATIENCE)
        self.assertIn('Got EOS', publisher.text)
        self.assertEqual(player.wait(PATIENCE), 0, str(player))
        self.assertEqual(server.wait(PATIENCE), 0, str(server))
        # See test_play.py, test_rtmp2src().
        self.assertTrue(os.path.exists(path), str(player))
        self.assertEqual(compare.compare_files(copy, path, prefix=True), [])
        played = {track.kind: track for track in media.tracks(path)}
        for sent in media.tracks(copy):
            self.assertGreaterEqual(
                len(played[sent.kind].frames), len(sent.frames) - 1)

    def test_strangers(self):
        """Who checks the certificate finds it; who speaks no TLS, or does not
        go on with it, is closed or waits, and the log says why."""
        server = self.serve()
        address = ('127.0.0.1', self.port)
        idle = [socket.create_connection(address) for _ in range(20)]
        for i, half in enumerate(idle):
            half.sendall(b'\x16\3\1\2'[:i % 5])
        with socket.create_connection(address, PATIENCE) as plain:
            plain.sendall(b'\3' + bytes(1536))
            self.assert_closed(plain)
        context = ssl.create_default_context(cafile=self.certificate)
        with socket.create_connection(address, PATIENCE) as plain:
            with context.wrap_socket(plain, server_hostname='127.0.0.1') as tls:
                self.assertIn(tls.version(), ('TLSv1.2', 'TLSv1.3'))
                tls.sendall(b'\3' + bytes(1536))
                answer = b''
                while len(answer) < 3073:
                    part = tls.recv(4096)
                    self.assertTrue(part)
                    answer += part
                self.assertEqual(answer[0], 3)
        for half in idle:
            half.close()
        self.end(server)
        self.assertIn('plain RTMP, and this port RTMPS', server.text)

    def assert_closed(self, peer):
        try:
            self.assertEqual(peer.recv(1), b'')
        except ConnectionResetError:
            pass


if __name__ == '__main__':
    unittest.main()
