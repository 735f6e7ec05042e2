# SPDX-License-Identifier: MIT
"""The page at / in Chromium, on a stream that ffmpeg publishes."""

import json
import statistics

from . import clips, net, peers
from .browser import Browser
from .pipeline import PipelineTest, main_job

VIDEO = 'document.querySelector("video")'


class PageTest(PipelineTest):
    def publish(self, clip):
        return self.own(peers.ffmpeg(clips.clip(clip), self.url('cam'),
                                     forever=True))

    def wait_played(self, browser, seconds, timeout=60):
        """Waits until @seconds more have been shown."""
        now = browser.evaluate(f'{VIDEO}.currentTime') or 0
        browser.wait_true(f'{VIDEO} && !{VIDEO}.error && {VIDEO}.videoWidth > 0'
                          f' && {VIDEO}.currentTime > {now + seconds}',
                          seconds + timeout)

    def serve(self, *options):
        """The main job with a server; its process, port and playlist."""
        port = net.free_port()
        pipeline = self.launch(*main_job(self.port, 'cam', self.path('cam'),
                                         f'http-port={port}', *options))
        return pipeline, port, self.path('cam', 'index.m3u8')

    def watch(self, port):
        browser = Browser(self.path('browser'))
        self.addCleanup(browser.close)
        browser.open(f'http://127.0.0.1:{port}/')
        return browser

    def report_latency(self, browser, what, seconds):
        """Looks twice a second for so long; prints what was seen, as JSON. That
        is for who measures: of a loaded machine it says nothing."""
        latencies, rates = [], []
        for _ in range(2 * seconds):
            self.wait_played(browser, 0.5)
            latencies.append(browser.evaluate('hls.latency'))
            rates.append(browser.evaluate('video.playbackRate'))
        found = {
            'what': what,
            'seconds': seconds,
            # Of the page, and of when it asked for the stream.
            'first_frame_ms': browser.evaluate('+root.dataset.firstFrame'),
            'first_frame_ms_from_asking': browser.evaluate(
                'root.dataset.firstFrame - root.dataset.asked'),
            'latency_median': round(statistics.median(latencies), 2),
            'latency_first': round(latencies[0], 2),
            'latency_worst': round(max(latencies), 2),
            'latency_last': round(latencies[-1], 2),
            'at_other_speed': sum(rate != 1 for rate in rates) / len(rates),
            'part_target': browser.evaluate(
                'hls.levels[0].details.partTarget'),
            'stalls': browser.evaluate('stalls'),
            'dropped_frames': browser.evaluate(
                'video.getVideoPlaybackQuality().droppedVideoFrames'),
        }
        print(f'\n{json.dumps(found)}', flush=True)
        self.assertIsNone(browser.evaluate('root.dataset.error'))
        return found

    def tell(self, browser, what):
        """Prints what the page has seen; no error among it."""
        print(f'\n{what}: latency {browser.evaluate("hls.latency"):.2f} s, '
              f'{browser.evaluate("stalls")} stalls, '
              f'{browser.evaluate("video.videoWidth")} wide')
        self.assertIsNone(browser.evaluate('root.dataset.error'))
