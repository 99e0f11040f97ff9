"""`triage queue`, `accept` and `retire`: hold a run against the list of limitations, and change the list."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from harness.commands import options
from harness.commands.command import Command
from harness.commands.parser import Parser, directory
from harness.commands.triage.runs import reported_run
from harness.machine.files import write_atomically
from harness.runs.observed import ObservedRun, read_summary
from matrix import edit
from matrix.errors import UsageError, near
from matrix.limitations import DIRECTORY, Limitations
from reports.triage import Unattributed, proposals, seen_on, stale, unattributed, unused_reasons


def add_queue_options(parser: Parser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run's id, or `latest`")
    parser.add_argument("tests", nargs="*", metavar="TEST", help="only these tests, classes or modules")
    parser.add_argument(
        "--limitations", type=directory, default=DIRECTORY, metavar="DIR", help="the directory of the list"
    )
    options.add_out(parser)


def add_retire_options(parser: Parser) -> None:
    add_queue_options(parser)
    parser.add_argument("--write", action="store_true", help="write the files (default: only show the diff)")


def add_accept_options(parser: Parser) -> None:
    add_retire_options(parser)
    parser.add_argument("--skips", action="store_true", help="accept skips that nothing explains, not failures")
    parser.add_argument("--limitation", default="", metavar="ID", help="the entry that explains them (default: ask)")
    parser.add_argument("--reason", default="", metavar="TEXT", help="what was seen (default: ask)")


def _observed(known: argparse.Namespace) -> ObservedRun:
    """The run that the options name. Raises UsageError when the run, its report or the list does not exist."""
    if not any(known.limitations.glob("*.toml")):
        raise UsageError(
            f"--limitations {known.limitations}: there are no TOML files", hint="such as matrix/limitations"
        )
    directory = reported_run(known)
    return ObservedRun(directory, read_summary(directory), known.limitations)


def queue(known: argparse.Namespace, console: Console) -> int:
    """List the reasons of skips that no limitation explains, with how many tests gave them, and where."""
    observed = _observed(known)
    waiting = unattributed(observed.skips, observed.limitations_of, known.tests)
    for one in waiting:
        _show_skip(one, console)
    console.print(f"reasons that no limitation explains: {len(waiting)}", highlight=False)
    return 0


def accept(known: argparse.Namespace, console: Console) -> int:
    """Write entries for what failed unexpectedly, or (`--skips`) for skips that nothing explains.

    Raises UsageError when there is nothing to accept.
    """
    observed, ask = _observed(known), _asker(console)
    after = _with_skips(known, observed, ask, console) if known.skips else _with_failures(known, observed, ask, console)
    return _show_or_write(observed, after, known.write, console)


def retire(known: argparse.Namespace, console: Console) -> int:
    """Remove what was stale on every cell of the run that expected it. Raises UsageError when nothing is stale."""
    observed = _observed(known)
    if not known.tests:
        _say_unused(observed, console)
    gone = stale(observed.summary, observed.limitations_of, known.tests)
    if not gone:
        raise UsageError("no selected entry is stale", hint="only a full run says which entries match nothing")
    after = dict(observed.texts)
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
    return _show_or_write(observed, after, known.write, console)


Ask = Callable[[str], str]


def _asker(console: Console) -> Ask:
    def ask(question: str) -> str:
        if not sys.stdin.isatty():
            raise UsageError(
                f"the standard input is not a terminal, so nobody can be asked: {question}",
                hint="say --limitation and --reason",
            )
        return console.input(f"{question}: ").strip()

    return ask


def _with_failures(known: argparse.Namespace, observed: ObservedRun, ask: Ask, console: Console) -> dict[Path, str]:
    groups = proposals(observed.summary, observed.cells, known.tests)
    if not groups:
        names = [row.test for row in observed.summary.unexpected]
        raise UsageError("no selected test failed unexpectedly", hint=near(" ".join(known.tests), names))
    after = dict(observed.texts)
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


def _with_skips(known: argparse.Namespace, observed: ObservedRun, ask: Ask, console: Console) -> dict[Path, str]:
    waiting = unattributed(observed.skips, observed.limitations_of, known.tests)
    if not waiting:
        raise UsageError(
            "a limitation explains every selected skip", hint="`triage queue RUN` lists those that are not explained"
        )
    after = dict(observed.texts)
    for one in waiting:
        _show_skip(one, console)
        entry = known.limitation or ask("limitation that explains it")
        path = _file_of(entry, after)
        seen = seen_on([observed.cells[cell] for cell in one.cells], list(observed.cells.values()))
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


def _say_unused(observed: ObservedRun, console: Console) -> None:
    """Name the skip reasons of neutral causes that no test gave on any full cell of the run."""
    given = {cell: {reason for _, _, reason in observed.skips[cell]} for cell in observed.cells if observed.full(cell)}
    for limitation, pattern in unused_reasons(given, observed.limitations_of):
        console.print(
            f"no test gave this reason on {len(given)} cells: {escape(f'{limitation}: {pattern}')}", soft_wrap=True
        )


def _show_or_write(observed: ObservedRun, after: dict[Path, str], write: bool, console: Console) -> int:
    """Print the difference; with `write` also write it, and check that the list can still be read."""
    changed = {path: text for path, text in after.items() if text != observed.texts[path]}
    for path, text in changed.items():
        old, new = observed.texts[path].splitlines(), text.splitlines()
        for line in difflib.unified_diff(old, new, path.name, path.name, lineterm=""):
            console.print(escape(line), style={"+": "green", "-": "red"}.get(line[:1], ""), soft_wrap=True)
    if write and changed:
        for path, text in changed.items():
            write_atomically(path, text.encode())
        Limitations.load(observed.limitations)
        console.print(f"written: {', '.join(path.name for path in changed)}")
    elif changed:
        console.print("not written: --write does")
    return 0


QUEUE = Command(
    name="triage queue",
    summary="list the reasons of skipped tests that no limitation explains",
    example="triage queue latest",
    add_options=add_queue_options,
    run=queue,
)
ACCEPT = Command(
    name="triage accept",
    summary="add entries to the list for what failed unexpectedly, or for skips that nothing explains",
    example="triage accept latest test_os --limitation no-fork --reason 'fork gives ENOSYS' --write",
    add_options=add_accept_options,
    run=accept,
)
RETIRE = Command(
    name="triage retire",
    summary="remove stale entries from the list",
    example="triage retire latest --write",
    add_options=add_retire_options,
    run=retire,
)
