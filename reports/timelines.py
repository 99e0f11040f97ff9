"""What the modules of a cell came to, run after run, without what stays the same. Pure data.

From one night to the next nearly nothing changes: a module's outcomes are there once, and again where they change.
"""

from __future__ import annotations

import msgspec


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """One cell over the runs that tested it."""

    runs: list[str]
    """their ids, the oldest first"""
    modules: list[str]
    tenths: list[tuple[int | None, ...]]
    """one a run, tenths of seconds of each module; None where it was not run"""
    spans: list[list[tuple[int, int, str]]]
    """of each module, from which run on: its list of tests, and a letter for each of them (harness.outcome.LETTERS)"""
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
