"""Measures what each flavour of an Emscripten build costs: several targets of one CPython and SDK, one after the other.

The first pays for configure's checks, the build Python and the SDK's libraries; the others share them.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from harness.cells.prepare import PrepareOptions, Preparer
from harness.guests.settings import Limits
from harness.machine.store import Store
from matrix.expand import expand
from matrix.load import load
from matrix.resolve import resolve
from matrix.select import Selection, select

TARGETS = ("node", "node-dl", "node-pthreads", "browser")


class Steps(msgspec.Struct, frozen=True, kw_only=True):
    """The steps of one flavour's build with the seconds that each took, in order."""

    target: str
    steps: dict[str, float]


class Stopwatch:
    """A watcher that records how long each step took; some run side by side."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}

    def begin(self, title: str, expected: float) -> _Timed:
        return _Timed(self.steps, title)


class _Timed:
    """A watcher of one step."""

    def __init__(self, steps: dict[str, float], title: str) -> None:
        self._steps = steps
        self._title = title

    def tick(self, elapsed: float) -> None:
        pass

    def end(self, outcome: str, elapsed: float) -> None:
        self._steps[self._title] = round(elapsed, 1)


def measure(directory: Path, store: Store) -> list[Steps]:
    """Build the flavours in a fresh cache that has the provisioned parts of `store`, but no builds."""
    cache = directory / "cache"
    cache.mkdir(parents=True)
    for name in ("downloads", "entries"):
        (cache / name).symlink_to(store.root / name)
    matrix = load()
    expansion = expand(matrix)
    found = []
    for target in TARGETS:
        selection = Selection(target=(target,), sdk=("3.1.69",), cpython=("3.11.2",))
        watch = Stopwatch()
        preparer = Preparer(Store(cache), PrepareOptions(jobs=os.cpu_count() or 1), watch, print)
        preparer.prepare(resolve(matrix, select(expansion, selection)[0]), Limits())
        found.append(Steps(target=target, steps=watch.steps))
    return found


def show(found: list[Steps], console: Console) -> None:
    table = Table(box=None)
    for heading in ("target", "step", "s"):
        table.add_column(heading, justify="right" if heading == "s" else "left")
    for row in found:
        for title, seconds in row.steps.items():
            table.add_row(row.target, title, f"{seconds:.0f}")
    console.print(table)
