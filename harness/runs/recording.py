"""The record of one cell, from how far the work on it came: not prepared, prepared, or tested. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from harness.cells.prepare import Prepared
from harness.machine.host import described_host
from harness.runs.records import CellRecord
from harness.suite.run import SuiteRun
from matrix.errors import BuildFailed, HarnessFault, MatrixError
from matrix.resolve import ResolvedCell
from reports.summary import CellStatus, CellSummary, CPythonUsed, RuntimeUsed, SdkUsed, untested_cell
from reports.unexpected import Unexpected
from reports.verdict import Verdict


def record_of_failure(cell: ResolvedCell, exc: MatrixError | OSError) -> CellRecord:
    """The record of a cell that could not be prepared."""
    if isinstance(exc, BuildFailed):
        return CellRecord(base=_failed_build(cell, exc), tested=False)
    fault = not isinstance(exc, MatrixError) or exc.exit_status == HarnessFault.exit_status
    status = CellStatus.ERROR if fault else CellStatus.UNOBTAINABLE
    return CellRecord(base=untested_cell(cell, status, str(exc)), tested=False)


def _failed_build(cell: ResolvedCell, exc: BuildFailed) -> CellSummary:
    expected = cell.expected_failure
    if expected is None:
        return untested_cell(cell, CellStatus.BUILD_FAILED, str(exc))
    if not expected.is_shown_by(exc.step, exc.output):
        reason = f"{exc}\nit was expected to fail at {expected.step} with {expected.message!r}"
        return untested_cell(cell, CellStatus.BUILD_FAILED, reason)
    known = " (known from before: nothing has changed since)" if exc.remembered else ""
    return untested_cell(cell, CellStatus.BUILD_FAILED, f"{expected.reason}{known}", expected=True)


def record_of_prepared(prepared: Prepared) -> CellRecord:
    """The record of a cell that can run, before its suite does."""
    return CellRecord(base=_used(prepared), tested=False, unexpected=unexpected_build(prepared.cell))


def unexpected_build(cell: ResolvedCell) -> tuple[Unexpected, ...]:
    """What is red about a cell that builds: that it was expected to fail."""
    failure = cell.expected_failure
    if failure is None:
        return ()
    detail = f"it builds, but was expected not to: {failure.reason}"
    return (Unexpected(cell=cell.id, test="", outcome="built", verdict=Verdict.STALE, detail=detail),)


def _used(prepared: Prepared) -> CellSummary:
    """The summary of a cell so far, with the versions that are really used."""
    cell = prepared.cell
    notes = [note for part in (prepared.sdk, prepared.cpython, prepared.runtime) for note in part.notes]
    return msgspec.structs.replace(
        untested_cell(cell, CellStatus.OK, "", notes=[*notes, *prepared.notes]),
        sdk=SdkUsed(
            id=cell.build.sdk.id,
            version=cell.build.sdk.version,
            provider=prepared.sdk.provider,
            detail=prepared.sdk.detail,
        ),
        cpython=CPythonUsed(
            version=cell.build.cpython.version,
            provider=prepared.cpython.provider,
            detail=prepared.cpython.detail,
        ),
        runtime=RuntimeUsed(
            name=cell.runtime.name,
            version=cell.runtime.version,
            provider=prepared.runtime.provider,
            detail=prepared.runtime.detail,
        ),
        host=described_host(),
    )


def record_of_suite(record: CellRecord, finished: SuiteRun, durations: Mapping[str, float]) -> CellRecord:
    """The record of a cell whose suite has run; `record` is the one from before, `durations` are in seconds."""
    return msgspec.structs.replace(
        record,
        tested=True,
        planned=finished.planned,
        suite=finished.suite,
        whole=finished.whole,
        durations=dict(durations),
        fault=finished.fault,
        interrupted=finished.interrupted,
    )


def with_notes(record: CellRecord, notes: tuple[str, ...]) -> CellRecord:
    """The record of a cell with more for its reader to know."""
    base = msgspec.structs.replace(record.base, notes=(*record.base.notes, *notes))
    return msgspec.structs.replace(record, base=base)


def added(durations: Mapping[str, float], earlier: CellRecord | None) -> dict[str, float]:
    """The durations of a cell, with those of the run that is resumed added (seconds)."""
    before = earlier.durations if earlier is not None else {}
    return {name: round(value + before.get(name, 0.0), 3) for name, value in durations.items()}
