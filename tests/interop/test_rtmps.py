#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""RTMP in TLS: ffmpeg publishes over rtmps, and every frame arrives."""

import socket
import ssl
import subprocess
import unittest

from harness import clips, media, peers
from harness.pipeline import PATIENCE, PipelineTest


class Rtmps(PipelineTest):
    def certificate(self):
        path = self.path('server.pem')
        subprocess.run(
            ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes',
             '-keyout', path, '-out', self.path('certificate.pem'), '-days',
             '1', '-subj', '/CN=127.0.0.1', '-addext',
             'subjectAltName=IP:127.0.0.1'],
            check=True, capture_output=True)
        with open(self.path('certificate.pem'), encoding='ascii') as file:
            certificate = file.read()
        with open(path, 'a', encoding='ascii') as file:
            file.write(certificate)
        return path

    def url(self, stream):
        return super().url(stream).replace('rtmp:', 'rtmps:')

    def receive(self, result):
        return self.launch(
            'arclysrc', f'uri={self.url("cam")}', 'name=in',
            f'source::tls-certificate={self.certificate()}',
            'source::on-unpublish=eos', 'matroskamux', 'name=mux', '!',
            'filesink', f'location={result}', 'in.video_0', '!', 'queue',
            'max-size-time=0', 'max-size-bytes=0', 'max-size-buffers=0', '!',
            'mux.video_0', 'in.audio_0', '!', 'queue', 'max-size-time=0',
            'max-size-bytes=0', 'max-size-buffers=0', '!', 'mux.audio_0')

    def test_ffmpeg(self):
        clip, result = clips.clip('zerolatency', 2), self.path('cam.mkv')
        pipeline = self.receive(result)
        # Somebody who does not speak TLS, one who says nothing, and one who
        # goes in the middle of the handshake.
        plain = socket.create_connection(('127.0.0.1', self.port))
        plain.sendall(b'\3' + bytes(1536))
        silent = socket.create_connection(('127.0.0.1', self.port))
        half = socket.create_connection(('127.0.0.1', self.port))
        half.sendall(b'\x16\3\1\2')
        half.close()

        publisher = self.own(peers.ffmpeg(clip, self.url('cam'),
                                          realtime=False))
        self.assertEqual(publisher.wait(PATIENCE), 0, str(publisher))
        self.assertEqual(pipeline.wait(PATIENCE), 0, str(pipeline))
        plain.close()
        silent.close()
        want = [[f.digest for f in t.frames] for t in media.tracks(clip)]
        have = [[f.digest for f in t.frames] for t in media.tracks(result)]
        self.assertEqual(have, want)

    def test_certificate_is_checked(self):
        """By the client: a server with a certificate is what it wants."""
        pipeline = self.receive(self.path('cam.mkv'))
        context = ssl.create_default_context(
            cafile=self.path('certificate.pem'))
        with socket.create_connection(('127.0.0.1', self.port)) as plain:
            with context.wrap_socket(plain, server_hostname='127.0.0.1') as tls:
                tls.sendall(b'\3' + bytes(1536))
                answer = b''
                while len(answer) < 3073:
                    answer += tls.recv(4096)
                self.assertEqual(answer[0], 3)
        self.end(pipeline)


if __name__ == '__main__':
    unittest.main()
