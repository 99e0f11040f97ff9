"""Run a guest: a process whose output is kept and limited."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.machine.process import KILL_WAIT, PIPE, STDOUT, Process, cpu_of

UMASK = 0o022
"""every guest's, so that tests see the same modes of files whatever the user's umask is"""


class GuestProcess:
    """The host process that runs one guest (a wasmtime, a Node), and the output of both its streams.

    The first `keep` and the last `keep` bytes of the output are kept. A process that writes more than
    `output_limit` bytes is killed, and `overflowed` is set. `companion` is the number of a process that works for the
    guest, too, and may outlive it.
    """

    keep = 128 * 1024

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        output_limit: int,
        descriptors: Sequence[int] = (),
        companion: int | None = None,
    ) -> None:
        self.argv = tuple(argv)
        self.overflowed = False
        self.written = 0
        """bytes of output so far"""
        self._limit = output_limit
        self._head = bytearray()
        self._tail = bytearray()
        self._process = Process(
            argv, env=env, cwd=cwd, stdout=PIPE, stderr=STDOUT, umask=UMASK, descriptors=descriptors
        )
        self._companion = companion
        self._companion_before = 0.0 if companion is None else cpu_of(companion)
        self._companion_cpu = 0.0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while chunk := self._process.read():
            self.written += len(chunk)
            if self.written > self._limit:
                self.overflowed = True
                self._process.kill()
                break
            room = self.keep - len(self._head)
            self._head += chunk[:room]
            self._tail += chunk[max(room, 0) :]
            del self._tail[: -self.keep]

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def output(self) -> str:
        """The output so far, without its middle when it is long."""
        head, tail = self._head.decode("utf-8", "backslashreplace"), bytes(self._tail)
        left_out = self.written - len(self._head) - len(tail)
        gap = f"\n[... {left_out} bytes left out ...]\n" if left_out > 0 else ""
        return head + gap + tail.decode("utf-8", "backslashreplace")

    def cpu(self) -> float:
        """The processor seconds of the process, its companion and their descendants so far."""
        if self._companion is not None:
            self._companion_cpu = max(self._companion_cpu, cpu_of(self._companion) - self._companion_before)
        return self._process.cpu() + self._companion_cpu

    def poll(self) -> int | None:
        """The return code (negative for a signal), or None while the process runs."""
        return self._process.poll()

    def wait(self, timeout: float) -> int | None:
        """The return code, or None when the process still runs after `timeout` seconds."""
        code = self._process.wait(timeout)
        if code is not None:
            self._reader.join(KILL_WAIT)
        return code

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process and its children, as a terminal does."""
        self._process.send(number)

    def kill(self) -> None:
        """Kill the process and its children."""
        self._process.kill()
        self._reader.join(KILL_WAIT)
        self._process.close()
        self.cpu()
        self._companion = None  # it may work for the next guest now
