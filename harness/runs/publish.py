"""Publishes a run: judges its outcomes, shows the result, records it in the history, writes its report."""

from __future__ import annotations

import contextlib
import datetime
import gc
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from harness.machine.code import code_digest
from harness.runs.cell_report import CellReport, may_be_missing, read_cell, report_cell
from harness.runs.issues import issue_files
from harness.runs.pages import run_page, with_history
from harness.runs.records import StartedRun, write_files
from matrix.errors import HistoryUnusable
from matrix.limitations import Limitations
from matrix.load import load, load_areas
from matrix.resolve import ResolvedCell
from reports import history, page, render, terminal
from reports.differences import compare
from reports.gathered import Gathered
from reports.runtimes import compare_runtimes
from reports.summary import Summary, run_summary
from reports.unexpected import expired


def publish(
    directory: Path,
    run: StartedRun,
    cells: Sequence[ResolvedCell],
    limitations: Limitations,
    duration: float,
    console: Console,
    *,
    interrupted: bool = False,
) -> page.RunPage:
    """Judge what lies in a run's directory, show the result, record it in the history, write its report.

    `duration` is the run's, in seconds. Returns what the run's pages show; its summary has the run's exit status.
    """
    with _garbage_collector_off():
        gathered = Gathered()
        reports, interrupted = report_cells(directory, run, cells, limitations, gathered, interrupted=interrupted)
        summary = summarise(run, cells, reports, gathered, duration, interrupted=interrupted)
        write_files(directory, render.summary_files(summary))
        terminal.show(summary, console)  # the pages take longer
        shown = write_pages_and_history(directory, run, summary, cells, limitations, gathered, console)
        terminal.show_place(directory, console)
        return shown


@contextlib.contextmanager
def _garbage_collector_off() -> Iterator[None]:
    """A nightly has a million outcomes without reference cycles; looking for cycles takes a fifth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def report_cells(
    directory: Path,
    run: StartedRun,
    cells: Sequence[ResolvedCell],
    limitations: Limitations,
    gathered: Gathered,
    *,
    interrupted: bool = False,
) -> tuple[list[CellReport], bool]:
    """Report each cell of a run, and say whether the run was interrupted.

    One cell is done before the next is read: only one cell's outcomes are in memory at a time.
    """
    reports = []
    for cell in cells:
        found = read_cell(directory, cell, interrupted=interrupted)
        if cell.id in run.request.may_be_missing:
            found = may_be_missing(found)
        interrupted = interrupted or found.record.interrupted
        reports.append(report_cell(directory, cell, found, limitations, gathered, parts=run.parts, request=run.request))
    return reports, interrupted


def summarise(
    run: StartedRun,
    cells: Sequence[ResolvedCell],
    reports: Sequence[CellReport],
    gathered: Gathered,
    duration: float,
    *,
    interrupted: bool,
) -> Summary:
    """A run's summary, from the reports of its cells and the rules of today."""
    rows = [row for report in reports for row in report.unexpected]
    rows += expired(load(), cells, datetime.date.today())
    results = gathered.results
    measured = [gathered.measured(cell, report.summary) for cell, report in zip(cells, reports, strict=True)]
    return run_summary(
        run.run_id,
        run.started,
        duration,
        [report.summary for report in reports],
        rows,
        compare([(one.id, one.build.cpython.id, results[one.id].modules) for one in cells if one.id in results]),
        interrupted=interrupted,
        runtimes=compare_runtimes(measured, load_areas()),
        harness=run.harness,
        limitations=code_digest(("matrix/limitations",)),
    )


def write_pages_and_history(
    directory: Path,
    run: StartedRun,
    summary: Summary,
    cells: Sequence[ResolvedCell],
    limitations: Limitations,
    gathered: Gathered,
    console: Console,
) -> page.RunPage:
    """Record a run in the history and write its pages, which show the history; returns what they show.

    When the history cannot be used, say so and write the pages without it.
    """
    shown = run_page(directory, summary, cells, limitations, gathered)
    path = directory.parent / history.NAME
    try:
        history.record(path, summary, gathered.results, run.parts)
        with history.opened(path) as recorded:
            shown = with_history(shown, directory, recorded)
            write_files(directory, issue_files(run, summary, cells, limitations, gathered, recorded))
    except HistoryUnusable as exc:
        write_files(directory, issue_files(run, summary, cells, limitations, gathered, None))
        console.print(f"[red]this run is not in the history[/red]: {escape(str(exc))}", soft_wrap=True)
    write_files(directory, page.run_files(shown))
    return shown
