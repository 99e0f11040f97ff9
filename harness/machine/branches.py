"""Branches of work that run side by side, each in a thread, and end together.

Ctrl-C and SIGTERM raise in the main thread only. So whatever takes long in a branch (a command, a download, an archive,
a lock) calls `check_stopped` several times a second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import ContextVar
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")

CHECK = 0.2
"""seconds between two checks"""
_PATIENCE = 15.0
"""seconds that branches get to end; a server that says nothing more can hold one up for longer"""

_STOP: ContextVar[threading.Event | None] = ContextVar("_STOP", default=None)
"""set when this thread's branches have to end; None in the main thread"""


class Stopped(BaseException):
    """This branch has to end, because of what happened in another one. Like KeyboardInterrupt, it is no error."""


def check_stopped() -> None:
    """Raise Stopped in a branch that has to end."""
    stop = _STOP.get()
    if stop is not None and stop.is_set():
        raise Stopped


class Branches:
    """A context for branches. Leaving it waits for them; an exception that leaves it stops them before."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, call: Callable[[], T]) -> Future[T]:
        """Run `call` in a thread. Its result, or what it raises, is that of the future."""
        future: Future[T] = Future()

        def run() -> None:
            _STOP.set(self._stop)
            try:
                future.set_result(call())
            except BaseException as exc:
                future.set_exception(exc)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self._threads.append(thread)
        return future

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None:
                for thread in self._threads:
                    thread.join()
        finally:
            self._stop.set()
            deadline = time.monotonic() + _PATIENCE
            for thread in self._threads:
                thread.join(max(deadline - time.monotonic(), 0))
