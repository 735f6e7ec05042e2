# SPDX-License-Identifier: MIT
"""A headless Chromium, driven through its DevTools pipe."""

import json
import os
import select
import time

from .process import Process, wait_until

OPTIONS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--mute-audio',
           '--no-first-run', '--disable-background-networking',
           '--disable-component-update', '--disable-dev-shm-usage',
           '--autoplay-policy=no-user-gesture-required',
           '--remote-debugging-pipe']
ANSWER_SECONDS = 30


class Browser:
    """One page. Messages are JSON ended by a NUL byte, on descriptors 3, 4."""

    def __init__(self, folder, *options):
        from_us, self.write_end = os.pipe()
        self.read_end, to_us = os.pipe()
        for end in (from_us, to_us):
            os.set_inheritable(end, True)
        # The shell gives the pipes the numbers that Chromium wants.
        self.process = Process(
            ['sh', '-c', f'exec "$@" 3<&{from_us} 4>&{to_us}', 'sh',
             'chromium', *OPTIONS, *options, f'--user-data-dir={folder}', 'about:blank'],
            pass_fds=(from_us, to_us))
        os.close(from_us)
        os.close(to_us)
        self.buffer = b''
        self.last_id = 0
        self.session = None

    def receive(self):
        deadline = time.monotonic() + ANSWER_SECONDS
        while b'\0' not in self.buffer:
            left = max(0, deadline - time.monotonic())
            if not select.select([self.read_end], [], [], left)[0]:
                raise TimeoutError(f'Chromium is silent:\n{self.process}')
            data = os.read(self.read_end, 65536)
            if not data:
                raise ConnectionError(f'Chromium ended:\n{self.process}')
            self.buffer += data
        message, self.buffer = self.buffer.split(b'\0', 1)
        return json.loads(message)

    def call(self, method, **params):
        """Result of a DevTools method; events in between are passed over."""
        self.last_id += 1
        message = {'id': self.last_id, 'method': method, 'params': params}
        if self.session:
            message['sessionId'] = self.session
        os.write(self.write_end, json.dumps(message).encode() + b'\0')
        while True:
            answer = self.receive()
            if answer.get('id') == self.last_id:
                if 'error' in answer:
                    raise RuntimeError(f'{method}: {answer["error"]}')
                return answer['result']

    def open(self, url):
        target = self.call('Target.createTarget', url=url)['targetId']
        self.session = self.call('Target.attachToTarget', targetId=target,
                                 flatten=True)['sessionId']

    def evaluate(self, expression):
        return self.call('Runtime.evaluate', expression=expression,
                         returnByValue=True)['result'].get('value')

    def wait_true(self, expression, timeout):
        """Waits until @expression is true; the page's text if it never is."""
        try:
            wait_until(lambda: self.evaluate(expression), timeout, expression)
        except TimeoutError as error:
            page = self.evaluate('document.documentElement.outerHTML')
            raise TimeoutError(f'{error}\n{page}') from None

    def close(self):
        self.process.close()
        os.close(self.read_end)
        os.close(self.write_end)
