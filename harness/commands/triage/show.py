"""`triage show` and `explain`: one test over all cells of a run."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.build.watcher import Silent
from harness.cells.prepare import Preparer
from harness.cells.selection import matrix_of, selected_cells
from harness.commands import options
from harness.commands.command import Command
from harness.commands.parser import Parser
from harness.commands.triage.runs import reported_run
from harness.machine.store import Store
from harness.runs.observed import read_summary, tested_cells
from harness.runs.records import read_started
from harness.runs.request import RunRequest
from harness.runs.sightings import sightings
from harness.suite.asked import as_asked
from harness.suite.observing import adapter_of
from harness.suite.reproduce import reproduction
from matrix.errors import MatrixError, UsageError
from matrix.limitations import Limitations
from reports import render
from reports.triage import Sighting, distinctions, subject_of


def add_options(parser: Parser) -> None:
    parser.add_argument("test", metavar="TEST", help="such as test_os.FileTests.test_access")
    parser.add_argument("--run", default="latest", metavar="RUN", help="a run's id (default: the newest with a report)")
    options.add_out(parser)


def show(known: argparse.Namespace, console: Console) -> int:
    """Show one test in each cell of a run, and what the cells where it fails have in common."""
    directory = reported_run(known)
    found, versions = sightings(directory, tested_cells(directory, read_summary(directory)), known.test)
    table = Table(box=None, pad_edge=False)
    for heading in ("cell", "outcome", "verdict", "since", "limitation", "detail"):
        table.add_column(heading, overflow="fold")
    for one in found:
        table.add_row(*map(escape, (one.cell, one.outcome, one.verdict, one.since, one.limitation, one.detail)))
    console.print(table)
    for line in distinctions(found, versions):
        console.print(escape(line), soft_wrap=True)
    return 0


def add_explain_options(parser: Parser) -> None:
    add_options(parser)
    parser.add_argument(
        "--cell", default="", metavar="ID", help="the cell to report (default: the first with an unexpected failure)"
    )


def explain(known: argparse.Namespace, console: Console) -> int:
    """Print the text of an issue about a test that fails in a run.

    Raises UsageError when it fails nowhere, or not in the cell that is asked for.
    """
    directory = reported_run(known)
    summary = read_summary(directory)
    cells = tested_cells(directory, summary)
    found, versions = sightings(directory, cells, known.test)
    started = read_started(directory)
    request = started.request
    try:
        subject = subject_of(found, cells, Limitations.load(), started.harness, known.cell)
    except ValueError as exc:
        raise UsageError(str(exc), hint=f"python -m harness triage show {known.test}") from None
    command = _by_hand(request, subject.sighting, known.out / "reproductions")
    repeating = render.Repeating(request.repeating, request.repeating_one, request.repeating_build)
    text = render.issue(
        msgspec.structs.replace(subject, by_hand=command), found, distinctions(found, versions), summary, repeating
    )
    console.file.write(text)
    return 0


def _by_hand(request: RunRequest, sighting: Sighting, place: Path) -> str:
    """The command that runs a test in its cell without the harness; the guest's files are laid out below `place`.

    It is "" where the cache does not have all of the cell, or the runtime has no command line.
    """
    matrix = matrix_of(request.cells)
    cell = next(one for one in selected_cells(request.cells, matrix) if one.id == sighting.cell)
    store = Store()
    try:
        preparer = Preparer(store, request.options, Silent(), lambda message: None)
        if not preparer.is_current(cell):
            return ""
        prepared = as_asked(preparer.prepare(cell, request.limits), request.suite)
        command = reproduction(prepared, sighting.test, place / f"{sighting.test}_{cell.id}_bare", bare=True).folded()
    except MatrixError:
        return ""
    adapter = adapter_of(prepared)
    other = f"# by the command of {cell.runtime.name} {cell.runtime.version}; the harness calls its library\n"
    return command if adapter.typed is adapter else other + command


SHOW = Command(
    name="triage show",
    summary="show one test in each cell of a run: outcome, since when, what the failing cells have in common",
    example="triage show test_os.FileTests.test_access",
    add_options=add_options,
    run=show,
)
EXPLAIN = Command(
    name="triage explain",
    summary="print the text of an issue about a failing test: versions, other runtimes, commands, output",
    details="""\
Where the cache has the cell, the guest's files are laid out in reports/out/reproductions, and the text has the command
that runs the test without the harness: it is for the maintainers of a runtime, too.""",
    example="triage explain test_os.FileTests.test_access > issue.md",
    add_options=add_explain_options,
    run=explain,
)
