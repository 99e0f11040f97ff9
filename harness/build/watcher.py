"""Who is told about the progress of steps."""

from __future__ import annotations

from typing import Protocol


class StepWatcher(Protocol):
    """Shows the progress of one step."""

    def tick(self, elapsed: float) -> None:
        """The step is still running after that many seconds."""

    def end(self, outcome: str, elapsed: float) -> None:
        """The step ended, `done`, `failed` or `stopped`, after that many seconds."""


class Watcher(Protocol):
    """Shows the progress of steps. Threads may run several at once."""

    def begin(self, title: str, expected: float) -> StepWatcher:
        """A step starts; it is expected to take that many seconds."""


class Silent:
    """A watcher that shows nothing, and the watcher of each of its steps."""

    def begin(self, title: str, expected: float) -> Silent:
        return self

    def tick(self, elapsed: float) -> None:
        pass

    def end(self, outcome: str, elapsed: float) -> None:
        pass
