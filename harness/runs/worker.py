"""The work of one cell: prepare it, run its suite, leave its record."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape

from harness.cells.prepare import Prepared, Preparer
from harness.machine.files import write_atomically
from harness.machine.store import Store
from harness.runs.records import CellRecord, cell_directory, read_record, write_record
from harness.runs.request import RunRequest
from harness.suite.run import CellSuite
from matrix.errors import BuildFailed, HarnessFault, MatrixError, UsageError
from matrix.limitations import Limitations
from matrix.resolve import ResolvedCell
from reports.summary import (
    BuildStep,
    CellStatus,
    CellSummary,
    CPythonUsed,
    RuntimeUsed,
    SdkUsed,
    Unexpected,
    untested_cell,
)
from reports.verdict import Verdict


class CellWorker:
    """Does the work of one cell at a time: prepares it, runs its suite, leaves its record."""

    def __init__(
        self,
        request: RunRequest,
        preparer: Preparer,
        limitations: Limitations,
        store: Store,
        console: Console,
    ) -> None:
        self._request = request
        self._preparer = preparer
        self._limitations = limitations
        self._store = store
        self._console = console

    def prepare(self, cell: ResolvedCell) -> tuple[CellRecord, Prepared | None]:
        """Provision and build a cell; its record so far, and what runs, when it does.

        Raises UsageError; what else goes wrong is in the record.
        """
        try:
            prepared = self._preparer.prepare(cell, self._request.limits)
        except UsageError:
            raise
        except (MatrixError, OSError) as exc:
            return record_of_failure(cell, exc), None
        return CellRecord(base=_used(cell, prepared), tested=False, unexpected=unexpected_build(cell)), prepared

    def test_if_known(self, cell: ResolvedCell, run: Path) -> bool:
        """Bring a cell's record about as `test` does, if nothing has to be made or run for it; whether it was."""
        if not self._preparer.is_current(cell):
            return False
        record, prepared = self.prepare(cell)
        if prepared is None:
            if record.base.status is CellStatus.BUILD_FAILED:
                write_record(run, self._with_steps(cell, record, run))
            return record.base.status is CellStatus.BUILD_FAILED
        suite = self._suite(prepared, run)
        if not suite.nothing_to_run():
            return False
        self._run_suite(suite, record, prepared, run)
        return True

    def test(self, cell: ResolvedCell, run: Path) -> CellRecord:
        """Bring a cell's outcomes and its record about in a run's directory.

        Raises UsageError when nothing is selected of its suite, HarnessFault when pytest fails.
        """
        record, prepared = self.prepare(cell)
        if prepared is None:
            self._console.print(escape(record.base.reason), soft_wrap=True)
            record = self._with_steps(cell, record, run)
            write_record(run, record)
            return record
        return self._run_suite(self._suite(prepared, run), record, prepared, run)

    def _suite(self, prepared: Prepared, run: Path) -> CellSuite:
        cell = prepared.cell
        limitations = self._limitations.for_cell(cell.facts)
        return CellSuite(prepared, self._request.suite, limitations, cell_directory(run, cell.id), self._store)

    def _with_steps(self, cell: ResolvedCell, record: CellRecord, run: Path) -> CellRecord:
        """A cell's record with the steps of its build, whose logs are copied: the cache's do not stay."""
        steps = []
        for number, step in enumerate(self._preparer.steps(cell)):
            log = Path("logs") / f"{number}-{step.name}.log"
            try:
                write_atomically(cell_directory(run, cell.id) / log, step.log.read_bytes())
            except FileNotFoundError:
                log = Path()
            steps.append(
                BuildStep(
                    title=f"{step.plan}: {step.name}",
                    command=step.command,
                    seconds=step.seconds,
                    log=str(log) if log.name else "",
                )
            )
        return msgspec.structs.replace(record, steps=tuple(steps))

    def _run_suite(self, suite: CellSuite, record: CellRecord, prepared: Prepared, run: Path) -> CellRecord:
        cell = prepared.cell
        earlier = read_record(run, cell.id)
        record = self._with_steps(cell, record, run)
        started = time.monotonic()
        finished = suite.run()
        durations = prepared.durations | {"test": round(time.monotonic() - started, 3)}
        if earlier is not None:  # this is a resumed run: it took what it took before, too
            durations = {name: round(value + earlier.durations.get(name, 0.0), 3) for name, value in durations.items()}
        record = msgspec.structs.replace(
            record,
            tested=True,
            planned=finished.planned,
            suite=finished.suite,
            whole=finished.whole,
            durations=durations,
            fault=finished.fault,
            interrupted=finished.interrupted,
        )
        write_record(run, record)
        return record


def unexpected_build(cell: ResolvedCell) -> tuple[Unexpected, ...]:
    """What is red about a cell that builds: that it was expected to fail."""
    failure = cell.expected_failure
    if failure is None:
        return ()
    detail = f"it builds, but was expected not to: {failure.reason}"
    return (Unexpected(cell=cell.id, test="", outcome="built", verdict=Verdict.STALE, detail=detail),)


def record_of_failure(cell: ResolvedCell, exc: MatrixError | OSError) -> CellRecord:
    """The record of a cell that could not be prepared."""
    failure = cell.expected_failure
    if isinstance(exc, BuildFailed):
        expected = failure is not None and failure.is_shown_by(exc.step, exc.output)
        known = " (known from before: nothing has changed since)" if exc.remembered else ""
        reason = f"expected{known}: {failure.reason}" if failure and expected else str(exc)
        if failure and not expected:
            reason += f"\nit was expected to fail at {failure.step} with {failure.message!r}"
        return CellRecord(base=untested_cell(cell, CellStatus.BUILD_FAILED, reason, expected=expected), tested=False)
    fault = not isinstance(exc, MatrixError) or exc.exit_status == HarnessFault.exit_status
    status = CellStatus.ERROR if fault else CellStatus.UNOBTAINABLE
    return CellRecord(base=untested_cell(cell, status, str(exc)), tested=False)


def _used(cell: ResolvedCell, prepared: Prepared) -> CellSummary:
    """The summary of a cell so far, with what was really used."""
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
    )
