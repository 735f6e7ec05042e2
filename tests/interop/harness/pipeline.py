# SPDX-License-Identifier: MIT
"""Our pipelines, run as users do: gst-launch-1.0 in a process of its own."""

import os
import re
import shutil
import tempfile
import time
import unittest

from . import clips, compare, net, playlist
from .process import Process, wait_until

# How long anything may take before it hangs, on a machine that is busy with
# other work. It says nothing about speed: see benchmarks/ and pipeline_cpu.py.
PATIENCE = 40
LEAKS = {'GST_TRACERS': 'leaks', 'GST_DEBUG': 'GST_TRACER:7',
         'GST_DEBUG_NO_COLOR': '1'}


def leaked(text):
    """What the leaks tracer reported, one line each."""
    # The class description has a format (%s) in place of the type's name.
    return re.findall(r'object-alive, type-name=\(string\)[^%].*', text)


def hls(name, folder, *options):
    """Arguments of an arclyhlssink that keeps every segment."""
    return ['arclyhlssink', f'name={name}', f'location={folder}',
            'target-duration=2', 'playlist-type=event', *options]


def main_job(port, stream, folder, *options, name=''):
    """The main job of the documentation, for one stream."""
    return ['arclysrc', f'uri=rtmp://127.0.0.1:{port}/live/{stream}',
            f'name=in{name}', *hls(f'hls{name}', folder, *options),
            f'in{name}.', '!', f'hls{name}.', f'in{name}.', '!', f'hls{name}.']


class PipelineTest(unittest.TestCase):
    """A test with a folder, a port, and processes that end with it."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='arcly-interop-')
        self.addCleanup(shutil.rmtree, self.folder)
        self.port = net.free_port()
        self.owned = []

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def url(self, stream):
        return f'rtmp://127.0.0.1:{self.port}/live/{stream}'

    def own(self, process):
        self.addCleanup(process.close)
        self.owned.append(process)
        return process

    def launch(self, *arguments, env=None, listening=True):
        """gst-launch-1.0 -e; with @listening, waits for the RTMP port."""
        process = self.own(Process(['gst-launch-1.0', '-e', *arguments],
                                   env=env))
        if listening:
            try:
                net.wait_listening(self.port)
            except TimeoutError as error:
                self.fail(f'{error}\n{process}')
        return process

    def end(self, process):
        """Ctrl-C; the pipeline must end, and in order."""
        start = time.monotonic()
        process.interrupt()
        status = process.wait(PATIENCE)
        # For who measures: what a user waits.
        print(f'{self.id()}: ended {time.monotonic() - start:.2f} s '
              'after Ctrl-C')
        self.assertEqual(status, 0, str(process))
        self.assertNotIn('ERROR', process.text)
        self.assertNotIn('CRITICAL', process.text)

    def drain(self):
        net.wait_drained(self.port)

    def wait_playlist(self, index, predicate, timeout=PATIENCE):
        """Waits until the playlist at @index satisfies @predicate."""
        def ready():
            if not os.path.exists(index):
                return None
            found = playlist.read(index)
            return found if predicate(found) else None
        try:
            return wait_until(ready, timeout, f'the wanted state of {index}')
        except TimeoutError as error:
            self.fail('\n'.join([str(error), *map(str, self.owned)]))

    def assert_published(self, publisher, timeout=clips.SECONDS + PATIENCE):
        self.assertEqual(publisher.wait(timeout), 0, str(publisher))

    def assert_same(self, clip, index, tolerance=compare.TOLERANCE):
        self.assertTrue(os.path.exists(index), f'{index}: never written')
        self.assertEqual(compare.compare_hls(clip, index, tolerance), [])
