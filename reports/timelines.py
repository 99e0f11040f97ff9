"""What the modules of a cell came to, run after run, without what stays the same. Pure data.

From one night to the next nearly nothing changes: a module's outcomes are there once, and again where they change.
"""

from __future__ import annotations

import msgspec


class ModuleTimeline(msgspec.Struct, frozen=True, kw_only=True):
    """One module of a cell."""

    seconds: list[float | None]
    """one a run of the cell; None where the module was not run"""
    spans: list[tuple[int, int, str]]
    """from which run on: its list of tests, and a letter for each of them (harness.outcome.LETTERS)"""


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """One cell over the runs that tested it."""

    runs: list[str]
    """their ids, the oldest first"""
    modules: dict[str, ModuleTimeline]
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


def without_constant(timeline: Timeline, run: str) -> Timeline:
    """A timeline without the outcomes of modules that came to the same in all runs, `run` among them."""
    if run not in timeline.runs:
        return timeline
    place = timeline.runs.index(run)
    modules = {
        name: ModuleTimeline(seconds=one.seconds, spans=[])
        if len(one.spans) == 1 and one.seconds[place] is not None
        else one
        for name, one in timeline.modules.items()
    }
    used = {span[1] for one in modules.values() for span in one.spans}
    lists = {number: tests for number, tests in timeline.lists.items() if number in used}
    return Timeline(runs=timeline.runs, modules=modules, lists=lists)
