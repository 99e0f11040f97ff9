"""`diff`: what changed between two runs or two cells."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from harness.commands import options
from harness.commands.command import Command
from harness.commands.parser import Parser
from harness.runs.describing import with_build_changes
from matrix import json_records
from reports import history as recorded
from reports.build_facts import BuildChange, shown
from reports.changes import Change, ChangeKind
from reports.chosen import LATEST, PREVIOUS, narrowed
from reports.compared import CellChanges, Diff, compare
from reports.safe_text import for_terminal as safe

_MOST_ROWS = 50
"""changes of one kind that the terminal shows; --json has all"""


def add_options(parser: Parser) -> None:
    parser.add_argument("before", nargs="?", default=PREVIOUS, metavar="BEFORE", help="default: %(default)s")
    parser.add_argument("after", nargs="?", default=LATEST, metavar="AFTER", help="default: %(default)s")
    options.add_history_options(parser)
    parser.add_argument("--exit-code", action="store_true", help="exit with status 1 when something newly fails")


def run(known: argparse.Namespace, console: Console) -> int:
    """Show what changed. Raises UsageError, HistoryUnusable."""
    with recorded.opened(known.out / recorded.NAME) as history:
        found = compare(history, narrowed(history.cells(), known.cell), known.before, known.after)
    found = with_build_changes(found, known.out)
    if known.json:
        console.file.write(json_records.indented(found).decode())
    else:
        _show_diff(found, console)
    return int(known.exit_code and any(cell.fails for cell in found.cells))


def _show_diff(found: Diff, console: Console) -> None:
    for cell in found.cells:
        _show_cell(cell, console)
    for where, names in (("before", found.only_before), ("after", found.only_after)):
        for name in names:
            console.print(f"only {where}: {safe(name)}", soft_wrap=True)


def _show_cell(cell: CellChanges, console: Console) -> None:
    before, after = cell.before, cell.after
    console.print(f"[bold]{safe(after.cell)}[/bold]", soft_wrap=True)
    other = f" {safe(before.cell)}" if before.cell != after.cell else ""
    console.print(f"before: {safe(before.run)}{other}, after: {safe(after.run)}", soft_wrap=True)
    for note in cell.notes:
        console.print(f"note: {safe(note)}", style="dim", soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    for heading in ("", "test", "before", "after"):
        table.add_column(heading, overflow="fold")
    for kind, group in itertools.groupby(cell.changes, key=lambda change: change.kind):
        rows = list(group)
        for change in rows[:_MOST_ROWS]:
            table.add_row(
                f"[{_COLOURS[kind]}]{kind.value}", safe(change.test or f"module {change.module}"), *_texts(change)
            )
        if len(rows) > _MOST_ROWS:
            table.add_row("", f"... and {len(rows) - _MOST_ROWS} more: --json has all")
    if cell.changes:
        console.print(table)
    elif cell.compared:
        console.print(f"nothing changed in {cell.compared} modules")
    if cell.build:
        _show_builds(cell.build, console)
    console.print()


def _show_builds(changes: Sequence[BuildChange], console: Console) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("what the build is", "before", "after"):
        table.add_column(heading, overflow="fold")
    for change in changes[:_MOST_ROWS]:
        before, after = shown(change)
        table.add_row(safe(change.key), safe(before) or "-", safe(after) or "-")
    if len(changes) > _MOST_ROWS:
        table.add_row(f"... and {len(changes) - _MOST_ROWS} more: --json has all")
    console.print(table)


_COLOURS = {
    ChangeKind.FAILING: "red",
    ChangeKind.PASSING: "green",
    ChangeKind.CHANGED: "yellow",
    ChangeKind.APPEARED: "cyan",
    ChangeKind.VANISHED: "magenta",
    ChangeKind.SLOWER: "yellow",
}


def _texts(change: Change) -> tuple[str, str]:
    if change.kind is ChangeKind.SLOWER:
        return f"{change.before_s:.2f} s", f"{change.after_s:.2f} s"
    return safe(change.before) or "-", safe(change.after) or "-"


DIFF = Command(
    name="diff",
    summary="show what newly fails, newly passes, appeared, vanished or got much slower",
    details="""\
BEFORE and AFTER are runs: an id, `latest`, or `previous` (the newest run before the other one that has a cell of it);
or two cells, compared in the newest run that has both; or RUN:CELL on both sides. Below the tests stands what
differs in the builds: versions, the compiler's macros, target features, configuration.""",
    example="diff previous latest",
    add_options=add_options,
    run=run,
)
