"""The outcomes of a cell's modules over many runs, stored only where they change. Pure.

From one night to the next nearly nothing changes.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

_GLANCE = 16
"""bytes of a glance for each module"""
_MOST_TENTHS = (1 << 32) - 1


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """One cell over the runs that tested it."""

    runs: list[str]
    """run ids, the oldest first"""
    modules: list[str]
    tenths: list[tuple[int | None, ...]]
    """for each run, the tenths of seconds that each module took; None for a module that did not run"""
    spans: list[list[tuple[int, int, str]]]
    """for each module, the runs in which its outcomes change: index of the run, number of its list of tests, and a
    letter for each test (matrix.outcome.LETTERS)"""
    lists: dict[int, tuple[str, ...]]
    """the sorted names of tests, by the number of the list"""


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
    """skips that nothing explains; None in a history of schema 1"""
    durations: dict[str, float]
    wasm_bytes: int | None
    """the size of python.wasm; None in a history before schema 3, or where it is not known"""
    startup: float | None
    """seconds that a guest took to start, on average; None in a history before schema 3, or when none was started"""


def glance_of(rows: Sequence[tuple[int, float, int, str]]) -> bytes:
    """The outcomes of a cell's modules in a compact form, which history/tables.sql describes.

    Each row has the module's number, its seconds, the number of its list of tests, and a letter for each test. The rows
    are in order of the modules' numbers.
    """
    digests = (hashlib.blake2b(f"{tests} {letters}".encode(), digest_size=8).digest() for _, _, tests, letters in rows)
    modules = struct.pack(f"<{len(rows)}I", *(row[0] for row in rows))
    tenths = struct.pack(f"<{len(rows)}I", *(min(round(row[1] * 10), _MOST_TENTHS) for row in rows))
    return modules + b"".join(digests) + tenths


class Unfolded(NamedTuple):
    """Like `Timeline`, with the numbers of modules instead of their names."""

    modules: tuple[int, ...]
    tenths: list[tuple[int | None, ...]]
    spans: list[list[tuple[int, int, str]]]


def unfolded(glances: Sequence[bytes], outcomes_of: Callable[[int, int], tuple[int, str]]) -> Unfolded:
    """The timeline of one cell from its glances, the oldest first.

    `outcomes_of` is called where something changes, with the index of a run and the number of a module. It returns the
    number of the module's list of tests and a letter for each test.
    """
    spans: dict[int, list[tuple[int, int, str]]] = {}
    newest: dict[int, int] = {}
    tenths: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    modules: tuple[int, ...] = ()
    before: tuple[int, ...] = ()
    """the digests of the glance before this one, if it has the same modules"""
    for run, glance in enumerate(glances):
        count = len(glance) // _GLANCE
        found = struct.unpack(f"<{count}I{count}Q{count}I", glance)
        digests = found[count : 2 * count]
        if found[:count] != modules:
            modules, before = found[:count], ()
        tenths.append((modules, found[2 * count :]))
        if digests == before:  # nothing has changed, as in most nights
            continue
        pairs = zip(modules, digests, before or (None,) * count, strict=True)
        for module, digest in [(module, digest) for module, digest, old in pairs if digest != old]:
            if newest.get(module) != digest:
                newest[module] = digest
                spans.setdefault(module, []).append((run, *outcomes_of(run, module)))
        before = digests
    every = tuple(sorted(spans))
    return Unfolded(
        modules=every,
        tenths=[
            seconds if modules == every else tuple(map(dict(zip(modules, seconds, strict=True)).get, every))
            for modules, seconds in tenths
        ],
        spans=[spans[module] for module in every],
    )


def differing(one: bytes, other: bytes) -> set[int]:
    """The numbers of the modules that have other outcomes in one of two glances, or that only one of them has."""
    digests = []
    for glance in (one, other):
        count = len(glance) // _GLANCE
        found = struct.unpack(f"<{count}I{count}Q{4 * count}x", glance)
        digests.append(set(zip(found[:count], found[count:], strict=True)))
    return {module for module, _ in digests[0] ^ digests[1]}


def changing(timeline: Timeline) -> list[str]:
    """The names of the modules whose outcomes change."""
    return [module for module, spans in zip(timeline.modules, timeline.spans, strict=True) if len(spans) > 1]


def without_constant(timeline: Timeline, run: str) -> Timeline:
    """A timeline without the outcomes of modules that never change.

    Modules that did not run in `run` keep theirs: the page has the outcomes of that run from elsewhere.
    """
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
