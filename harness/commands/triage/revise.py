"""`triage queue`, `accept` and `retire`: a run against the list of limitations, and the list after it."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape

from harness.cells.selection import matrix_of, selected_cells
from harness.machine.files import write_atomically
from harness.runs.records import cell_directory, read_record, read_started
from harness.suite.files import OUTCOMES
from harness.suite.results import read_results
from matrix import edit, json_records
from matrix.errors import UsageError, near
from matrix.limitations import CellLimitations, Limitations
from matrix.model import Cell
from matrix.outcome import Status
from reports.summary import CellStatus, Summary
from reports.triage import Skips, Unattributed, proposals, seen_on, stale, unattributed, unused_reasons


class Found:
    """A run with what was observed in it, and the list that it is held against."""

    def __init__(self, directory: Path, summary: Summary, limitations: Path) -> None:
        self.directory = directory
        self.summary = summary
        self.limitations = limitations
        self.cells = tested_cells(directory, summary)
        self.texts = {path: path.read_text("utf-8") for path in sorted(limitations.glob("*.toml"))}

    @cached_property
    def known(self) -> dict[str, CellLimitations]:
        """What the list says of each tested cell. Raises ConfigError when it cannot be read."""
        loaded = Limitations.load(self.limitations)
        return {name: loaded.for_cell(cell.facts) for name, cell in self.cells.items()}

    @cached_property
    def skips(self) -> Skips:
        """The skipped tests of each tested cell."""
        return {name: tuple(self._skips_of(name)) for name in self.cells}

    def _skips_of(self, cell: str) -> Iterator[tuple[str, str, str]]:
        for result in read_results(cell_directory(self.directory, cell) / OUTCOMES).values():
            for one in result.outcomes:
                if one.status is Status.SKIPPED:
                    yield result.module, one.test, one.detail

    def full(self, cell: str) -> bool:
        """Whether the cell's whole suite was planned."""
        record = read_record(self.directory, cell)
        return record is not None and record.full


def read_summary(directory: Path) -> Summary:
    """A run's summary.json. Raises UsageError when there is none of this schema."""
    try:
        return json_records.decode((directory / "summary.json").read_bytes(), Summary)
    except (OSError, msgspec.DecodeError) as exc:
        raise UsageError(f"{directory} has no report: {exc}", hint="`python -m harness report RUN` makes it") from None


def tested_cells(directory: Path, summary: Summary) -> dict[str, Cell]:
    """The cells of a run that were tested, by their ids."""
    arguments = read_started(directory).arguments
    tested = {cell.id for cell in summary.cells if cell.status in (CellStatus.OK, CellStatus.UNEXPECTED)}
    return {cell.id: cell for cell in selected_cells(arguments, matrix_of(arguments)) if cell.id in tested}


def queue(known: argparse.Namespace, found: Found, console: Console) -> int:
    """List the reasons of skips that no limitation explains, with how many tests gave them, and where."""
    waiting = unattributed(found.skips, found.known, known.tests)
    for one in waiting:
        _show_skip(one, console)
    console.print(f"reasons that no limitation explains: {len(waiting)}", highlight=False)
    return 0


def accept(known: argparse.Namespace, found: Found, console: Console) -> int:
    """Write entries for what failed unexpectedly, or (`--skips`) for skips that nothing explains.

    Raises UsageError when there is nothing of that.
    """
    ask = _asker(console)
    after = _with_skips(known, found, ask, console) if known.skips else _with_failures(known, found, ask, console)
    return _show_or_write(found, after, known.write, console)


def retire(known: argparse.Namespace, found: Found, console: Console) -> int:
    """Take out what the run found stale wherever it was expected. Raises UsageError when nothing is stale."""
    if not known.tests:
        _say_unused(found, console)
    gone = stale(found.summary, found.known, known.tests)
    if not gone:
        raise UsageError("nothing of that is stale", hint="only a full run says which entries match nothing")
    after = dict(found.texts)
    for one in gone:
        if one.holds:
            key = "seen" if one.skip_reason else "when"
            console.print(f"kept, but narrow its `{key}`: {escape(str(one))}", soft_wrap=True)
            console.print(f"  stale on {escape(', '.join(one.cells))}", soft_wrap=True)
            console.print(f"  holds on {escape(', '.join(one.holds))}", soft_wrap=True)
        else:
            path = _file_of(one.limitation, after)
            if one.skip_reason:
                after[path] = edit.retire_skip_reason(after[path], one.limitation, one.skip_reason)
            else:
                after[path] = edit.retire(after[path], one.limitation, one.match)
            console.print(f"retired: {escape(str(one))}", soft_wrap=True)
    return _show_or_write(found, after, known.write, console)


Ask = Callable[[str], str]


def _asker(console: Console) -> Ask:
    def ask(question: str) -> str:
        if not sys.stdin.isatty():
            raise UsageError(f"nobody can be asked: {question}", hint="say --limitation and --reason")
        return console.input(f"{question}: ").strip()

    return ask


def _with_failures(known: argparse.Namespace, found: Found, ask: Ask, console: Console) -> dict[Path, str]:
    groups = proposals(found.summary, found.cells, known.tests)
    if not groups:
        names = [row.test for row in found.summary.unexpected]
        raise UsageError("nothing of that failed unexpectedly", hint=near(" ".join(known.tests), names))
    after = dict(found.texts)
    for group in groups:
        console.print(f"[bold]{group.expect}[/bold] on {escape(', '.join(group.cells))}", soft_wrap=True)
        for test in group.tests:
            console.print(f"  {escape(test)}", soft_wrap=True)
        console.print(f"  [dim]{escape(group.detail)}[/dim]", soft_wrap=True)
        entry = known.limitation or ask("limitation that explains it")
        path = _file_of(entry, after)
        after[path] = edit.add_tests(
            after[path],
            entry,
            match=group.tests,
            expect=group.expect,
            reason=known.reason or ask(f"what was seen [{group.detail}]") or group.detail,
            when=group.when,
        )
    return after


def _with_skips(known: argparse.Namespace, found: Found, ask: Ask, console: Console) -> dict[Path, str]:
    waiting = unattributed(found.skips, found.known, known.tests)
    if not waiting:
        raise UsageError("each skip of that is explained", hint="`triage queue RUN` has those that are not")
    after = dict(found.texts)
    for one in waiting:
        _show_skip(one, console)
        entry = known.limitation or ask("limitation that explains it")
        path = _file_of(entry, after)
        seen = seen_on([found.cells[cell] for cell in one.cells], list(found.cells.values()))
        after[path] = edit.add_skip_reason(after[path], entry, one.reason, seen)
    return after


def _show_skip(one: Unattributed, console: Console) -> None:
    tests = "1 test" if len(one.tests) == 1 else f"{len(one.tests)} tests"
    console.print(f"[bold]{escape(one.reason)}[/bold]: {tests}, such as {escape(one.tests[0])}", soft_wrap=True)
    console.print(f"  on {escape(', '.join(one.cells))}", soft_wrap=True)


def _file_of(limitation: str, texts: dict[Path, str]) -> Path:
    """The file that has an entry. Raises UsageError, with near misses, when none has."""
    ids = {name: path for path, text in texts.items() for name in edit.entry_ids(text)}
    if limitation not in ids:
        raise UsageError(f"there is no limitation {limitation!r}", hint=near(limitation, ids))
    return ids[limitation]


def _say_unused(found: Found, console: Console) -> None:
    """Name the skip reasons of neutral causes that no full cell of the run has."""
    given = {cell: {reason for _, _, reason in found.skips[cell]} for cell in found.cells if found.full(cell)}
    for limitation, pattern in unused_reasons(given, found.known):
        console.print(
            f"no test gave this reason on {len(given)} cells: {escape(f'{limitation}: {pattern}')}", soft_wrap=True
        )


def _show_or_write(found: Found, after: dict[Path, str], write: bool, console: Console) -> int:
    """Print the difference, and write it if that is wanted and the list can still be read."""
    changed = {path: text for path, text in after.items() if text != found.texts[path]}
    for path, text in changed.items():
        old, new = found.texts[path].splitlines(), text.splitlines()
        for line in difflib.unified_diff(old, new, path.name, path.name, lineterm=""):
            console.print(escape(line), style={"+": "green", "-": "red"}.get(line[:1], ""), soft_wrap=True)
    if write and changed:
        for path, text in changed.items():
            write_atomically(path, text.encode())
        Limitations.load(found.limitations)
        console.print(f"written: {', '.join(path.name for path in changed)}")
    elif changed:
        console.print("not written: --write does")
    return 0
