from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.commands.watching import INTERRUPTED, watched
from matrix.errors import UsageError


class Scene:
    """A tree that changes as it is looked at, and runs that end in some way."""

    def __init__(self, looks: str, *runs: Callable[[], int]) -> None:
        self._looks: Iterator[str] = iter(looks)
        self._runs = iter(runs)
        self.ran = 0
        self.pauses = 0
        self.said: list[str] = []

    def once(self) -> int:
        self.ran += 1
        return next(self._runs)()

    def look(self) -> str:
        found = next(self._looks, None)
        if found is None:
            raise KeyboardInterrupt
        return found

    def pause(self) -> None:
        self.pauses += 1

    def watch(self) -> int:
        return watched(self.once, self.look, pause=self.pause, say=self.said.append)


def mistake() -> int:
    raise UsageError("a mistake")


def test_each_edit_is_followed_by_a_run() -> None:
    scene = Scene("aaab" + "bb" + "bc" + "cc" + "c", lambda: 1, lambda: 0, lambda: 1)
    assert scene.watch() == 1
    assert scene.ran == 3
    assert len(scene.said) == 3


def test_an_edit_during_a_run_is_followed_by_another_one() -> None:
    scene = Scene("a" + "bb" + "b", lambda: 1, lambda: 0)
    assert scene.watch() == 0
    assert scene.ran == 2


def test_a_run_waits_until_nothing_is_written_any_more() -> None:
    scene = Scene("a" + "bcdd" + "d", lambda: 1, lambda: 0)
    assert scene.watch() == 0
    assert (scene.ran, scene.pauses) == (2, 2)


def test_a_mistake_is_told_and_the_next_edit_is_waited_for() -> None:
    scene = Scene("abbb", mistake, lambda: 0)
    assert scene.watch() == 0
    assert scene.said[0] == "error: a mistake"


def test_a_run_that_was_interrupted_ends_it() -> None:
    scene = Scene("abbb", lambda: INTERRUPTED)
    assert scene.watch() == INTERRUPTED
    assert (scene.ran, scene.said) == (1, [])
