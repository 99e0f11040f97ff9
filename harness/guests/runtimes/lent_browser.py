"""A browser that is kept for several guests, in the process of one of them."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil

from harness.guests.runtimes.browser_specs import BrowserStart, Kept
from harness.guests.runtimes.started_browser import StartedBrowser

_COMES = 10.0
"""seconds in which a page that other guests have had comes for the next one"""


class LentBrowser:
    """As a `StartedBrowser`, but it stays."""

    def __init__(self, start: BrowserStart, kept: Kept, clock: Callable[[], float] = time.monotonic) -> None:
        self._start = start
        self._kept = kept
        self._clock = clock
        self._begun = clock()
        self._had_page = kept.place.shown.exists()

    def poll(self) -> int | None:
        """The exit status of the command, or None while it runs. Raises OSError when it could not be started."""
        place = self._kept.place
        if place.failed.exists():
            raise OSError(place.failed.read_text("utf-8"))
        return int(place.ended.read_text("ascii")) if place.ended.exists() else None

    def has_lost_its_page(self) -> bool:
        """Whether it has ended since an earlier guest, or its tab has, given that no page came for this guest yet."""
        return self._had_page and (self.poll() is not None or self._clock() - self._begun > _COMES)

    def replace(self, url: str) -> StartedBrowser:
        """Start a browser that opens the guest's page in place of this one, which is not lent again."""
        self._kept.place.lost.touch()
        for link in (self._start.profile, self._start.log):  # to those of this one
            link.unlink()
        return StartedBrowser(self._start, url)

    def has_left_processes(self) -> bool:
        """Whether something runs that the command has started."""
        return psutil.pid_exists(self._kept.keeper)

    def signs(self) -> str:
        """What the browser has left: the end of what it printed, and whether it has not used its profile."""
        return self._start.signs()
