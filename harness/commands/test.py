"""`test` and `build`: one invocation of either."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from harness.cells.prepare import Options, Preparer
from harness.cells.request import Arguments
from harness.cells.selection import matrix_of, selected_cells
from harness.commands.progress import TerminalWatcher
from harness.machine.files import write_atomically
from harness.machine.store import Store
from harness.runs.publish import publish
from harness.runs.records import (
    STARTED,
    CellRecord,
    StartedRun,
    new_run_id,
    point_latest,
    read_started,
    run_directory,
    write_record,
)
from harness.runs.worker import CellWorker
from matrix import json_records
from matrix.errors import Unobtainable
from matrix.limitations import Limitations
from matrix.resolve import ResolvedCell
from reports.summary import (
    CellStatus,
    CellSummary,
    Unexpected,
    allowed,
    exit_status,
    untested_cell,
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
    preparer = Preparer(store, options, TerminalWatcher(console), say)
    if arguments.dry_run:
        return _dry_run(cells, preparer, console)
    worker = CellWorker(arguments, preparer, limitations, store, console)
    if arguments.command == "build":
        return build_cells(cells, worker, console)
    run = resumed or StartedRun(
        run_id=new_run_id(cells),
        started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        arguments=arguments,
        cells=tuple(cell.id for cell in cells),
    )
    status = test_cells(run, cells, worker, limitations, console)
    left_out = len(arguments.sdk_paths) > sum(sdk.directory in arguments.sdk_paths for sdk in matrix.sdks)
    return Unobtainable.exit_status if left_out and status in (0, 1) else status


def _dry_run(cells: Sequence[ResolvedCell], preparer: Preparer, console: Console) -> int:
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


def build_cells(cells: Sequence[ResolvedCell], worker: CellWorker, console: Console) -> int:
    """Provision and build cell after cell; a failing one does not stop the others."""
    summaries: list[CellSummary] = []
    red: list[Unexpected] = []
    for cell in cells:
        console.print(f"[bold]{escape(cell.id)}[/bold]", soft_wrap=True)
        record, prepared = worker.prepare(cell)
        reason = f"built: {prepared.settings.wasm}" if prepared else record.base.reason
        console.print(f"{escape(cell.id)}: {escape(reason)}", soft_wrap=True)
        summary = allowed(record.base, cell.allowance)
        if summary.forgiven:
            console.print(f"{escape(cell.id)}: allowed to fail: {escape(summary.allowed_to_fail)}", soft_wrap=True)
        summaries.append(summary)
        red += record.unexpected
    return exit_status(summaries, red, interrupted=False)


def test_cells(
    run: StartedRun, cells: Sequence[ResolvedCell], worker: CellWorker, limitations: Limitations, console: Console
) -> int:
    """Test cell after cell, each one's results on disk as they come; report."""
    directory = run.arguments.out / run.run_id
    started = time.monotonic()
    write_atomically(directory / STARTED, json_records.encode(run))
    point_latest(run.arguments.out, run.run_id)
    interrupted = False
    for cell in cells:
        console.print(f"[bold]{escape(cell.id)}[/bold]", soft_wrap=True)
        try:
            interrupted = worker.test(cell, directory).interrupted
        except KeyboardInterrupt:
            reason = "interrupted before it was tested"
            base = untested_cell(cell, CellStatus.UNEXPECTED, reason)
            write_record(directory, CellRecord(base=base, tested=False, interrupted=True))
            interrupted = True
        if interrupted:
            break
    duration = time.monotonic() - started
    return publish(directory, run, cells, limitations, duration, console, interrupted=interrupted)
