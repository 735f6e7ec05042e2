#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""CPU time of the main job for one 1080p30 publisher of 5 Mbit/s, as JSON.

    meson devenv -C build tests/interop/pipeline_cpu.py --seconds 30

user and system time of the whole gst-launch process (/proc/PID/stat) between
two looks, in percent of one core; ffmpeg as an RTMP server that writes HLS is
measured in the same way for comparison.
"""

import argparse
import json
import os
import tempfile
import time

from harness import clips, net, peers
from harness.pipeline import main_job
from harness.process import Process, wait_until

# What the start costs (plugins, caps, first segment) is not what runs cost.
WARM_UP = 5


def arcly(port, folder):
    return Process(['gst-launch-1.0', '-e',
                    *main_job(port, 'cam', folder, f'http-port={net.free_port()}')])


def ffmpeg(port, folder):
    os.mkdir(folder)
    return Process(peers.FFMPEG + [
        '-listen', '1', '-f', 'flv', '-i', f'rtmp://127.0.0.1:{port}/live/cam',
        '-c', 'copy', '-f', 'hls', '-hls_time', '2', '-hls_list_size', '0',
        os.path.join(folder, 'index.m3u8')])


def measure(start, clip, seconds):
    port = net.free_port()
    with tempfile.TemporaryDirectory() as folder:
        server = start(port, os.path.join(folder, 'hls'))
        try:
            net.wait_listening(port)
            publisher = peers.ffmpeg(clip, f'rtmp://127.0.0.1:{port}/live/cam')
            begin = time.monotonic()
            try:
                look = begin + WARM_UP
                wait_until(lambda: time.monotonic() > look, WARM_UP + 1, 'time')
                cpu, then = server.cpu_seconds(), time.monotonic()
                look = then + seconds
                wait_until(lambda: time.monotonic() > look, seconds + 1, 'time')
                cpu, took = (server.cpu_seconds() - cpu,
                             time.monotonic() - then)
                if not publisher.running or not server.running:
                    raise RuntimeError(f'ended too early:\n{publisher}\n{server}')
            finally:
                publisher.close()
        finally:
            server.close()
    return {'cpu_seconds': round(cpu, 3), 'wall_seconds': round(took, 3),
            'percent_of_one_core': round(100 * cpu / took, 2)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--seconds', type=int, default=20)
    args = parser.parse_args()
    clip = clips.clip('bitrate', args.seconds + WARM_UP + 5)
    length = args.seconds + WARM_UP + 5
    print(json.dumps({
        'benchmark': 'pipeline-cpu',
        'clip_mbit_per_second':
            round(os.path.getsize(clip) * 8 / length / 1e6, 2),
        'arcly': measure(arcly, clip, args.seconds),
        'ffmpeg': measure(ffmpeg, clip, args.seconds)}, indent=2))


if __name__ == '__main__':
    main()
