"""Who is told about the progress of steps."""

from __future__ import annotations

from typing import Protocol


class Watcher(Protocol):
    """Shows the progress of one step at a time."""

    def begin(self, title: str, expected: float) -> None:
        """A step starts; it is expected to take that many seconds."""

    def tick(self, elapsed: float) -> None:
        """The step is still running after that many seconds."""

    def end(self, outcome: str, elapsed: float) -> None:
        """The step ended, `done` or `failed`, after that many seconds."""


class Silent:
    """A watcher that shows nothing."""

    def begin(self, title: str, expected: float) -> None:
        pass

    def tick(self, elapsed: float) -> None:
        pass

    def end(self, outcome: str, elapsed: float) -> None:
        pass
