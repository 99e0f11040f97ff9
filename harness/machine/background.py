"""Run a command beside others, on processors of its own."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from harness.machine.process import STDOUT, Process


class Background:
    """A command that runs beside others, with both its outputs appended to `log`.

    The command and its children stay on `processors`, if any are given.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log: Path,
        processors: Collection[int] = (),
    ) -> None:
        self.started = time.time()
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as file:
            file.write(f"$ {shlex.join(argv)}\n".encode())
            file.flush()
            self._process = Process(argv, env=env, cwd=cwd, stdout=file.fileno(), stderr=STDOUT)
        if processors:
            with contextlib.suppress(ProcessLookupError):  # it has ended already
                os.sched_setaffinity(self._process.pid, processors)

    def poll(self) -> int | None:
        """The return code (negative for a signal), or None while the command runs."""
        return self._process.poll()

    @property
    def cpu(self) -> float:
        """The processor seconds of the command so far, and of its children that have ended."""
        return self._process.cpu()

    def interrupt(self) -> None:
        """Interrupt the command and its children, as Ctrl-C on a terminal does."""
        self._process.send(signal.SIGINT)

    def kill(self) -> None:
        """Kill the command and its children."""
        if self.poll() is None:
            self._process.kill()
