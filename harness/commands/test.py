"""`test` and `build`: one invocation of either."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape

from harness import records
from harness.cli import Arguments
from harness.commands.report import publish
from harness.commands.runs import (
    STARTED,
    CellRecord,
    StartedRun,
    cell_directory,
    new_run_id,
    point_latest,
    read_record,
    read_started,
    run_directory,
    write_record,
)
from harness.prepare import Options, Prepared, Preparer
from harness.progress import TerminalWatcher
from harness.running import nothing_to_run, run_cell
from harness.selection import matrix_of, selected_cells
from harness.store import Store, write_atomically
from matrix.errors import BuildFailed, HarnessFault, MatrixError, Unobtainable, UsageError
from matrix.limitations import Limitations
from matrix.model import Cell, ExpectedBuildFailure, Matrix
from reports.summary import (
    BuildStep,
    CellStatus,
    CellSummary,
    CPythonUsed,
    RuntimeUsed,
    SdkUsed,
    Unexpected,
    allowed,
    exit_status,
    untested,
)


def build_or_test(arguments: Arguments, console: Console) -> int:
    resumed: StartedRun | None = None
    if arguments.resume is not None:
        resumed = read_started(run_directory(arguments.out, arguments.resume))
        arguments = resumed.arguments

    def say(message: str) -> None:
        console.print(escape(message), soft_wrap=True)

    matrix = matrix_of(arguments, say)
    limitations = Limitations.load()
    cells = selected_cells(arguments, matrix)
    store = Store()
    store.remove_left_over()
    options = Options(
        jobs=arguments.jobs, build_python=arguments.build_python, refresh=arguments.refresh, reuse=arguments.reuse
    )
    preparer = Preparer(matrix, store, options, TerminalWatcher(console), say)
    if arguments.dry_run:
        return _dry_run(cells, preparer, console)
    worker = CellWorker(arguments, preparer, limitations, store, console)
    if arguments.command == "build":
        return build_cells(cells, matrix, worker, console)
    run = resumed or StartedRun(
        run_id=new_run_id(cells),
        started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        arguments=arguments,
        cells=tuple(cell.id for cell in cells),
    )
    status = test_cells(run, cells, worker, limitations, console)
    left_out = len(arguments.sdk_paths) > sum(sdk.directory in arguments.sdk_paths for sdk in matrix.sdks)
    return Unobtainable.exit_status if left_out and status in (0, 1) else status


def _dry_run(cells: Sequence[Cell], preparer: Preparer, console: Console) -> int:
    """Print each build's commands. Its parts are provisioned, since the commands name them."""
    printed: set[str] = set()
    for cell in cells:
        for plan in preparer.plans(cell):
            if plan.name not in printed:
                printed.add(plan.name)
                console.print(f"\n# {escape(plan.name)}", soft_wrap=True)
                for step in plan.steps:
                    console.file.write(f"mkdir -p {step.cwd}\n{step.command()}\n")
    return 0


def build_cells(cells: Sequence[Cell], matrix: Matrix, worker: CellWorker, console: Console) -> int:
    """Provision and build cell after cell; a failing one does not stop the others."""
    summaries: list[CellSummary] = []
    red: list[Unexpected] = []
    for cell in cells:
        console.print(f"[bold]{escape(cell.id)}[/bold]", soft_wrap=True)
        record, prepared = worker.prepare(cell)
        reason = f"built: {prepared.settings.wasm}" if prepared else record.base.reason
        console.print(f"{escape(cell.id)}: {escape(reason)}", soft_wrap=True)
        summary = allowed(record.base, matrix.allowance_of(cell))
        if summary.forgiven:
            console.print(f"{escape(cell.id)}: allowed to fail: {escape(summary.allowed_to_fail)}", soft_wrap=True)
        summaries.append(summary)
        red += record.unexpected
    return exit_status(summaries, red, interrupted=False)


def test_cells(
    run: StartedRun, cells: Sequence[Cell], worker: CellWorker, limitations: Limitations, console: Console
) -> int:
    """Test cell after cell, each one's results on disk as they come; report."""
    directory = run.arguments.out / run.run_id
    started = time.monotonic()
    write_atomically(directory / STARTED, records.encode(run))
    point_latest(run.arguments.out, run.run_id)
    interrupted = False
    for cell in cells:
        console.print(f"[bold]{escape(cell.id)}[/bold]", soft_wrap=True)
        try:
            interrupted = worker.test(cell, directory).interrupted
        except KeyboardInterrupt:
            reason = "interrupted before it was tested"
            base = untested(cell, CellStatus.UNEXPECTED, reason)
            write_record(directory, CellRecord(base=base, tested=False, interrupted=True))
            interrupted = True
        if interrupted:
            break
    duration = time.monotonic() - started
    return publish(directory, run, cells, limitations, duration, console, interrupted=interrupted)


class CellWorker:
    """Does the work of one cell at a time: prepares it, runs its suite, leaves its record."""

    def __init__(
        self,
        arguments: Arguments,
        preparer: Preparer,
        limitations: Limitations,
        store: Store,
        console: Console,
    ) -> None:
        self._arguments = arguments
        self._preparer = preparer
        self._limitations = limitations
        self._store = store
        self._console = console

    def prepare(self, cell: Cell) -> tuple[CellRecord, Prepared | None]:
        """Provision and build a cell; its record so far, and what runs, when it does.

        Raises UsageError; what else goes wrong is in the record.
        """
        failure = self._preparer.expected_failure(cell.build)
        try:
            prepared = self._preparer.prepare(cell, self._arguments.limits)
        except UsageError:
            raise
        except (MatrixError, OSError) as exc:
            return record_of_failure(cell, exc, failure), None
        red: tuple[Unexpected, ...] = ()
        if failure is not None:
            detail = f"it builds, but was expected not to: {failure.reason}"
            red = (Unexpected(cell=cell.id, test="", outcome="built", verdict="stale", detail=detail),)
        return CellRecord(base=_used(cell, prepared), tested=False, unexpected=red), prepared

    def test_if_known(self, cell: Cell, run: Path) -> bool:
        """Bring a cell's record about as `test` does, if nothing has to be made or run for it; whether it was."""
        if not self._preparer.is_current(cell):
            return False
        record, prepared = self.prepare(cell)
        if prepared is None:
            if record.base.status is CellStatus.BUILD_FAILED:
                write_record(run, self._with_steps(cell, record, run))
            return record.base.status is CellStatus.BUILD_FAILED
        limitations, directory = self._limitations.for_cell(cell.facts), cell_directory(run, cell.id)
        if not nothing_to_run(prepared, self._arguments, limitations, directory, self._store):
            return False
        self._run_suite(cell, record, prepared, run)
        return True

    def test(self, cell: Cell, run: Path) -> CellRecord:
        """Bring a cell's outcomes and its record about in a run's directory.

        Raises UsageError when nothing is selected of its suite, HarnessFault when pytest fails.
        """
        record, prepared = self.prepare(cell)
        if prepared is None:
            self._console.print(escape(record.base.reason), soft_wrap=True)
            record = self._with_steps(cell, record, run)
            write_record(run, record)
            return record
        return self._run_suite(cell, record, prepared, run)

    def _with_steps(self, cell: Cell, record: CellRecord, run: Path) -> CellRecord:
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

    def _run_suite(self, cell: Cell, record: CellRecord, prepared: Prepared, run: Path) -> CellRecord:
        earlier = read_record(run, cell.id)
        record = self._with_steps(cell, record, run)
        limitations = self._limitations.for_cell(cell.facts)
        started = time.monotonic()
        came_to = run_cell(prepared, self._arguments, limitations, cell_directory(run, cell.id), self._store)
        durations = prepared.durations | {"test": round(time.monotonic() - started, 3)}
        if earlier is not None:  # this is a resumed run: it took what it took before, too
            durations = {name: round(value + earlier.durations.get(name, 0.0), 3) for name, value in durations.items()}
        record = msgspec.structs.replace(
            record,
            tested=True,
            planned=came_to.planned,
            suite=came_to.suite,
            whole=came_to.whole,
            durations=durations,
            fault=came_to.fault,
            interrupted=came_to.interrupted,
        )
        write_record(run, record)
        return record


def record_of_failure(cell: Cell, exc: MatrixError | OSError, failure: ExpectedBuildFailure | None) -> CellRecord:
    """The record of a cell that could not be prepared; `failure` is the one that is expected of its build."""
    if isinstance(exc, BuildFailed):
        expected = failure is not None and failure.is_shown_by(exc.step, exc.output)
        known = " (known from before: nothing has changed since)" if exc.remembered else ""
        reason = f"expected{known}: {failure.reason}" if failure and expected else str(exc)
        if failure and not expected:
            reason += f"\nit was expected to fail at {failure.step} with {failure.message!r}"
        return CellRecord(base=untested(cell, CellStatus.BUILD_FAILED, reason, expected=expected), tested=False)
    fault = not isinstance(exc, MatrixError) or exc.exit_status == HarnessFault.exit_status
    status = CellStatus.ERROR if fault else CellStatus.UNOBTAINABLE
    return CellRecord(base=untested(cell, status, str(exc)), tested=False)


def _used(cell: Cell, prepared: Prepared) -> CellSummary:
    """The summary of a cell so far, with what was really used."""
    notes = [note for part in (prepared.sdk, prepared.cpython, prepared.runtime) for note in part.notes]
    return msgspec.structs.replace(
        untested(cell, CellStatus.OK, "", notes=[*notes, *prepared.notes]),
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
