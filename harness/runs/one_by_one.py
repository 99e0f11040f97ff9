"""Cells one after the other: test them, build them, or print how they are built."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from harness.cells.prepare import Preparer
from harness.machine import sealed
from harness.machine.files import write_atomically
from harness.runs.publish import publish
from harness.runs.recording import record_of_failure, unexpected_build
from harness.runs.records import STARTED, CellRecord, StartedRun, point_latest, write_record
from harness.runs.worker import CellWorker
from matrix.errors import MatrixError, Unobtainable, UsageError
from matrix.limitations import Limitations
from matrix.resolve import ResolvedCell
from reports.render import why_untested
from reports.summary import CellStatus, CellSummary, allowed, exit_status, untested_cell
from reports.unexpected import Unexpected


def test_cells(
    run: StartedRun, cells: Sequence[ResolvedCell], worker: CellWorker, limitations: Limitations, console: Console
) -> int:
    """Test cell after cell, writing the results of each as they come, and report; the run's exit status."""
    out = run.request.out
    directory = out / run.run_id
    started = time.monotonic()
    write_atomically(directory / STARTED, sealed.encode(run))
    point_latest(out, run.run_id)
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
    shown = publish(directory, run, cells, limitations, duration, console, interrupted=interrupted)
    return shown.summary.exit_status


def build_cells(cells: Sequence[ResolvedCell], preparer: Preparer, console: Console) -> int:
    """Build cell after cell, without their runtimes; a failure does not stop the others. Returns the exit status."""
    summaries: list[CellSummary] = []
    red: list[Unexpected] = []
    for cell in cells:
        console.print(f"[bold]{escape(cell.id)}[/bold]", soft_wrap=True)
        base = untested_cell(cell, CellStatus.OK, "")
        try:
            reason = f"built: {preparer.build(cell) / 'python.wasm'}"
        except UsageError:
            raise
        except (MatrixError, OSError) as exc:
            base = record_of_failure(cell, exc).base
            reason = why_untested(base)
        else:
            red += unexpected_build(cell)
        console.print(f"{escape(cell.id)}: {escape(reason)}", soft_wrap=True)
        summary = allowed(base, cell.allowance)
        if summary.forgiven:
            console.print(f"{escape(cell.id)}: allowed to fail: {escape(summary.allowed_to_fail)}", soft_wrap=True)
        summaries.append(summary)
    return exit_status(summaries, red, interrupted=False)


def print_builds(cells: Sequence[ResolvedCell], preparer: Preparer, console: Console) -> int:
    """Print the commands of each build, and which builds cannot be printed; 3 when there are any of these.

    What the commands name, such as an SDK, is provisioned.
    """
    printed: set[str] = set()
    missing: dict[str, str] = {}
    for cell in {cell.build.id: cell for cell in cells}.values():
        try:
            plans = preparer.plans(cell)
        except UsageError:
            raise
        except (MatrixError, OSError) as exc:
            missing[cell.build.id] = str(exc)
            continue
        for plan in plans:
            if plan.name not in printed:
                printed.add(plan.name)
                console.print(f"\n# {escape(plan.name)}", soft_wrap=True)
                for step in plan.steps:
                    console.file.write(f"mkdir -p {shlex.quote(str(step.cwd))}\n{step.command()}\n")
    for name, why in missing.items():
        console.print(f"\n[red]cannot be printed[/red]: {escape(name)}: {escape(why)}", soft_wrap=True)
    return Unobtainable.exit_status if missing else 0
