"""The summary of a run, the content of summary.json. Pure. docs/reference/summary.md describes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from matrix.model import Cell
from matrix.outcome import Status
from matrix.rules import AllowedToFail
from reports.build_facts import BuildFacts
from reports.causes import Cause, causes_of
from reports.differences import Comparison
from reports.runtimes import RuntimeTable
from reports.unexpected import Unexpected
from reports.verdict import RED_VERDICTS, CellVerdicts, Verdict

SCHEMA = 1


class CellStatus(StrEnum):
    """How a cell ended."""

    OK = "ok"
    UNEXPECTED = "unexpected"
    BUILD_FAILED = "build-failed"
    UNOBTAINABLE = "unobtainable"
    ERROR = "error"


class SdkUsed(msgspec.Struct, frozen=True, kw_only=True):
    """The SDK that a cell used, and where it came from."""

    id: str
    version: str
    provider: str = ""
    detail: str = ""


class CPythonUsed(msgspec.Struct, frozen=True, kw_only=True):
    """The CPython that a cell used, and where it came from."""

    version: str
    provider: str = ""
    detail: str = ""


class RuntimeUsed(msgspec.Struct, frozen=True, kw_only=True):
    """The runtime that a cell used, and where it came from."""

    name: str
    version: str
    provider: str = ""
    detail: str = ""


class Modules(msgspec.Struct, frozen=True, kw_only=True):
    """The test modules of a cell in numbers."""

    planned: int = 0
    run: int = 0
    vacuous: tuple[str, ...] = ()
    reused: int = 0
    """the number of modules with the results of an earlier run, because nothing that they depend on has changed"""

    @property
    def reuse(self) -> str:
        """How many have an earlier run's results, in words."""
        return reuse_in_words(self.reused, self.run)


def reuse_in_words(reused: int, run: int) -> str:
    """How many of the modules that were run have an earlier run's results."""
    return f"{reused} of {run} modules have an earlier run's results: nothing that they depend on has changed"


class CellSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One cell of a run."""

    id: str
    target: str
    sdk: SdkUsed
    cpython: CPythonUsed
    runtime: RuntimeUsed
    status: CellStatus
    expected: bool = False
    """whether the build was expected to fail"""
    allowed_to_fail: str = ""
    """why a failing build and red outcomes do not affect the exit status; "" where they do"""
    may_be_missing: bool = False
    """whether it does not affect the exit status when it is not available"""
    reason: str = ""
    """why it was not tested"""
    modules: Modules = Modules()
    counts: dict[Status, int] = {}
    verdicts: dict[Verdict, int] = {}
    unattributed_skips: int = 0
    durations_s: dict[str, float] = {}
    notes: tuple[str, ...] = ()
    """what a reader should know, such as fallbacks and limits"""
    build: BuildFacts = BuildFacts()
    """what the build is; empty where it does not exist"""
    host: str = ""
    """the machine that ran it: system, kernel, processor, C library, and the harness's Python"""

    @property
    def red(self) -> int:
        """The number of outcomes with a red verdict."""
        return sum(self.verdicts.get(verdict, 0) for verdict in RED_VERDICTS)

    @property
    def forgiven(self) -> bool:
        """Whether it failed and is allowed to."""
        return self.status in (CellStatus.UNEXPECTED, CellStatus.BUILD_FAILED) and bool(self.allowed_to_fail)

    @property
    def missing(self) -> bool:
        """Whether it is not available and need not be."""
        return self.status is CellStatus.UNOBTAINABLE and self.may_be_missing


_LOG = re.compile(r"logs/[A-Za-z0-9][A-Za-z0-9._+-]*")


class BuildStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a cell's build."""

    title: str
    command: str
    seconds: float | None
    log: str = ""
    """the file with its output, relative to the cell's directory, such as `logs/make.log`; "" when there is none"""

    def __post_init__(self) -> None:
        # The page links to it, and a run may come from a stranger.
        if not _LOG.fullmatch(self.log):
            msgspec.structs.force_setattr(self, "log", "")


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A run."""

    schema: int = SCHEMA
    run_id: str
    started: str
    duration_s: float
    exit_status: int
    interrupted: bool = False
    cells: tuple[CellSummary, ...]
    unexpected: tuple[Unexpected, ...]
    causes: tuple[Cause, ...] = ()
    """what is unexpected, by what it has in common"""
    comparisons: tuple[Comparison, ...] = ()
    """one for each CPython version that has several cells"""
    runtimes: tuple[RuntimeTable, ...] = ()
    """one for each build that several runtimes executed"""
    harness: str = ""
    """the digest of the harness's files that decide outcomes, when the run started"""
    limitations: str = ""
    """the digest of the list of limitations by which it was judged"""


def untested_cell(
    cell: Cell, status: CellStatus, reason: str, *, expected: bool = False, notes: Sequence[str] = ()
) -> CellSummary:
    """The summary of a cell without outcomes; `reason` says why, `expected` whether its build was expected to fail."""
    return CellSummary(
        id=cell.id,
        target=cell.build.target.id,
        sdk=SdkUsed(id=cell.build.sdk.id, version=cell.build.sdk.version),
        cpython=CPythonUsed(version=cell.build.cpython.version),
        runtime=RuntimeUsed(name=cell.runtime.name, version=cell.runtime.version),
        status=status,
        expected=expected,
        reason=reason,
        notes=tuple(notes),
    )


def judged_cell(
    base: CellSummary, verdicts: CellVerdicts, durations: dict[str, float], *, fault: str = ""
) -> CellSummary:
    """The summary of a tested cell; `base` has its versions and notes, `fault` says what the harness did wrong."""
    status = CellStatus.OK if verdicts.green else CellStatus.UNEXPECTED
    counts, kinds = verdicts.counts, verdicts.verdicts
    modules = Modules(planned=verdicts.planned, run=verdicts.run, vacuous=verdicts.vacuous, reused=verdicts.reused)
    notes = base.notes
    if modules.reused:
        notes += (modules.reuse,)
    return msgspec.structs.replace(
        base,
        status=CellStatus.ERROR if fault else status,
        reason=fault or base.reason,
        modules=modules,
        counts={status: counts[status] for status in Status},
        verdicts={verdict: kinds[verdict] for verdict in Verdict},
        unattributed_skips=len(verdicts.unattributed),
        durations_s=durations,
        notes=notes,
    )


def allowed(summary: CellSummary, rule: AllowedToFail | None) -> CellSummary:
    """A cell's summary with the reason of the rule that allows it to fail, if there is one."""
    return msgspec.structs.replace(summary, allowed_to_fail=rule.reason if rule else "")


def run_summary(
    run_id: str,
    started: str,
    duration: float,
    cells: Sequence[CellSummary],
    unexpected: Sequence[Unexpected],
    comparisons: Sequence[Comparison],
    *,
    interrupted: bool,
    runtimes: Sequence[RuntimeTable] = (),
    harness: str = "",
    limitations: str = "",
) -> Summary:
    """The summary of a run; `duration` in seconds, `harness` and `limitations` are digests."""
    return Summary(
        run_id=run_id,
        started=started,
        duration_s=round(duration, 1),
        exit_status=exit_status(cells, unexpected, interrupted=interrupted),
        interrupted=interrupted,
        cells=tuple(cells),
        unexpected=tuple(unexpected),
        causes=causes_of(unexpected),
        comparisons=tuple(comparisons),
        runtimes=tuple(runtimes),
        harness=harness,
        limitations=limitations,
    )


def exit_status(cells: Sequence[CellSummary], red: Sequence[Unexpected], *, interrupted: bool) -> int:
    """The exit status of a run: 130 interrupted, 4 harness error, 3 no build or toolchain, 1 unexpected outcomes, 0.

    A cell that is allowed to fail causes neither 1 nor, if its build fails, 3. One that may be missing causes no 3 when
    it is not available.
    """
    if interrupted:
        return 130
    if any(cell.status is CellStatus.ERROR for cell in cells):
        return 4
    failed = (CellStatus.BUILD_FAILED, CellStatus.UNOBTAINABLE)
    if any(cell.status in failed and not (cell.expected or cell.forgiven or cell.missing) for cell in cells):
        return 3
    allowed_cells = {cell.id for cell in cells if cell.allowed_to_fail}
    return 1 if any(row.cell not in allowed_cells for row in red) else 0
