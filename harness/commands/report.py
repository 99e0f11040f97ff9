"""`report`: judges a run's outcomes again."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from harness import records
from harness.cli import Arguments
from harness.commands.runs import CELL, STARTED, CellRecord, StartedRun, run_directory
from harness.outcome import read_results
from harness.plugin import OUTCOMES
from harness.running import CellRun
from harness.selection import cell_options, matrix_of, selected_cells
from matrix.limitations import Limitations
from reports import junit, render
from reports.differences import compare
from reports.summary import CellStatus, CellSummary, Summary, Unexpected, exit_status, tested, unexpected, untested
from reports.verdict import CellVerdicts, judge_cell


def report(arguments: Arguments, console: Console) -> int:
    """Judge a run's outcomes again, with the list of limitations as it is now, and write its report."""
    directory = run_directory(arguments.out, arguments.run)
    run = records.decode((directory / STARTED).read_bytes(), StartedRun)
    before = directory / "summary.json"
    old = records.decode(before.read_bytes(), Summary) if before.is_file() else None
    matrix = matrix_of(run.arguments)
    cells = {cell.id: cell for cell in selected_cells(run.arguments, matrix)}
    limitations = Limitations.load()
    summaries: list[CellSummary] = []
    red: list[Unexpected] = []
    judged: list[tuple[str, str, CellVerdicts]] = []
    for name, cell in cells.items():
        place = directory / "cells" / name
        if not (place / CELL).is_file():
            kept = [summary for summary in (old.cells if old else ()) if summary.id == name]
            summaries += kept or [untested(cell, CellStatus.ERROR, "it has no outcomes: the run ended before it")]
            continue
        record = records.decode((place / CELL).read_bytes(), CellRecord)
        came_to = CellRun(
            planned=record.planned, results=read_results(place / OUTCOMES), full=record.full, interrupted=False
        )
        verdicts = judge_cell(came_to.planned, came_to.results, limitations.for_cell(cell.facts), full=came_to.full)
        judged.append((name, cell.build.cpython.id, verdicts))
        write_junit(place, record.base, verdicts, came_to)
        summaries.append(tested(record.base, verdicts, record.durations))
        options = cell_options(run.arguments)
        red += unexpected(name, f"test-{cell.build.target.id}", verdicts, options=options)
    interrupted = old.interrupted if old else False
    summary = Summary(
        run_id=run.run_id,
        started=run.started,
        duration_s=old.duration_s if old else 0.0,
        exit_status=exit_status(summaries, red, interrupted=interrupted),
        interrupted=interrupted,
        cells=tuple(summaries),
        unexpected=tuple(red),
        comparisons=compare(judged),
    )
    render.write(summary, directory)
    render.show(summary, directory, console)
    return summary.exit_status


def write_junit(directory: Path, base: CellSummary, verdicts: CellVerdicts, came_to: CellRun) -> None:
    """The cell's JUnit file."""
    properties = {
        "cell": base.id,
        "sdk": f"{base.sdk.id} ({base.sdk.detail})",
        "cpython": base.cpython.version,
        "runtime": f"{base.runtime.name} {base.runtime.version}",
    }
    junit.write(directory / "junit.xml", base.id, verdicts, came_to.results, properties)
