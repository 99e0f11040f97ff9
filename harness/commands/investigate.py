"""`triage show` and `triage rerun`: one test over all cells, and how often it comes to what on one."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.cli import Arguments
from harness.commands.runs import cell_directory, read_record
from harness.outcome import Status, read_results
from harness.plugin import OUTCOMES
from harness.prepare import Options, Prepared, Preparer
from harness.progress import TerminalWatcher
from harness.running import chosen_plans
from harness.runtimes import adapter
from harness.selection import matrix_of, selected_cells
from harness.session import Limits
from harness.store import Store
from harness.suite import Batch
from matrix.errors import MatrixError, UsageError, near
from matrix.limitations import Limitations
from matrix.model import Cell
from matrix.select import Selection
from reports import history
from reports.boundaries import place_of
from reports.triage import Sighting, last_line, parting, since
from reports.verdict import judge_cell

AT_ONCE = os.cpu_count() or 1


def show(directory: Path, cells: Mapping[str, Cell], known: argparse.Namespace, console: Console) -> int:
    """One test in each cell of a run: outcome, detail, since when; what parts the cells where it fails.

    Raises UsageError, with near misses, for a test that the run does not have.
    """
    limitations = Limitations.load()
    found: list[Sighting] = []
    names: set[str] = set()
    places = {}
    for name, cell in cells.items():
        record = read_record(directory, name)
        assert record is not None
        places[name] = place_of(cell.facts, record.base.sdk.detail)
        results = read_results(cell_directory(directory, name) / OUTCOMES)
        for judged in judge_cell(record.planned, results, limitations.for_cell(cell.facts), full=False).judged:
            outcome = judged.outcome
            names.add(outcome.test)
            if outcome.test in (known.test, f"test.{known.test}"):
                sighting = Sighting(
                    cell=name,
                    module=judged.module,
                    outcome=outcome.status.value,
                    verdict=judged.verdict.value,
                    limitation=judged.limitation,
                    detail=judged.detail or last_line(outcome.detail),
                    since=_since(directory, outcome.test, name, outcome.status.value),
                )
                found.append(sighting)
    if not found:
        raise UsageError(f"the run has no test {known.test!r}", hint=near(known.test, names))
    table = Table(box=None, pad_edge=False)
    for heading in ("cell", "outcome", "verdict", "since", "limitation", "detail"):
        table.add_column(heading, overflow="fold")
    for sighting in found:
        words = (
            sighting.cell,
            sighting.outcome,
            sighting.verdict,
            sighting.since,
            sighting.limitation,
            sighting.detail,
        )
        table.add_row(*map(escape, words))
    console.print(table)
    for line in parting(found, places):
        console.print(escape(line), soft_wrap=True)
    return 0


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
    arguments = Arguments(command="test", selection=Selection(cell=(known.cell,)), out=known.out)
    matrix = matrix_of(arguments)
    (cell,) = selected_cells(arguments, matrix)
    store = Store()

    def say(message: str) -> None:
        console.print(escape(message), soft_wrap=True)

    prepared = Preparer(matrix, store, Options(jobs=AT_ONCE), TerminalWatcher(console), say).prepare(cell, Limits())
    counts = observe(prepared, known.test, known.times, store)
    if not counts:
        raise UsageError(f"{known.test} names no test that was run")
    for (test, status), times in sorted(counts.items()):
        console.print(f"{times:5} of {known.times}  {status:10} {escape(test)}", soft_wrap=True)
    tests = {test for test, _ in counts}
    varied = sorted(test for test in tests if max(n for (name, _), n in counts.items() if name == test) < known.times)
    for test in varied:
        bad = sum(n for (name, status), n in counts.items() if name == test and status not in ("passed", "skipped"))
        console.print(f"[yellow]flaky[/yellow]: {escape(test)} failed {bad} of {known.times} times", soft_wrap=True)
    return int(bool(varied))


def observe(prepared: Prepared, test: str, times: int, store: Store) -> Counter[tuple[str, str]]:
    """How often each test that is named came to what. Raises UsageError for a name of no module."""
    runtime = adapter(prepared.cell.runtime, prepared.runtime, prepared.settings.runtime_flags)
    (plan,) = chosen_plans(prepared.source, (test,))

    def once(number: int) -> list[tuple[str, str]]:
        batch = Batch(prepared.settings, runtime, store, [plan], worker=f"gw{number % AT_ONCE}")
        result = batch.result(plan.module)
        return [(one.test, one.status.value) for one in result.outcomes if one.status is not Status.DID_NOT_RUN]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(one for found in pool.map(once, range(times)) for one in found)
