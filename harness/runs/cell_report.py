"""The report of one cell: reads its record and outcomes, judges them, writes its files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from harness.runs.describing import read_description
from harness.runs.records import CellRecord, cell_directory, read_record, write_files
from harness.runs.request import RunRequest
from harness.suite.files import OUTCOMES
from harness.suite.results import LARGEST_FILE, ResultsFile
from matrix.errors import MatrixError
from matrix.limitations import CellLimitations, Limitations
from matrix.outcome import ModuleResult
from matrix.resolve import ResolvedCell
from reports import history, junit, page
from reports.file import File
from reports.gathered import Gathered
from reports.summary import CellStatus, CellSummary, allowed, judged_cell, untested_cell
from reports.unexpected import Unexpected, command_again, triage_command, unexpected
from reports.verdict import NO_RATES, CellVerdicts, Rates, judge_cell


class CellOnDisk(NamedTuple):
    """A cell of a run as it lies on disk."""

    record: CellRecord
    results: Mapping[str, ModuleResult]
    """by module; empty when the cell was not tested"""


class CellReport(NamedTuple):
    """What a run's summary takes from one cell."""

    summary: CellSummary
    unexpected: tuple[Unexpected, ...]


def read_cell(run: Path, cell: ResolvedCell, *, interrupted: bool) -> CellOnDisk:
    """A cell's record and its outcomes, from the run's directory.

    A cell without a record was not reached: an error of the harness, unless the run was `interrupted` before.
    """
    record = read_record(run, cell.id)
    if record is None:
        status = CellStatus.UNEXPECTED if interrupted else CellStatus.ERROR
        record = CellRecord(
            base=untested_cell(cell, status, "it has no record: the run has not got to it"), tested=False
        )
    file = ResultsFile(cell_directory(run, cell.id) / OUTCOMES)
    results = file.read() if record.tested else {}
    base = record.base
    if (described := read_description(run, cell.id)) is not None:
        base = msgspec.structs.replace(base, build=described.facts)
    if file.damaged:
        lost = f"{file.damaged} lines of {OUTCOMES} are damaged, or have no seal: what they said does not count"
        base = msgspec.structs.replace(base, notes=(*base.notes, lost))
    if file.too_large:
        lost = f"{OUTCOMES} has more than {LARGEST_FILE >> 20} MiB: what comes after them does not count"
        base = msgspec.structs.replace(base, notes=(*base.notes, lost))
    return CellOnDisk(msgspec.structs.replace(record, base=base), results)


def may_be_missing(found: CellOnDisk) -> CellOnDisk:
    """A cell that does not decide the exit status when it is not available."""
    base = msgspec.structs.replace(found.record.base, may_be_missing=True)
    return found._replace(record=msgspec.structs.replace(found.record, base=base))


def report_cell(
    run: Path,
    cell: ResolvedCell,
    found: CellOnDisk,
    limitations: Limitations,
    gathered: Gathered,
    *,
    parts: Sequence[str],
    request: RunRequest,
) -> CellReport:
    """Judge a cell, write its files into the run's directory and add it to `gathered`.

    `parts` are the runs that this one was merged from, `request` is what the run was asked for.
    """
    record, results = found
    if not record.tested:
        summary = allowed(record.base, cell.allowance)
        write_files(run, [page.cell_page(summary, record.steps)])
        return CellReport(summary, record.unexpected)
    verdicts = judge(run, cell, found, limitations.for_cell(cell.facts), parts)
    summary = allowed(judged_cell(record.base, verdicts, record.durations, fault=record.fault), cell.allowance)
    gathered.add(cell.id, verdicts, results, durations=record.durations, whole=record.whole, complete=record.full)
    session = f"test-{cell.build.target.id}"
    shutil.rmtree(run / page.details_directory(cell.id), ignore_errors=True)  # of tests that the cell no longer has
    rows = record.unexpected + unexpected(cell.id, session, verdicts, options=request.repeating)
    commands = page.Commands(
        again=command_again(session, cell.id, request.repeating),
        by_hand=triage_command("repro", cell.id, request.repeating_one),
        bisect=triage_command("bisect", cell.id, request.repeating_one),
        explain=triage_command("explain", cell.id, f"--run {run.name}"),
    )
    write_files(run, cell_files(summary, found, verdicts, commands, rows))
    return CellReport(summary, rows)


def judge(
    run: Path, cell: ResolvedCell, found: CellOnDisk, limitations: CellLimitations, parts: Sequence[str]
) -> CellVerdicts:
    """The verdicts of a tested cell."""
    rates = observed_rates(run, cell.id, found.results, limitations, parts)
    return judge_cell(found.record.planned, found.results, limitations, full=found.record.full, rates=rates)


def observed_rates(
    run: Path, cell: str, results: Mapping[str, ModuleResult], limitations: CellLimitations, parts: Sequence[str]
) -> Rates:
    """How often the tests failed whose limitation has a bound; no rates when the history cannot say."""
    if not any(entry.rate for entry in limitations.tests):
        return NO_RATES
    bounded = [
        result
        for result in results.values()
        if any((entry := limitations.expected(one.test, result.module)) and entry.rate for one in result.outcomes)
    ]
    try:
        with history.opened(run.parent / history.NAME) as opened:
            return opened.rates(cell, (run.name, *parts), bounded)
    except MatrixError:  # there is no history yet, or it is damaged; recording the run reports the damage
        return NO_RATES


def cell_files(
    summary: CellSummary,
    found: CellOnDisk,
    verdicts: CellVerdicts,
    commands: page.Commands,
    rows: Sequence[Unexpected],
) -> Iterator[File]:
    """The files of a tested cell, the page last: it loads the others. `rows` are what is unexpected in the cell."""
    yield junit.cell_file(summary, verdicts, found.results)
    yield from page.files_of_tests(summary.id, verdicts, found.results)
    yield page.cell_page(summary, found.record.steps, commands, rows)
