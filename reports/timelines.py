"""What the modules of a cell came to, run after run, without what stays the same. Pure.

From one night to the next nearly nothing changes: a module's outcomes are there once, and again where they change.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

_GLANCE = 16
"""bytes that a glance has for each module"""
_MOST_TENTHS = (1 << 32) - 1


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """One cell over the runs that tested it."""

    runs: list[str]
    """their ids, the oldest first"""
    modules: list[str]
    tenths: list[tuple[int | None, ...]]
    """one a run, tenths of seconds of each module; None where it was not run"""
    spans: list[list[tuple[int, int, str]]]
    """of each module, from which run on: its list of tests, and a letter for each of them (matrix.outcome.LETTERS)"""
    lists: dict[int, tuple[str, ...]]
    """the lists of tests, in order of their names"""


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """How a cell ended in one run."""

    run: str
    started: str
    cell: str
    status: str
    tested: bool
    counts: dict[str, int]
    verdicts: dict[str, int]
    unattributed: int | None
    """skips that nothing explains; None where it was not recorded"""
    durations: dict[str, float]


def glance_of(rows: Sequence[tuple[int, float, int, str]]) -> bytes:
    """What the modules of a cell came to at a glance, as history.sql describes it.

    The rows, in order of module: its number, seconds, the number of its list of tests, a letter for each test.
    """
    digests = (hashlib.blake2b(f"{tests} {letters}".encode(), digest_size=8).digest() for _, _, tests, letters in rows)
    modules = struct.pack(f"<{len(rows)}I", *(row[0] for row in rows))
    tenths = struct.pack(f"<{len(rows)}I", *(min(round(row[1] * 10), _MOST_TENTHS) for row in rows))
    return modules + b"".join(digests) + tenths


class Unfolded(NamedTuple):
    """What glances at one cell say: of the numbers of modules, in order, what `Timeline` has of their names."""

    modules: tuple[int, ...]
    tenths: list[tuple[int | None, ...]]
    spans: list[list[tuple[int, int, str]]]


def unfolded(glances: Sequence[bytes], came_to: Callable[[int, int], tuple[int, str]]) -> Unfolded:
    """What the glances of runs say, one after the other.

    `came_to` is asked for what changes: of a run's place and a module the list of tests and their letters.
    """
    spans: dict[int, list[tuple[int, int, str]]] = {}
    known: dict[int, int] = {}
    tenths: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    before: tuple[int, ...] = ()
    for run, glance in enumerate(glances):
        count = len(glance) // _GLANCE
        found = struct.unpack(f"<{count}I{count}Q{count}I", glance)
        modules, digests = found[:count], found[count : 2 * count]
        tenths.append((modules, found[2 * count :]))
        if before == found[: 2 * count]:  # most nights
            continue
        before = found[: 2 * count]
        for module, digest in set(zip(modules, digests, strict=True)).difference(known.items()):
            known[module] = digest
            spans.setdefault(module, []).append((run, *came_to(run, module)))
    every = tuple(sorted(spans))
    return Unfolded(
        modules=every,
        tenths=[
            seconds if modules == every else tuple(map(dict(zip(modules, seconds, strict=True)).get, every))
            for modules, seconds in tenths
        ],
        spans=[spans[module] for module in every],
    )


def changing(timeline: Timeline) -> list[str]:
    """The modules that did not come to the same in all runs."""
    return [module for module, spans in zip(timeline.modules, timeline.spans, strict=True) if len(spans) > 1]


def without_constant(timeline: Timeline, run: str) -> Timeline:
    """A timeline without the outcomes of modules that came to the same in all runs, `run` among them."""
    if run not in timeline.runs:
        return timeline
    there = timeline.tenths[timeline.runs.index(run)]
    spans = [
        [] if len(found) == 1 and tenths is not None else found
        for found, tenths in zip(timeline.spans, there, strict=True)
    ]
    used = {number for found in spans for _, number, _ in found}
    lists = {number: tests for number, tests in timeline.lists.items() if number in used}
    return msgspec.structs.replace(timeline, spans=spans, lists=lists)
