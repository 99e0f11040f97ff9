"""A browser that is kept for several guests, in the process of one of them."""

from __future__ import annotations

import psutil

from harness.guests.runtimes.browser_specs import BrowserStart, Kept


class LentBrowser:
    """As a `StartedBrowser`, but it stays."""

    def __init__(self, start: BrowserStart, kept: Kept) -> None:
        self._start = start
        self._kept = kept

    def poll(self) -> int | None:
        """The exit status of the command, or None while it runs. Raises OSError when it could not be started."""
        place = self._kept.place
        if place.failed.exists():
            raise OSError(place.failed.read_text("utf-8"))
        return int(place.ended.read_text("ascii")) if place.ended.exists() else None

    def has_left_processes(self) -> bool:
        """Whether something runs that the command has started."""
        return psutil.pid_exists(self._kept.keeper)

    def signs(self) -> str:
        """What the browser has left: the end of what it printed, and whether it has not used its profile."""
        return self._start.signs()
