#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""HTTPS: curl, nghttp, h2load and Chromium over HTTP/2, Python and ffmpeg over
HTTP/1.1."""

import http.client
import re
import ssl
import subprocess
import unittest

from harness import net
from harness.browser import Browser
from harness.page import VIDEO
from harness.pipeline import PATIENCE, PipelineTest

SOURCE = ['videotestsrc', 'is-live=true', '!',
          'video/x-raw,format=I420,width=160,height=120,framerate=25/1', '!',
          'x264enc', 'tune=zerolatency', 'key-int-max=25', '!']


class Https(PipelineTest):
    def setUp(self):
        super().setUp()
        self.certificate = self.path('certificate.pem')
        self.key = self.path('key.pem')
        subprocess.run(
            ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
             'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', self.key,
             '-out', self.certificate, '-days', '2', '-subj', '/CN=localhost',
             '-addext', 'subjectAltName=IP:127.0.0.1'], check=True,
            stderr=subprocess.DEVNULL)

    def sink(self, port, *options):
        return self.launch(
            *SOURCE, 'arclyhlssink', f'location={self.path("hls")}',
            'target-duration=1', f'http-port={port}', *options,
            listening=False)

    def serve(self):
        """The pipeline, its port and what is in the folder by then."""
        port = net.free_port()
        pipeline = self.sink(
            port, f'http-certificate={self.certificate}',
            f'http-private-key={self.key}', 'part-duration=200000000')
        found = self.wait_playlist(self.path('hls', 'index.m3u8'),
                                   lambda found: len(found.segments) >= 2)
        return pipeline, port, found

    def test_clients(self):
        pipeline, port, found = self.serve()
        url = f'https://127.0.0.1:{port}/hls/index.m3u8'
        done = subprocess.run(
            ['curl', '-sS', '--http2', '--cacert', self.certificate, '-w',
             '%{http_version} %{ssl_verify_result}', '-o', self.path('list'),
             url], timeout=PATIENCE, stdout=subprocess.PIPE, check=True)
        self.assertEqual(done.stdout, b'2 0')
        with open(self.path('list'), 'rb') as file:
            self.assertIn(b'#EXT-X-PART:', file.read())

        context = ssl.create_default_context(cafile=self.certificate)
        client = http.client.HTTPSConnection('127.0.0.1', port, timeout=PATIENCE,
                                             context=context)
        # Waits for a part, on the same connection as the request before.
        for path in (found.segments[0].path.rsplit('/', 1)[1],
                     f'index.m3u8?_HLS_msn={len(found.segments) + 1}'):
            client.request('GET', f'/hls/{path}')
            answer = client.getresponse()
            self.assertEqual(answer.status, 200)
            self.assertGreater(len(answer.read()), 188)
        client.close()

        done = subprocess.run(
            ['ffmpeg', '-v', 'error', '-nostdin', '-i', url, '-frames:v', '30',
             '-f', 'null', '-'], timeout=2 * PATIENCE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, b''))
        self.end(pipeline)

    def test_http2(self):
        pipeline, port, found = self.serve()
        base = f'https://127.0.0.1:{port}'
        index = f'{base}/hls/index.m3u8'
        segment = f'{base}/hls/{found.segments[0].path.rsplit("/", 1)[1]}'
        # On one connection: what waits comes last.
        waits = f'{index}?_HLS_msn={len(found.segments) + 1}'
        done = subprocess.run(
            ['nghttp', '-nsv', waits, segment, index, f'{base}/', f'{base}/no'],
            timeout=PATIENCE, stdout=subprocess.PIPE, text=True, check=True)
        self.assertIn('The negotiated protocol: h2', done.stdout)
        self.assertEqual(sorted(re.findall(r':status: (\d+)', done.stdout)),
                         ['200', '200', '200', '200', '404'])
        ends = re.findall(r'recv DATA frame <.*flags=0x01, stream_id=(\d+)>',
                          done.stdout)
        asked = re.findall(r'send HEADERS frame <.*stream_id=(\d+)>',
                           done.stdout)
        self.assertEqual(ends[-1], asked[0])

        for path in (index, segment):
            done = subprocess.run(
                ['h2load', '-n', '1000', '-c', '4', '-m', '10', path],
                timeout=2 * PATIENCE, stdout=subprocess.PIPE, text=True,
                check=True)
            self.assertIn('Application protocol: h2', done.stdout)
            self.assertIn('1000 succeeded, 0 failed', done.stdout)
            self.assertIn('1000 2xx', done.stdout)
        self.end(pipeline)

    def test_browser(self):
        """hls.js, low latency, all of it over one connection of HTTP/2."""
        pipeline, port, _ = self.serve()
        browser = Browser(self.path('browser'), '--ignore-certificate-errors')
        self.addCleanup(browser.close)
        browser.open(f'https://127.0.0.1:{port}/')
        browser.wait_true(f'{VIDEO} && !{VIDEO}.error && '
                          f'{VIDEO}.currentTime > 10', 60 + PATIENCE)
        self.assertIsNone(browser.evaluate('root.dataset.error'))
        used = browser.evaluate(
            'performance.getEntriesByType("resource").map('
            'e => e.nextHopProtocol + " " + new URL(e.name).pathname).join()')
        self.assertIn('h2 /hls/index.m3u8', used)
        self.assertRegex(used, r'h2 /hls/part-.*\.ts')
        self.assertNotIn('http/1.1', used)
        self.end(pipeline)

    def test_no_certificate(self):
        missing = self.path('missing.pem')
        pipeline = self.sink(net.free_port(), f'http-certificate={missing}')
        self.assertNotEqual(pipeline.wait(PATIENCE), 0)
        self.assertIn(f'Cannot serve HTTPS: "{missing}": ', pipeline.text)


if __name__ == '__main__':
    unittest.main()
