"""From a run's records and outcomes to its report: judge, write, record in the history, show."""

from __future__ import annotations

import datetime
import gc
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape

from harness.cells.selection import cell_options
from harness.machine.files import write_atomically
from harness.runs.pages import Gathered, write_pages
from harness.runs.records import CellRecord, StartedRun, cell_directory, read_record, write_files
from harness.suite.plugin import OUTCOMES
from harness.suite.results import read_results
from matrix.errors import HistoryUnusable, MatrixError
from matrix.limitations import CellLimitations, Limitations
from matrix.load import load
from matrix.model import Cell
from matrix.outcome import ModuleResult
from matrix.resolve import ResolvedCell
from reports import history, junit, page, render
from reports.differences import compare
from reports.summary import (
    CellStatus,
    CellSummary,
    Summary,
    Unexpected,
    allowed,
    command_again,
    exit_status,
    expired,
    judged_cell,
    unexpected,
    untested_cell,
)
from reports.verdict import NO_RATES, CellVerdicts, Rates, judge_cell


def publish(
    directory: Path,
    run: StartedRun,
    cells: Sequence[ResolvedCell],
    limitations: Limitations,
    duration: float,
    console: Console,
    *,
    interrupted: bool = False,
) -> int:
    """Judge what lies in a run's directory, write and show its report, record it; the run's exit status."""
    gc.disable()  # a nightly has a million outcomes and no cycles: to look for some takes a fifth of the time
    try:
        return _publish(directory, run, cells, limitations, duration, console, interrupted=interrupted)
    finally:
        gc.enable()


def _publish(
    directory: Path,
    run: StartedRun,
    cells: Sequence[ResolvedCell],
    limitations: Limitations,
    duration: float,
    console: Console,
    *,
    interrupted: bool,
) -> int:
    gathered = Gathered()
    summary = summarise(directory, run, cells, limitations, duration, gathered, interrupted=interrupted)
    write_files(directory, render.summary_files(summary))
    try:
        remember(directory, run, summary)
        with history.opened(directory.parent / history.NAME) as known:
            write_pages(directory, run, summary, cells, limitations, gathered, known)
    except HistoryUnusable as exc:  # the report stands all the same
        console.print(f"[red]this run is not in the history[/red]: {escape(str(exc))}", soft_wrap=True)
        write_pages(directory, run, summary, cells, limitations, gathered, None)
    render.show(summary, directory, console)
    return summary.exit_status


def remember(directory: Path, run: StartedRun, summary: Summary) -> None:
    """Record a run in the history. Raises HistoryUnusable."""

    def results_of(cell: str) -> history.CellResults | None:
        record = read_record(directory, cell)
        if record is None or not record.tested:
            return None
        results = read_results(cell_directory(directory, cell) / OUTCOMES)
        return history.CellResults(results=results, whole=record.whole, complete=record.full)

    history.record(directory.parent / history.NAME, summary, results_of, run.parts)


def summarise(
    directory: Path,
    run: StartedRun,
    cells: Sequence[ResolvedCell],
    limitations: Limitations,
    duration: float,
    gathered: Gathered,
    *,
    interrupted: bool = False,
) -> Summary:
    """A run's summary, from the records and outcomes of its cells; writes the JUnit file and the page of each."""
    summaries: list[CellSummary] = []
    red: list[Unexpected] = []
    options = cell_options(run.arguments)
    for cell in cells:
        record = read_record(directory, cell.id)
        if record is None:
            reason = "it has no record: the run ended before it"
            base = untested_cell(cell, CellStatus.ERROR if not interrupted else CellStatus.UNEXPECTED, reason)
            record = CellRecord(base=base, tested=False)
        red += record.unexpected
        interrupted = interrupted or record.interrupted
        if not record.tested:
            summaries.append(allowed(record.base, cell.allowance))
            write_files(directory, [page.cell_page(summaries[-1], record.steps, "")])
            continue
        results = read_results(cell_directory(directory, cell.id) / OUTCOMES)
        verdicts = judge(cell, record, limitations, cell_directory(directory, cell.id), results, run.parts)
        gathered.add(cell.id, record, verdicts, results)
        one = judged_cell(record.base, verdicts, record.durations)
        if record.fault:
            one = msgspec.structs.replace(one, status=CellStatus.ERROR, reason=record.fault)
        summaries.append(allowed(one, cell.allowance))
        session = f"test-{cell.build.target.id}"
        red += unexpected(cell.id, session, verdicts, options=options)
        shutil.rmtree(directory / page.details_directory(cell.id), ignore_errors=True)
        write_files(directory, page.files_of_tests(cell.id, verdicts, results))
        again = command_again(session, cell.id, options)
        write_files(directory, [page.cell_page(summaries[-1], record.steps, again)])
    red += expired(load(), cells, datetime.date.today())
    return Summary(
        run_id=run.run_id,
        started=run.started,
        duration_s=round(duration, 1),
        exit_status=exit_status(summaries, red, interrupted=interrupted),
        interrupted=interrupted,
        cells=tuple(summaries),
        unexpected=tuple(red),
        comparisons=compare(
            [
                (cell.id, cell.build.cpython.id, gathered.modules[cell.id])
                for cell in cells
                if cell.id in gathered.modules
            ]
        ),
    )


def judge(
    cell: Cell,
    record: CellRecord,
    limitations: Limitations,
    place: Path,
    results: Mapping[str, ModuleResult],
    parts: Sequence[str] = (),
) -> CellVerdicts:
    """A tested cell's verdicts; writes its JUnit file."""
    limits = limitations.for_cell(cell.facts)
    rates = observed_rates(place, results, limits, parts)
    verdicts = judge_cell(record.planned, results, limits, full=record.full, rates=rates)
    base = record.base
    properties = {
        "cell": base.id,
        "sdk": f"{base.sdk.id} ({base.sdk.detail})",
        "cpython": base.cpython.version,
        "runtime": f"{base.runtime.name} {base.runtime.version}",
    }
    write_atomically(place / "junit.xml", junit.document(base.id, verdicts, results, properties))
    return verdicts


def observed_rates(
    place: Path, results: Mapping[str, ModuleResult], limitations: CellLimitations, parts: Sequence[str]
) -> Rates:
    """How often the tests were bad whose limitation has a bound; nothing when the history cannot say."""
    if not any(entry.rate for entry in limitations.tests):
        return NO_RATES
    bounded = [
        result
        for result in results.values()
        if any((entry := limitations.expected(one.test, result.module)) and entry.rate for one in result.outcomes)
    ]
    run = place.parent.parent
    try:
        with history.opened(run.parent / history.NAME) as opened:
            return opened.rates(place.name, (run.name, *parts), bounded)
    except MatrixError:  # there is none yet; or it is damaged, which is said when the run is recorded
        return NO_RATES
