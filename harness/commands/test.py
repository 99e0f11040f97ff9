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
from harness.commands.report import write_junit
from harness.commands.runs import CELL, STARTED, CellRecord, StartedRun, new_run_id, point_latest, run_directory
from harness.prepare import Options, Preparer
from harness.progress import TerminalWatcher
from harness.running import CellRun, run_cell
from harness.selection import cell_options, matrix_of, selected_cells
from harness.store import Store, write_atomically
from matrix.errors import BuildFailed, MatrixError, Unobtainable, UsageError
from matrix.limitations import Limitations
from matrix.model import Cell
from reports import render
from reports.differences import compare
from reports.summary import (
    CellStatus,
    CellSummary,
    CPythonUsed,
    RuntimeUsed,
    SdkUsed,
    Summary,
    Unexpected,
    exit_status,
    tested,
    unexpected,
    untested,
)
from reports.verdict import CellVerdicts, judge_cell


def build_or_test(arguments: Arguments, console: Console) -> int:
    resumed: StartedRun | None = None
    if arguments.resume is not None:
        directory = run_directory(arguments.out, arguments.resume)
        resumed = records.decode((directory / STARTED).read_bytes(), StartedRun)
        arguments = resumed.arguments

    def say(message: str) -> None:
        console.print(escape(message), soft_wrap=True)

    matrix = matrix_of(arguments, say)
    limitations = Limitations.load()
    cells = selected_cells(arguments, matrix)
    store = Store()
    store.remove_left_over()
    options = Options(jobs=arguments.jobs, build_python=arguments.build_python, refresh=arguments.refresh)
    preparer = Preparer(matrix, store, options, TerminalWatcher(console), say)
    if arguments.dry_run:
        return _dry_run(cells, preparer, console)
    run = resumed or StartedRun(
        run_id=new_run_id(cells),
        started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        arguments=arguments,
    )
    status = Run(run, cells, preparer, limitations, store, console).execute()
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


class Run:
    """One invocation of `test` or `build`: cell after cell, each one's results on disk as they come."""

    def __init__(
        self,
        run: StartedRun,
        cells: Sequence[Cell],
        preparer: Preparer,
        limitations: Limitations,
        store: Store,
        console: Console,
    ) -> None:
        self._run = run
        self._arguments = run.arguments
        self._cells = cells
        self._preparer = preparer
        self._limitations = limitations
        self._store = store
        self._console = console
        self._directory = run.arguments.out / run.run_id
        self._summaries: list[CellSummary] = []
        self._unexpected: list[Unexpected] = []
        self._judged: list[tuple[str, str, CellVerdicts]] = []
        self._interrupted = False
        self._usage_error: UsageError | None = None

    def execute(self) -> int:
        started = time.monotonic()
        testing = self._arguments.command == "test"
        if testing:
            write_atomically(self._directory / STARTED, records.encode(self._run))
            point_latest(self._arguments.out, self._run.run_id)
        for cell in self._cells:
            try:
                self._cell(cell, testing)
            except KeyboardInterrupt:
                self._interrupted = True
                self._summaries.append(untested(cell, CellStatus.UNEXPECTED, "interrupted before it was tested"))
            if self._interrupted:
                break
        if self._usage_error is not None:
            raise self._usage_error
        summary = Summary(
            run_id=self._run.run_id,
            started=self._run.started,
            duration_s=round(time.monotonic() - started, 1),
            exit_status=exit_status(self._summaries, self._unexpected, interrupted=self._interrupted),
            interrupted=self._interrupted,
            cells=tuple(self._summaries),
            unexpected=tuple(self._unexpected),
            comparisons=compare(self._judged),
        )
        if testing:
            render.write(summary, self._directory)
            render.show(summary, self._directory, self._console)
        else:
            for cell_summary in self._summaries:
                self._console.print(f"{escape(cell_summary.id)}: {escape(cell_summary.reason)}", soft_wrap=True)
        return summary.exit_status

    def _cell(self, cell: Cell, testing: bool) -> None:
        console = self._console
        console.print(f"[bold]{escape(cell.id)}[/bold]", soft_wrap=True)
        failure = self._preparer.expected_failure(cell.build)
        try:
            prepared = self._preparer.prepare(cell, self._arguments.limits)
        except BuildFailed as exc:
            expected = failure is not None and failure.is_shown_by(exc.step, exc.output)
            reason = f"expected: {failure.reason}" if failure and expected else str(exc)
            if failure and not expected:
                reason += f"\nit was expected to fail at {failure.step} with {failure.message!r}"
            self._summaries.append(untested(cell, CellStatus.BUILD_FAILED, reason, expected=expected))
            console.print(escape(reason), soft_wrap=True)
            return
        except Unobtainable as exc:
            self._summaries.append(untested(cell, CellStatus.UNOBTAINABLE, str(exc)))
            return
        except UsageError:
            raise
        except (MatrixError, OSError) as exc:
            fault = not isinstance(exc, MatrixError) or exc.exit_status == 4
            status = CellStatus.ERROR if fault else CellStatus.UNOBTAINABLE
            self._summaries.append(untested(cell, status, str(exc)))
            return
        notes = [note for part in (prepared.sdk, prepared.cpython, prepared.runtime) for note in part.notes]
        notes += prepared.notes
        base = msgspec.structs.replace(
            untested(cell, CellStatus.OK, "" if testing else f"built: {prepared.settings.wasm}", notes=notes),
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
        if failure is not None:
            detail = f"it builds, but was expected not to: {failure.reason}"
            self._unexpected.append(Unexpected(cell=cell.id, test="", outcome="built", verdict="stale", detail=detail))
        if not testing:
            self._summaries.append(base)
            return
        directory = self._directory / "cells" / cell.id
        cell_limitations = self._limitations.for_cell(cell.facts)
        started = time.monotonic()
        try:
            came_to = run_cell(prepared, self._arguments, cell_limitations, directory, self._store)
        except UsageError as exc:
            self._usage_error = exc
            raise
        durations = prepared.durations | {"test": round(time.monotonic() - started, 3)}
        if (directory / CELL).is_file():  # this is a resumed run: it took what it took before, too
            earlier = records.decode((directory / CELL).read_bytes(), CellRecord).durations
            durations = {name: round(value + earlier.get(name, 0.0), 3) for name, value in durations.items()}
        self._interrupted = came_to.interrupted
        self._judge(cell, base, came_to, durations, directory)

    def _judge(
        self, cell: Cell, base: CellSummary, came_to: CellRun, durations: dict[str, float], directory: Path
    ) -> None:
        record = CellRecord(base=base, planned=came_to.planned, full=came_to.full, durations=durations)
        write_atomically(directory / CELL, records.encode(record))
        verdicts = judge_cell(
            came_to.planned, came_to.results, self._limitations.for_cell(cell.facts), full=came_to.full
        )
        self._judged.append((cell.id, cell.build.cpython.id, verdicts))
        write_junit(directory, base, verdicts, came_to)
        summary = tested(base, verdicts, durations)
        if came_to.fault:
            summary = msgspec.structs.replace(summary, status=CellStatus.ERROR, reason=came_to.fault)
        self._summaries.append(summary)
        session, options = f"test-{cell.build.target.id}", cell_options(self._arguments)
        self._unexpected += unexpected(cell.id, session, verdicts, options=options)
