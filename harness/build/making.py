"""A plan that a thread executes while others wait for some of its steps."""

from __future__ import annotations

import threading
from collections.abc import Callable

from harness.build.step import Step
from harness.machine.branches import Branches


class Making:
    """The build Python, which is made in a branch."""

    def __init__(self, branches: Branches, make: Callable[[Callable[[Step], None]], None]) -> None:
        """Call `make` in a branch. It gets a function that it calls after each step."""
        self._condition = threading.Condition()
        self._done: set[str] = set()
        self._ended = False
        self._future = branches.start(lambda: self._make(make))

    def _make(self, make: Callable[[Callable[[Step], None]], None]) -> None:
        try:
            make(self._note)
        finally:
            with self._condition:
                self._ended = True
                self._condition.notify_all()

    def _note(self, step: Step) -> None:
        with self._condition:
            self._done.add(step.name)
            self._condition.notify_all()

    def wait_for(self, step: str) -> None:
        """Wait until a step is done. Raises what has ended the branch before that."""
        with self._condition:
            self._condition.wait_for(lambda: step in self._done or self._ended)
            if step in self._done:
                return
        self.finish()

    def finish(self) -> None:
        """Wait until all is done. Raises what has ended the branch before."""
        self._future.result()
