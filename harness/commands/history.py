"""`diff` and `history`: what changed between runs or cells, and what one test came to over time."""

from __future__ import annotations

import fnmatch
import heapq
import itertools
import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from harness.commands.cli import OUT, Parser
from matrix import json_records
from matrix.errors import UsageError, near
from matrix.names import full_name, spellings
from matrix.outcome import FAILING_STATUSES
from reports import history as recorded
from reports.changes import Change, ChangeKind, changes
from reports.chosen import LATEST, PREVIOUS, choose, narrowed
from reports.differences import short_names
from reports.flakes import Flake
from reports.history import History, RecordedCell, SeenTest
from reports.safe_text import for_terminal as safe

_MOST_TESTS = 50
"""that a glob may match"""
_MOST_ROWS = 50
"""changes of one kind, and flaky tests, that the terminal shows; --json has all"""
_MOST_RUNS = 30
"""the newest ones, likewise"""
_MOST_CELLS = 4
"""side by side"""
_NEAREST = 300
"""names that are looked at for near misses"""


class CellChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What changed in a cell from one run to another, or from one cell to another."""

    before: RecordedCell
    after: RecordedCell
    compared: int
    """how many modules both ran"""
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    """what a reader should know: what else is different, what is not compared"""

    @property
    def fails(self) -> bool:
        """Whether something newly fails: a test, or the cell as a whole."""
        return self.before.tested > self.after.tested or any(one.kind is ChangeKind.FAILING for one in self.changes)


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """Two runs, or two cells, compared."""

    cells: tuple[CellChanges, ...]
    only_before: tuple[str, ...] = ()
    """cells that only the one run has"""
    only_after: tuple[str, ...] = ()


def diff(argv: Sequence[str], console: Console) -> int:
    """Show what changed between two runs or two cells. Raises UsageError, HistoryUnusable."""
    parser = _parser("diff", "What newly fails, newly passes, appeared, vanished or got much slower.")
    parser.epilog = (
        "BEFORE and AFTER are runs, `latest`, `previous` (the newest one before the other that has a cell of it), "
        "RUN:CELL, or two cells of the newest run that has both."
    )
    parser.add_argument("before", nargs="?", default=PREVIOUS, metavar="BEFORE", help="default: %(default)s")
    parser.add_argument("after", nargs="?", default=LATEST, metavar="AFTER", help="default: %(default)s")
    parser.add_argument("--exit-code", action="store_true", help="exit with 1 when something newly fails")
    arguments = parser.parse_args(list(argv))
    with recorded.opened(arguments.out / recorded.NAME) as history:
        chosen = choose(narrowed(history.cells(), arguments.cell), arguments.before, arguments.after)
        found = Diff(
            cells=tuple(_compare(history, before, after) for before, after in chosen.pairs),
            only_before=chosen.only_before,
            only_after=chosen.only_after,
        )
    if arguments.json:
        console.file.write(json_records.indented(found).decode())
    else:
        _show_diff(found, console)
    return int(arguments.exit_code and any(cell.fails for cell in found.cells))


def _compare(history: History, before: RecordedCell, after: RecordedCell) -> CellChanges:
    old, new = history.modules(before), history.modules(after)
    whole, complete = before.whole and after.whole, before.complete and after.complete
    both = old.keys() & new.keys()
    found: Sequence[Change] = ()
    if before.tested and after.tested:
        found = changes(old, new, whole=whole, complete=complete)
    notes = []
    if before.status != after.status:
        notes.append(f"the cell was {before.status} and is {after.status}")
    if before.cell == after.cell:
        notes += [
            f"{part} was {was} and is {after.used[part]}"
            for part, was in before.used.items()
            if was != after.used[part]
        ]
    if both and not complete and old.keys() != new.keys():
        alone = len(old.keys() ^ new.keys())
        notes.append(f"not compared: {alone} modules that only one of them ran, which was not asked for all")
    if both and not whole:
        notes.append("only some tests were run: those that only one of them ran are not compared")
    return CellChanges(before=before, after=after, compared=len(both), changes=tuple(found), notes=tuple(notes))


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
                f"[{_COLOURS[kind]}]{kind.value}",
                safe(change.test or f"module {change.module}"),
                *_texts(change),
            )
        if len(rows) > _MOST_ROWS:
            table.add_row("", f"... and {len(rows) - _MOST_ROWS} more: --json has all")
    if cell.changes:
        console.print(table)
    elif cell.compared:
        console.print(f"nothing changed in {cell.compared} modules")
    console.print()


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


# --- history


def history(argv: Sequence[str], console: Console) -> int:
    """Show what a test came to over time and cells, or which tests are flaky. Raises UsageError, HistoryUnusable."""
    parser = _parser("history", "What a test came to over runs and cells; which tests are flaky.")
    parser.add_argument("test", nargs="?", metavar="TEST", help="a test's name, or a glob: 'test_os.*Fork*'")
    parser.add_argument(
        "--flaky", action="store_true", help="the tests with different outcomes though nothing that counts has changed"
    )
    arguments = parser.parse_args(list(argv))
    if not (arguments.test or arguments.flaky):
        raise UsageError("`history` takes the name of a test, or --flaky", hint=f"{parser.prog} --help")
    with recorded.opened(arguments.out / recorded.NAME) as opened:
        cells = {cell.cell for cell in narrowed(opened.cells(), arguments.cell)}
        tests = matching(set(opened.tests()), arguments.test) if arguments.test else []
        if arguments.flaky:
            flaky = [one for one in opened.flakes(cells=cells) if not tests or one.test in tests]
        else:
            if len(tests) > _MOST_TESTS:
                raise UsageError(
                    f"{arguments.test!r} matches {len(tests)} tests", hint=f"at most {_MOST_TESTS} are shown"
                )
            seen = [one for test in tests for one in opened.seen(test, cells=cells)]
    if arguments.json:
        console.file.write(json_records.indented({"flaky": flaky} if arguments.flaky else {"seen": seen}).decode())
    elif arguments.flaky:
        _show_flaky(flaky, console)
    else:
        _show_seen(seen, console)
    return 0


def matching(names: Collection[str], word: str) -> list[str]:
    """The tests that a word names, with or without `test.`. Raises UsageError, with near misses, when there is none."""
    words = spellings(word)
    if re.search(r"[*?\[]", word):
        pattern = re.compile("|".join(map(fnmatch.translate, words)))
        found = sorted(name for name in names if pattern.match(name))
    else:
        found = [name for name in words if name in names][:1]
    if found:
        return found
    below = sum(name.startswith(tuple(f"{one}." for one in words)) for name in names)
    raise UsageError(
        f"there is no test {word!r} in the history",
        hint=f"there are {below} in it: '{word}.*'" if below else near(word, _similar(names, word)),
    )


def _similar(names: Collection[str], word: str) -> list[str]:
    """Names that begin or end like a word: `near` is thorough, and slow with all of a suite's names."""
    full = full_name(word)
    last = "." + word.rpartition(".")[2]

    def begins(name: str) -> int:
        return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(name, full, strict=False)))

    return [
        *heapq.nlargest(_NEAREST, names, key=begins),
        *itertools.islice((name for name in names if name.endswith(last)), _NEAREST),
    ]


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


def _parser(name: str, description: str) -> Parser:
    parser = Parser(prog=f"python -m harness {name}", description=description, allow_abbrev=False)
    parser.add_argument("--cell", action="append", default=[], metavar="ID", help="only this cell")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument(
        "--out", type=Path, default=OUT, metavar="DIR", help="where the runs are (default: reports/out)"
    )
    return parser
