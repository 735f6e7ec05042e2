#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A fifth of the players hardly reads: the others lose nothing.

Time is that of the stream: the next frame goes in when each player that reads
has the last one, and the slow ones read as many bytes a frame as 10 kbit/s
are. So a busy machine makes the test longer, and nothing else.
"""

import re
import select
import struct
import unittest

from harness import enhanced
from harness.pipeline import PATIENCE, PipelineTest

AVCC = b'\1\x42\xc0\x0d\xff\xe0\0'
N_PLAYERS, N_SLOW = 100, 20
FPS, GOP, FRAME = 25, 25, 16000
SLOW_BYTES = 10000 // 8 // FPS
MAX_LAG = 1 << 20
VIDEO, COMMAND = 9, 20


def frame(number, size=FRAME):
    return struct.pack('>I', number) * (size // 4)


class Publisher(enhanced.Publisher):
    """H.264 as RTMP always had it; the pictures are numbers."""

    def __init__(self, port):
        super().__init__(port, 'live', 'in')
        self.metadata({'videocodecid': 7})
        self.send(6, VIDEO, 1, 0, b'\x17\0\0\0\0' + AVCC)

    def push(self, number, size=FRAME):
        first = 0x17 if number % GOP == 0 else 0x27
        self.send(6, VIDEO, 1, number * 1000 // FPS,
                  bytes([first, 1, 0, 0, 0]) + frame(number, size))


class Player(enhanced.Connection):
    """Keeps the numbers and the keys of what it got, and what it was told."""

    def __init__(self, port):
        super().__init__(port, 'live', {})
        self.name = '%s:%u' % self.socket.getsockname()
        self.command(1, 'play', 0, None, 'out')
        self.socket.setblocking(False)
        self.rest = b''
        self.got = []  # (number, key), -1: a sequence header
        self.told = b''
        self.closed = False

    def receive(self, size=1 << 16):
        """FALSE: nothing is there now."""
        try:
            data = self.socket.recv(size)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            data = b''
        self.closed = not data
        self.rest += data
        return not self.closed

    def parse(self):
        """All is sent in messages of one chunk, with whole headers."""
        while len(self.rest) >= 12:
            size = int.from_bytes(self.rest[4:7], 'big')
            if len(self.rest) < 12 + size:
                break
            self.take(self.rest[7], self.rest[12:12 + size])
            self.rest = self.rest[12 + size:]

    def take(self, kind, body):
        if kind == COMMAND:
            self.told += body
        if kind != VIDEO:
            return
        if body[1] == 0:
            self.got.append((-1, True))
            return
        number = int.from_bytes(body[5:9], 'big')
        if body[5:] != frame(number):
            raise ValueError(f'frame {number} is broken')
        self.got.append((number, body[0] == 0x17))

    def newest(self):
        return self.got[-1][0] if self.got else -2


class SlowPlayers(PipelineTest):
    def begin(self, policy):
        server = self.launch(
            '-m', 'arclyrtmpsrc', f'location={self.url("in")}', 'name=in',
            'on-unpublish=eos', 'max-connections-per-address=0',
            'arclyrtmpsink', f'location={self.url("out")}',
            'name=out', f'lag-policy={policy}', 'max-lag-time=0',
            f'max-lag-bytes={MAX_LAG}',
            'in.video_0', '!', 'out.video_0')
        publisher = Publisher(self.port)
        publisher.push(0)
        everybody = [Player(self.port) for _ in range(N_PLAYERS)]
        for player in everybody:
            self.addCleanup(player.socket.close)
        slow, fast = everybody[:N_SLOW], everybody[N_SLOW:]
        self.wait_for(everybody, 0)
        return server, publisher, slow, fast

    def wait_for(self, players, number):
        """Until all of them have that frame."""
        waiting = {p.socket.fileno(): p for p in players
                   if p.newest() != number}
        poll = select.epoll()
        for handle in waiting:
            poll.register(handle, select.EPOLLIN)
        while waiting:
            ready = poll.poll(PATIENCE)
            self.assertTrue(ready, f'{len(waiting)} players wait for frame '
                            f'{number}')
            for handle, _ in ready:
                player = waiting[handle]
                player.receive()
                player.parse()
                self.assertFalse(player.closed, player.told)
                if player.newest() == number:
                    poll.unregister(handle)
                    del waiting[handle]
        poll.close()

    def run_stream(self, publisher, slow, fast, n_frames):
        for number in range(1, n_frames):
            publisher.push(number)
            for player in slow:
                player.receive(SLOW_BYTES)
            self.wait_for(fast, number)

    def reports(self, server, name):
        """(peer, bytes behind) of each message of that name."""
        return [(peer, int(lag)) for peer, lag in re.findall(
            name + r',.*? peer=\(string\)([^,;]+),.*? '
            r'lag-bytes=\(guint64\)(\d+)', server.text)]

    def check_fast(self, fast, n_frames):
        for player in fast:
            self.assertEqual([n for n, _ in player.got if n >= 0],
                             list(range(n_frames)))

    def test_resync(self):
        """Each goes on at keyframes, and its player can decode what it got."""
        n_frames = 150
        server, publisher, slow, fast = self.begin('resync')
        self.run_stream(publisher, slow, fast, n_frames)
        publisher.close()
        for player in slow:
            player.socket.settimeout(PATIENCE)
            while player.receive():
                pass
            player.parse()
        self.assertEqual(server.wait(PATIENCE), 0, str(server))
        self.check_fast(fast, n_frames)
        reports = self.reports(server, 'arcly-player-lagged')
        self.assertEqual({peer for peer, _ in reports},
                         {player.name for player in slow})
        for _, lag in reports:
            self.assertGreater(lag, MAX_LAG)
            self.assertLess(lag, MAX_LAG + 10 * FRAME)
        for player in slow:
            self.check_decodable(player)

    def check_decodable(self, player):
        """Behind each gap are a sequence header and a keyframe."""
        gaps, before, header = 0, None, False
        for number, key in player.got:
            if number >= 0 and before is not None and number != before + 1:
                gaps += 1
                self.assertTrue(header and key, player.got)
            header = number < 0
            before = number if number >= 0 else before
        self.assertGreater(gaps, 0, player.got)

    def test_evict(self):
        """Each is told why, and gone; memory does not grow with the stream."""
        n_frames = 120
        server, publisher, slow, fast = self.begin('evict')
        self.run_stream(publisher, slow, fast, n_frames)
        self.check_fast(fast, n_frames)
        for player in slow:
            server.wait_for(rf'arcly-player-evicted,.*peer=\(string\)'
                            rf'{re.escape(player.name)},', PATIENCE)
        publisher.close()
        self.assertEqual(server.wait(PATIENCE), 0, str(server))
        reports = self.reports(server, 'arcly-player-evicted')
        self.assertEqual(sorted(peer for peer, _ in reports),
                         sorted(player.name for player in slow))

    def test_memory(self):
        """Of a stream of 96 MB to players that read nothing."""
        server, publisher, slow, fast = self.begin('resync')
        for player in fast:
            player.socket.close()
        before = self.peak(server)
        for number in range(1, 193):
            publisher.push(number, 512 << 10)
        publisher.close()
        # The peak, so after the end too, but the process must be there.
        server.wait_for('arcly-publish-end', PATIENCE)
        self.assertLess(self.peak(server) - before, 64 << 10)
        self.assertEqual(server.wait(PATIENCE), 0, str(server))
        self.assertEqual(
            {peer for peer, _ in self.reports(server, 'arcly-player-lagged')},
            {player.name for player in slow})

    def peak(self, server):
        """Most memory that the server had, in KiB."""
        with open(f'/proc/{server.pid}/status', encoding='ascii') as file:
            return int(re.search(r'VmHWM:\s+(\d+)', file.read())[1])


if __name__ == '__main__':
    unittest.main()
