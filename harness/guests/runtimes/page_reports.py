"""What a page reports about its guest (`pages/report.js`): numbered messages, each taken once and in order.

A message is a line `PAGE NUMBER KIND LENGTH` and then so many bytes. These are the kinds:

    events   what the driver wrote
    output   what the guest printed
    end      the guest's exit status

What was not answered with its number, the page sends again when it has a new connection, so a message may come twice. A
guest has one page: it is the first one that reports, and its name is random. Another one, as when a tab is loaded
again, is refused.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping

from harness.guests.runtimes.ends import TRAPPED


class PageReports:
    """The state of one guest's page, as its reports and its connection tell it."""

    def __init__(
        self,
        take_events: Callable[[bytes], object],
        take_output: Callable[[bytes], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sinks: Mapping[str, Callable[[bytes], object]] = {
            "events": take_events,
            "output": take_output,
            "end": self._take_end,
        }
        self._clock = clock
        self._lock = threading.Lock()
        self._page: bytes | None = None
        """the name of the guest's page, once it has reported"""
        self._last = 0
        """the number of the last message"""
        self._open = 0
        """the page's connections"""
        self._lost: float | None = None
        """when the last of them ended"""
        self.ended = threading.Event()
        self.status = TRAPPED
        """the guest's exit status, once it has ended"""
        self.closed = False
        """whether the page said that it goes: somebody closed it, or opened another one in its tab"""

    def take(self, body: bytes) -> bytes:
        """Take one message, and return the number of the last one. Raises ValueError for what is no message."""
        head, _, data = body.partition(b"\n")
        try:
            page, number, kind, length = head.decode("ascii").split(" ")
            sink, place, size = self._sinks[kind], int(number), int(length)
        except (ValueError, KeyError):
            raise ValueError(f"this is no report: {head[:200]!r}") from None
        if size != len(data):
            raise ValueError(f"report {place} has {len(data)} bytes, not {size}")
        with self._lock:
            self._check(page.encode())
            if place > self._last + 1:
                raise ValueError(f"report {place} comes after report {self._last}")
            if place == self._last + 1:
                sink(data)
                self._last = place
            return str(self._last).encode()

    def fail(self, body: bytes) -> bytes:
        """The page says that its worker ended by an error, and which. It may say so twice."""
        page, _, message = body.partition(b"\n")
        with self._lock:
            self._check(page)
            if not self.ended.is_set():
                self._sinks["output"](message)
                self.ended.set()
        return b""

    def close(self, body: bytes) -> bytes:
        """The page says that it goes. One that has not reported may be that of an earlier guest."""
        with self._lock:
            if body != self._page:
                raise ValueError("this is not the guest's page")
            self.closed = True
        return b""

    @contextlib.contextmanager
    def connection(self) -> Iterator[Callable[[bytes], bytes]]:
        """The page is there while the context lasts, and reports to the function that it yields (`take`)."""
        with self._lock:
            self._open += 1
        try:
            yield self.take
        finally:
            with self._lock:
                self._open -= 1
                self._lost = self._clock()

    @property
    def was_there(self) -> bool:
        """Whether the page has been opened."""
        with self._lock:
            return self._open > 0 or self._lost is not None

    def lost_for(self) -> float:
        """The seconds since the page's connection was lost; 0 while it has one, or has had none yet."""
        with self._lock:
            return 0.0 if self._open or self._lost is None else self._clock() - self._lost

    def _check(self, page: bytes) -> None:
        if self._page is None:
            self._page = page
        if page != self._page:
            raise ValueError("this is no report of the guest's page: another one has the guest")

    def _take_end(self, data: bytes) -> None:
        text = data.decode("ascii", "replace")
        self.status = int(text) if text.isdigit() else TRAPPED
        self.ended.set()
