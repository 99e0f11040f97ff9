"""`triage show`, `explain` and `rerun`: one test over all cells of a run, and how often it comes to what on one."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.commands.triage.reproduce import prepared_cell
from harness.machine.store import Store
from harness.runs.records import cell_directory, read_record
from harness.suite.files import OUTCOMES
from harness.suite.observing import observe
from harness.suite.results import read_results
from matrix.errors import MatrixError, UsageError, near
from matrix.limitations import Limitations
from matrix.model import Cell
from matrix.names import spellings
from matrix.outcome import FAILING_STATUSES
from matrix.text import last_line
from reports import history, render
from reports.boundaries import CellVersions, versions_of
from reports.summary import Summary
from reports.triage import Sighting, parting, since
from reports.verdict import judge_cell


def show(directory: Path, cells: Mapping[str, Cell], known: argparse.Namespace, console: Console) -> int:
    """One test in each cell of a run: outcome, detail, since when; what parts the cells where it fails."""
    found, places = sightings(directory, cells, known.test)
    table = Table(box=None, pad_edge=False)
    for heading in ("cell", "outcome", "verdict", "since", "limitation", "detail"):
        table.add_column(heading, overflow="fold")
    for one in found:
        table.add_row(*map(escape, (one.cell, one.outcome, one.verdict, one.since, one.limitation, one.detail)))
    console.print(table)
    for line in parting(found, places):
        console.print(escape(line), soft_wrap=True)
    return 0


def explain(
    directory: Path, cells: Mapping[str, Cell], summary: Summary, known: argparse.Namespace, console: Console
) -> int:
    """The text of an issue about a test that fails in a run. Raises UsageError when it fails nowhere."""
    found, places = sightings(directory, cells, known.test)
    try:
        text = render.issue(found[0].test, found, parting(found, places), summary)
    except ValueError as exc:
        raise UsageError(str(exc), hint="`triage show` has what it comes to") from None
    console.file.write(text)
    return 0


def sightings(directory: Path, cells: Mapping[str, Cell], test: str) -> tuple[list[Sighting], dict[str, CellVersions]]:
    """What a test came to in each cell of a run, and what the cells are made of.

    Raises UsageError, with near misses, for a test that the run does not have.
    """
    limitations = Limitations.load()
    found: list[Sighting] = []
    names: set[str] = set()
    places = {}
    for name, cell in cells.items():
        record = read_record(directory, name)
        assert record is not None
        places[name] = versions_of(cell.facts, record.base.sdk.detail)
        results = read_results(cell_directory(directory, name) / OUTCOMES)
        for judged in judge_cell(record.planned, results, limitations.for_cell(cell.facts), full=False).judged:
            outcome = judged.outcome
            names.add(outcome.test)
            if outcome.test in spellings(test):
                sighting = Sighting(
                    test=outcome.test,
                    cell=name,
                    module=judged.module,
                    outcome=outcome.status.value,
                    verdict=judged.verdict.value,
                    limitation=judged.limitation,
                    detail=judged.detail or last_line(outcome.detail),
                    since=_since(directory, outcome.test, name, outcome.status.value),
                    whole="\n".join(filter(None, (outcome.detail, outcome.output))),
                )
                found.append(sighting)
    if not found:
        raise UsageError(f"the run has no test {test!r}", hint=near(test, names))
    return found, places


def _since(directory: Path, test: str, cell: str, outcome: str) -> str:
    """The run since which a test has come to the same in a cell; "" where there is no history."""
    try:
        with history.opened(directory.parent / history.NAME) as opened:
            seen = sorted((one.started, one.run, one.outcome) for one in opened.seen(test, cells=(cell,)))
    except MatrixError:
        return ""
    return since([(run, came) for _, run, came in seen], outcome)


def rerun(known: argparse.Namespace, console: Console) -> int:
    """Run one test many times, each time in a guest of its own; returns 1 when it did not always come to the same."""
    store = Store()
    prepared = prepared_cell(known, store, console)
    counts = observe(prepared, known.test, known.times, store)
    if not counts:
        raise UsageError(f"{known.test} names no test that was run")
    for (test, status), times in sorted(counts.items()):
        console.print(f"{times:5} of {known.times}  {status:10} {escape(test)}", soft_wrap=True)
    tests = {test for test, _ in counts}
    varied = sorted(test for test in tests if max(n for (name, _), n in counts.items() if name == test) < known.times)
    for test in varied:
        bad = sum(n for (name, status), n in counts.items() if name == test and status in FAILING_STATUSES)
        console.print(f"[yellow]flaky[/yellow]: {escape(test)} failed {bad} of {known.times} times", soft_wrap=True)
    return int(bool(varied))
