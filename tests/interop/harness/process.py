# SPDX-License-Identifier: MIT
"""Child processes whose output can be waited for."""

import os
import re
import signal
import subprocess
import threading
import time

POLL = 0.02
TICKS = os.sysconf('SC_CLK_TCK')


def wait_until(predicate, timeout, what):
    """Polls what another process does; its last value, or TimeoutError."""
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f'{what}: not within {timeout} s')
        pause.wait(POLL)


class Process:
    """A child process; both of its outputs end up in `text`."""

    def __init__(self, command, env=None, cwd=None, pass_fds=()):
        self.command = [str(c) for c in command]
        self.lines = []
        self.changed = threading.Condition()
        self.child = subprocess.Popen(
            self.command, env={**os.environ, **(env or {})}, cwd=cwd,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
            pass_fds=pass_fds)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.child.stdout:
            with self.changed:
                self.lines.append(line.decode(errors='replace').rstrip())
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    @property
    def text(self):
        with self.changed:
            return '\n'.join(self.lines)

    @property
    def pid(self):
        return self.child.pid

    @property
    def running(self):
        return self.child.poll() is None

    def wait_for(self, pattern, timeout):
        """Waits for a line that matches @pattern."""
        def found():
            return any(re.search(pattern, line) for line in self.lines)
        with self.changed:
            self.changed.wait_for(
                lambda: found() or not self.reader.is_alive(), timeout)
            if found():
                return
        raise TimeoutError(f'no "{pattern}" within {timeout} s:\n{self}')

    def wait(self, timeout):
        """Exit status; a child that does not end is shown and killed."""
        try:
            status = self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise TimeoutError(f'did not end within {timeout} s:\n{self}') \
                from None
        self.reader.join(5)
        return status

    def interrupt(self):
        self.child.send_signal(signal.SIGINT)

    def interrupt_group(self):
        """As Ctrl-C in a terminal does."""
        os.killpg(self.pid, signal.SIGINT)

    def kill(self):
        """As kill -9 does."""
        if self.running:
            self.child.kill()
        self.child.wait()

    def close(self):
        """For addCleanup: nothing of a test may outlive it."""
        self.kill()
        try:
            # A browser's helpers, which share its process group.
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.reader.join(5)
        self.child.stdout.close()

    def cpu_seconds(self):
        """User and system time so far."""
        with open(f'/proc/{self.pid}/stat', encoding='ascii') as file:
            fields = file.read().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def __str__(self):
        # The tracers' own chatter would bury what matters.
        text = '\n'.join(line for line in self.text.splitlines()
                         if 'gsttracer' not in line)
        return f'$ {" ".join(self.command)}\n{text}'
