"""`report`: judges what lies in a run's directory, with limitations and rules as they are now."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape

from harness import records
from harness.cli import Arguments
from harness.commands.merge import merge
from harness.commands.runs import (
    CellRecord,
    StartedRun,
    cell_directory,
    point_latest,
    read_record,
    read_started,
    run_directory,
)
from harness.outcome import ModuleResult, read_results
from harness.plugin import OUTCOMES
from harness.selection import cell_options, matrix_of, selected_cells
from matrix.errors import HistoryUnusable, MatrixError
from matrix.limitations import CellLimitations, Limitations
from matrix.load import load
from matrix.model import Cell
from reports import history, junit, render
from reports.differences import compare
from reports.summary import (
    CellStatus,
    CellSummary,
    Summary,
    Unexpected,
    allowed,
    exit_status,
    expired,
    tested,
    unexpected,
    untested,
)
from reports.verdict import NO_RATES, CellVerdicts, Rates, judge_cell


def report(arguments: Arguments, console: Console) -> int:
    """Judge a run's outcomes again and write its report."""
    if len(arguments.runs) > 1:
        directory = merge([Path(run) for run in arguments.runs], arguments.out)
        point_latest(arguments.out, directory.name)
    else:
        directory = run_directory(arguments.out, arguments.runs[0])
    run = read_started(directory)
    cells = selected_cells(run.arguments, matrix_of(run.arguments))
    before = directory / "summary.json"
    duration = records.decode(before.read_bytes(), Summary).duration_s if before.is_file() else 0.0
    return publish(directory, run, cells, Limitations.load(), duration, console)


def publish(
    directory: Path,
    run: StartedRun,
    cells: Sequence[Cell],
    limitations: Limitations,
    duration: float,
    console: Console,
    *,
    interrupted: bool = False,
) -> int:
    """Judge what lies in a run's directory, write and show its report, record it; the run's exit status."""
    summary = summarise(directory, run, cells, limitations, duration, interrupted=interrupted)
    render.write(summary, directory)
    render.show(summary, directory, console)
    remember(directory, run, summary, console)
    return summary.exit_status


def remember(directory: Path, run: StartedRun, summary: Summary, console: Console) -> None:
    """Record a run in the history; when that cannot be, the report stands all the same."""
    found = {cell.id: read_record(directory, cell.id) for cell in summary.cells}
    cells = {
        cell: history.CellResults(
            results=read_results(cell_directory(directory, cell) / OUTCOMES),
            whole=record.whole,
            complete=record.full,
        )
        for cell, record in found.items()
        if record and record.tested
    }
    try:
        history.record(directory.parent / history.NAME, summary, cells, run.parts)
    except HistoryUnusable as exc:
        console.print(f"[red]this run is not in the history[/red]: {escape(str(exc))}", soft_wrap=True)


def summarise(
    directory: Path,
    run: StartedRun,
    cells: Sequence[Cell],
    limitations: Limitations,
    duration: float,
    *,
    interrupted: bool = False,
) -> Summary:
    """A run's summary, from the records and outcomes of its cells; writes the JUnit file of each."""
    matrix = load()
    summaries: list[CellSummary] = []
    red: list[Unexpected] = []
    judged: list[tuple[str, str, CellVerdicts]] = []
    for cell in cells:
        record = read_record(directory, cell.id)
        if record is None:
            reason = "it has no record: the run ended before it"
            summaries.append(untested(cell, CellStatus.ERROR if not interrupted else CellStatus.UNEXPECTED, reason))
            continue
        red += record.unexpected
        interrupted = interrupted or record.interrupted
        if not record.tested:
            summaries.append(record.base)
            continue
        verdicts = judge(cell, record, limitations, cell_directory(directory, cell.id), run.parts)
        judged.append((cell.id, cell.build.cpython.id, verdicts))
        one = tested(record.base, verdicts, record.durations)
        if record.fault:
            one = msgspec.structs.replace(one, status=CellStatus.ERROR, reason=record.fault)
        summaries.append(one)
        options = cell_options(run.arguments)
        red += unexpected(cell.id, f"test-{cell.build.target.id}", verdicts, options=options)
    summaries = [allowed(summary, matrix.allowance_of(cell)) for cell, summary in zip(cells, summaries, strict=True)]
    red += expired(matrix, cells, datetime.date.today())
    return Summary(
        run_id=run.run_id,
        started=run.started,
        duration_s=round(duration, 1),
        exit_status=exit_status(summaries, red, interrupted=interrupted),
        interrupted=interrupted,
        cells=tuple(summaries),
        unexpected=tuple(red),
        comparisons=compare(judged),
    )


def judge(
    cell: Cell, record: CellRecord, limitations: Limitations, place: Path, parts: Sequence[str] = ()
) -> CellVerdicts:
    """A tested cell's verdicts; writes its JUnit file."""
    results = read_results(place / OUTCOMES)
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
    junit.write(place / "junit.xml", base.id, verdicts, results, properties)
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
