#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Segments and playlists that go to a server with PUT: nginx's, and one that
fails for a while."""

import http.server
import os
import subprocess
import threading
import unittest

from harness import clips, compare, net, playlist
from harness.nginx import Nginx
from harness.pipeline import PATIENCE, PipelineTest

# create_full_put_path makes the folders. Reading is what a CDN does.
DAV = """
  client_max_body_size 0;
  server {{
    listen 127.0.0.1:{port};
    root {{folder}}/root;
    location / {{
      dav_methods PUT DELETE;
      create_full_put_path on;
    }}
  }}
"""


class Sulking(http.server.BaseHTTPRequestHandler):
    """Answers @failures PUTs with 503, then takes what comes."""

    protocol_version = 'HTTP/1.1'

    def do_PUT(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        server = self.server
        with server.lock:
            server.requests.append(self.path)
            status = 503 if len(server.requests) <= server.failures else 201
            if status == 201:
                server.files[self.path] = body
        self.send_response(status)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def do_GET(self):
        self.send_error(404)

    def log_message(self, *_):
        pass


class Storage(PipelineTest):
    def encode(self, location, clip='video-only', *options):
        """A clip, as fast as it goes."""
        return self.launch(
            'filesrc', f'location={clips.clip(clip)}', '!', 'qtdemux',
            'name=in', 'arclyhlssink', 'name=hls', f'location={location}',
            'target-duration=2', 'playlist-type=event', *options,
            'in.', '!', 'hls.', listening=False)

    def wait(self, pipeline):
        self.assertEqual(pipeline.wait(2 * PATIENCE), 0, str(pipeline))
        self.assertNotIn('CRITICAL', pipeline.text)

    def test_renditions(self):
        """Two qualities and a tone; a player finds all of it on the server."""
        frames = 180
        port = net.free_port()
        self.own(Nginx(self.path('nginx'), port, DAV.format(port=port)))
        url = f'http://127.0.0.1:{port}/live/cam'
        x264 = ['x264enc', 'key-int-max=60', 'tune=zerolatency',
                'speed-preset=ultrafast', '!']
        pipeline = self.launch(
            'arclyhlssink', 'name=hls', f'location={url}/', 'target-duration=2',
            'playlist-length=0', 'videotestsrc', f'num-buffers={frames}', '!',
            'video/x-raw,format=I420,width=320,height=180,framerate=30/1', '!',
            'tee', 'name=t',
            't.', '!', 'queue', '!', *x264, 'hls.video_0',
            't.', '!', 'queue', '!', 'videoscale', '!',
            'video/x-raw,width=160,height=90', '!', *x264, 'hls.video_1',
            'audiotestsrc', 'num-buffers=280', '!', 'avenc_aac', '!',
            'hls.audio_0', listening=False)
        self.wait(pipeline)
        self.assertNotIn('WARNING', pipeline.text)
        root = self.path('nginx', 'root', 'live', 'cam')
        self.assertEqual(sorted(os.listdir(root)),
                         ['audio_0', 'index.m3u8', 'video_0', 'video_1'])
        for name in ('audio_0', 'video_0', 'video_1'):
            found = playlist.read(os.path.join(root, name, 'index.m3u8'))
            self.assertTrue(found.ended)
            self.assertEqual(compare.check_segments(found), [])
        done = subprocess.run(
            ['ffprobe', '-v', 'error', '-count_packets', '-show_entries',
             'stream=width,nb_read_packets', '-of', 'csv=p=0',
             f'{url}/index.m3u8'], timeout=PATIENCE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False)
        lines = done.stdout.decode().split()
        self.assertIn(f'320,{frames}', lines)
        self.assertIn(f'160,{frames}', lines)

    def test_nginx(self):
        port = net.free_port()
        self.own(Nginx(self.path('nginx'), port, DAV.format(port=port)))
        url = f'http://127.0.0.1:{port}/live/cam'
        pipeline = self.encode(f'{url}/')
        self.wait(pipeline)
        self.assertNotIn('WARNING', pipeline.text)

        index = self.path('nginx', 'root', 'live', 'cam', 'index.m3u8')
        found = playlist.read(index)
        self.assertTrue(found.ended)
        self.assertEqual(compare.check_segments(found), [])
        self.assert_same(clips.clip('video-only'), index)
        done = subprocess.run(
            ['ffprobe', '-v', 'error', '-count_packets', '-select_streams',
             'v', '-show_entries', 'stream=nb_read_packets', '-of',
             'csv=p=0', f'{url}/index.m3u8'], timeout=PATIENCE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertIn(str(30 * clips.SECONDS).encode(), done.stdout.split())

        # And another process goes on where this one was killed.
        text = net.get(f'{url}/index.m3u8')[2].replace(b'#EXT-X-ENDLIST\n', b'')
        with open(index, 'wb') as file:
            file.write(text)
        self.wait(self.encode(url))
        after = playlist.read(index)
        self.assertEqual(len(after.segments), 2 * len(found.segments))
        self.assertEqual([len(group) for group in after.groups()],
                         [len(found.segments)] * 2)

    def test_fails_for_a_while(self):
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Sulking)
        server.lock = threading.Lock()
        server.failures, server.requests, server.files = 4, [], {}
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        url = f'http://127.0.0.1:{server.server_address[1]}/up'
        pipeline = self.encode(f'{url}/')
        self.wait(pipeline)
        # Said once, with what failed and why.
        self.assertEqual(pipeline.text.count('WARNING: from element'), 1,
                         str(pipeline))
        self.assertRegex(pipeline.text,
                         rf'PUT {url}/segment-\S+: 503 Service Unavailable')
        for name, body in server.files.items():
            os.makedirs(self.path('up'), exist_ok=True)
            with open(self.path(name[1:]), 'wb') as file:
                file.write(body)
        self.assert_same(clips.clip('video-only'), self.path('up', 'index.m3u8'))


if __name__ == '__main__':
    unittest.main()
