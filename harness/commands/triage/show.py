"""`triage show` and `explain`: one test over all cells of a run."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.commands import options
from harness.commands.command import Command
from harness.commands.parser import Parser
from harness.commands.triage.runs import reported_run
from harness.runs.observed import read_summary, tested_cells
from harness.runs.records import read_started
from harness.runs.sightings import sightings
from matrix.errors import UsageError
from reports import render
from reports.triage import distinctions


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


def explain(known: argparse.Namespace, console: Console) -> int:
    """Print the text of an issue about a test that fails in a run. Raises UsageError when it fails nowhere."""
    directory = reported_run(known)
    summary = read_summary(directory)
    found, versions = sightings(directory, tested_cells(directory, summary), known.test)
    request = read_started(directory).request
    repeating = render.Repeating(request.repeating, request.repeating_one, request.repeating_build)
    try:
        text = render.issue(found[0].test, found, distinctions(found, versions), summary, repeating)
    except ValueError as exc:
        raise UsageError(str(exc), hint=f"python -m harness triage show {known.test}") from None
    console.file.write(text)
    return 0


SHOW = Command(
    name="triage show",
    summary="show one test in each cell of a run: outcome, since when, what the failing cells have in common",
    example="triage show test_os.FileTests.test_access",
    add_options=add_options,
    run=show,
)
EXPLAIN = Command(
    name="triage explain",
    summary="print the text of an issue about a failing test: versions, commands, output",
    example="triage explain test_os.FileTests.test_access > issue.md",
    add_options=add_options,
    run=explain,
)
