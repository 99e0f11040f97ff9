"""`history`: the outcomes of one test over runs and cells; which tests are flaky."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from harness.commands import options
from harness.commands.command import Command
from harness.commands.parser import Parser
from matrix import json_records
from matrix.errors import UsageError
from matrix.outcome import FAILING_STATUSES
from reports import history as recorded
from reports.chosen import narrowed
from reports.differences import short_names
from reports.flakes import Flake
from reports.history import SeenTest
from reports.matching import matching
from reports.safe_text import for_terminal as safe

_MOST_TESTS = 50
"""how many tests a glob may match"""
_MOST_ROWS = 50
"""how many flaky tests the terminal shows; --json has all"""
_MOST_RUNS = 30
"""how many runs the terminal shows, the newest; --json has all"""
_MOST_CELLS = 4
"""how many cells stand side by side"""


def add_options(parser: Parser) -> None:
    parser.add_argument("test", nargs="?", metavar="TEST", help="a test's name, or a glob: 'test_os.*Fork*'")
    parser.add_argument(
        "--flaky", action="store_true", help="list tests whose outcome varied although nothing relevant had changed"
    )
    options.add_history_options(parser)


def run(known: argparse.Namespace, console: Console) -> int:
    """Show the outcomes of tests over runs and cells, or the flaky tests. Raises UsageError, HistoryUnusable."""
    if not (known.test or known.flaky):
        raise UsageError("`history` needs the name of a test, or --flaky", hint="python -m harness history --help")
    with recorded.opened(known.out / recorded.NAME) as opened:
        cells = {cell.cell for cell in narrowed(opened.cells(), known.cell)}
        tests = matching(set(opened.tests()), known.test) if known.test else []
        if known.flaky:
            flaky = [one for one in opened.flakes(cells=cells) if not tests or one.test in tests]
        else:
            if len(tests) > _MOST_TESTS:
                raise UsageError(f"{known.test!r} matches {len(tests)} tests", hint=f"at most {_MOST_TESTS} are shown")
            seen = [one for test in tests for one in opened.seen(test, cells=cells)]
    if known.json:
        console.file.write(json_records.indented({"flaky": flaky} if known.flaky else {"seen": seen}).decode())
    elif known.flaky:
        _show_flaky(flaky, console)
    else:
        _show_seen(seen, console)
    return 0


def _show_seen(seen: Sequence[SeenTest], console: Console) -> None:
    """Tables for each test (of each module that runs it): a row a run, a column a cell."""
    for (test, module), group in itertools.groupby(seen, key=lambda one: (one.test, one.module)):
        found = list(group)
        console.print(f"[bold]{safe(test)}[/bold] of {safe(module)}", soft_wrap=True)
        cells = sorted({one.cell for one in found})
        for start in range(0, len(cells), _MOST_CELLS):
            side_by_side = cells[start : start + _MOST_CELLS]
            _show_table([one for one in found if one.cell in side_by_side], side_by_side, console)
        console.print()


def _show_table(seen: Iterable[SeenTest], cells: Sequence[str], console: Console) -> None:
    runs: dict[str, dict[str, SeenTest]] = {}
    for one in seen:
        runs.setdefault(one.run, {})[one.cell] = one
    table = Table(box=None, pad_edge=False)
    for heading in ("run", *short_names(cells).values()):
        table.add_column(safe(heading), overflow="fold")
    for run, found in list(runs.items())[-_MOST_RUNS:]:
        table.add_row(safe(run), *(_text(found.get(cell)) for cell in cells))
    console.print(table)
    if len(runs) > _MOST_RUNS:
        console.print(f"... and {len(runs) - _MOST_RUNS} earlier runs: --json has all")


def _text(one: SeenTest | None) -> str:
    if one is None:
        return "-"
    bad = any(status in one.outcome for status in FAILING_STATUSES)
    reused = " [dim]reused[/dim]" if one.reused else ""
    return f"[{'red' if bad else 'green'}]{one.outcome}[/] {one.duration:.2f} s{reused}"


def _show_flaky(flaky: Sequence[Flake], console: Console) -> None:
    if not flaky:
        console.print("no test is flaky")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("bad", "of", "rate", "test", "module", "cell", "outcomes"):
        table.add_column(heading, justify="right" if heading in ("bad", "of", "rate") else "left", overflow="fold")
    for one in flaky[:_MOST_ROWS]:
        outcomes = "; ".join(f"{times} {outcome}" for outcome, times in one.outcomes.items())
        rate = f"{one.rate.share:.1%}"
        names = (safe(name) for name in (one.test, one.module, one.cell))
        table.add_row(str(one.rate.bad), str(one.rate.all), rate, *names, outcomes)
    console.print(table)
    if len(flaky) > _MOST_ROWS:
        console.print(f"... and {len(flaky) - _MOST_ROWS} more: --json has all")


HISTORY = Command(
    name="history",
    summary="show one test over time and cells, or which tests are flaky",
    example="history test_os.FileTests.test_access\nhistory --flaky",
    add_options=add_options,
    run=run,
)
