"""The work on one cell of a run: prepare it, run its suite, write its record."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape

from harness.build.stamps import LoggedStep
from harness.cells.prepare import Prepared, Preparer
from harness.machine.files import write_atomically
from harness.machine.store import Store
from harness.runs.describing import description_of, make_step, write_description
from harness.runs.recording import added, record_of_failure, record_of_prepared, record_of_suite, with_notes
from harness.runs.records import CellRecord, cell_directory, read_record, write_record
from harness.runs.request import RunRequest
from harness.suite.run import CellSuite
from matrix.errors import MatrixError, UsageError
from matrix.limitations import Limitations
from matrix.resolve import ResolvedCell
from reports.render import why_untested
from reports.summary import BuildStep, CellStatus


class CellWorker:
    """Works on the cells of a run, one at a time."""

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
        """Provision and build a cell: its record so far, and the prepared cell unless that failed.

        Raises UsageError; any other failure is in the record.
        """
        try:
            prepared = self._preparer.prepare(cell, self._request.limits)
        except UsageError:
            raise
        except (MatrixError, OSError) as exc:
            return record_of_failure(cell, exc), None
        return record_of_prepared(prepared), prepared

    def test_if_known(self, cell: ResolvedCell, run: Path) -> bool:
        """Write the record of a cell as `test` does, if nothing has to be built or run for it. Returns whether it did.

        `run` is the run's directory.
        """
        if not self._preparer.is_current(cell):
            return False
        record, prepared = self.prepare(cell)
        if prepared is None:
            known = record.base.status is CellStatus.BUILD_FAILED
            if known:
                write_record(run, self._with_steps(cell, record, run))
            return known
        suite = self._suite(prepared, run)
        if not suite.nothing_to_run():
            return False
        self._run_suite(suite, record, prepared, run)
        return True

    def test(self, cell: ResolvedCell, run: Path) -> CellRecord:
        """Prepare a cell, run its suite and write its record; `run` is the run's directory.

        Raises UsageError when none of its suite is selected, HarnessFault when pytest fails.
        """
        record, prepared = self.prepare(cell)
        if prepared is None:
            self._console.print(escape(why_untested(record.base)), soft_wrap=True)
            record = self._with_steps(cell, record, run)
            write_record(run, record)
            return record
        return self._run_suite(self._suite(prepared, run), record, prepared, run)

    def _suite(self, prepared: Prepared, run: Path) -> CellSuite:
        cell = prepared.cell
        limitations = self._limitations.for_cell(cell.facts)
        return CellSuite(prepared, self._request.suite, limitations, cell_directory(run, cell.id), self._store)

    def _run_suite(self, suite: CellSuite, record: CellRecord, prepared: Prepared, run: Path) -> CellRecord:
        cell = prepared.cell
        earlier = read_record(run, cell.id)  # there is one when the run is resumed
        for said in (*suite.chosen, *suite.not_used, *filter(None, [suite.asks])):
            self._console.print(escape(f"{cell.id}: {said}"), soft_wrap=True)
        record = with_notes(record, suite.not_used)
        record = self._with_steps(cell, record, run)
        make = make_step(self._preparer.plans(cell), cell.build.id)
        write_description(run, cell.id, description_of(prepared, make, self._store))
        started = time.monotonic()
        finished = suite.run()
        durations = prepared.durations | {"test": round(time.monotonic() - started, 3)}
        record = record_of_suite(record, finished, added(durations, earlier))
        write_record(run, record)
        return record

    def _with_steps(self, cell: ResolvedCell, record: CellRecord, run: Path) -> CellRecord:
        """A cell's record with the steps of its build. Their logs are copied, since the cache does not keep them."""
        directory = cell_directory(run, cell.id)
        steps = [_copied(number, step, directory) for number, step in enumerate(self._preparer.steps(cell))]
        return msgspec.structs.replace(record, steps=tuple(steps))


def _copied(number: int, step: LoggedStep, directory: Path) -> BuildStep:
    """A step of a build for the report, with its log copied to the cell's directory."""
    log = f"logs/{number}-{step.name}.log"
    try:
        write_atomically(directory / log, step.log.read_bytes())
    except FileNotFoundError:  # it has not run
        log = ""
    return BuildStep(title=f"{step.plan}: {step.name}", command=step.command, seconds=step.seconds, log=log)
