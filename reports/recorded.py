"""What the history keeps of a run: the outcomes of each module in a compact form. Pure.

A nightly has a million outcomes. In this form they all fit in memory at once, so a run's `outcomes.jsonl` files are
read once: for judging, for comparing cells and for the history.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence

import msgspec

from matrix.outcome import LETTERS, ModuleResult, Status

_LONGEST = 1e9
"""seconds; a duration that no test can have must not keep the others from being recorded"""


class RecordedModule(msgspec.Struct, frozen=True, kw_only=True):
    """The outcomes of one module in one run of a cell."""

    tests: tuple[str, ...]
    """in order of their names; a test that the module has twice is listed twice"""
    statuses: tuple[Status, ...]
    """one for each test; tests of the same name are in order of status and duration"""
    durations: Sequence[float]
    """one for each test, in seconds with 32-bit precision"""
    duration: float
    """seconds, of the whole module"""
    digest: str = ""
    """see `ModuleResult.digest`"""
    reused: str = ""
    """the run that observed these outcomes, when this run took them from there"""
    faulty: bool = False
    """whether the harness failed to run the module"""


class RecordedResults(msgspec.Struct, frozen=True, kw_only=True):
    """The results of a tested cell."""

    modules: Mapping[str, RecordedModule]
    whole: bool
    """whether the modules were run with all of their tests"""
    complete: bool
    """whether these are all modules of the suite"""
    startup: float | None = None
    """seconds that a guest took to start, on average; None when none was started"""


def recorded(result: ModuleResult) -> RecordedModule:
    """A module's result as the history keeps it."""
    outcomes = sorted((one.test, LETTERS[one.status], _bounded(one.duration), one.status) for one in result.outcomes)
    return RecordedModule(
        tests=tuple(test for test, _, _, _ in outcomes),
        statuses=tuple(status for _, _, _, status in outcomes),
        durations=array("f", (seconds for _, _, seconds, _ in outcomes)),
        duration=_bounded(result.duration),
        digest=result.digest,
        reused=result.reused,
        faulty=bool(result.fault),
    )


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), _LONGEST)
