"""`triage bisect` and `triage check`: the version at which the outcome of a test changes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from harness.cells.axis import Axis, between, part_id, row_of
from harness.cells.prepare import Prepared
from harness.cells.selection import expansion_of
from harness.commands.command import Command
from harness.commands.parser import Parser
from harness.commands.terminal import say_to
from harness.commands.triage.bisect_commits import bisect_commits
from harness.commands.triage.one_cell import OneCell, add_one_cell_options, prepared_cell
from harness.machine.store import Store
from harness.suite.observing import gravest, observe
from harness.suite.search import find_change
from matrix.errors import BuildFailed, GuestDidNotStart, Unobtainable, UsageError
from matrix.model import Cell
from matrix.outcome import FAILING_STATUSES, Status
from matrix.resolve import resolve

_COMMIT = "commit"
_CANNOT_BE_TESTED = 125
"""what `git bisect run` takes for a commit to skip: https://git-scm.com/docs/git-bisect"""


def add_bisect_options(parser: Parser) -> None:
    add_one_cell_options(parser)
    parser.add_argument(
        "--axis", choices=[*(axis.value for axis in Axis), _COMMIT], required=True, help="whose versions to search"
    )
    parser.add_argument(
        "--first", default="", metavar="VERSION|REV", help="where to begin (default: the oldest version)"
    )
    parser.add_argument(
        "--last", default="", metavar="VERSION|REV", help="where to end (default: the newest version, or HEAD)"
    )


def bisect(known: argparse.Namespace, console: Console) -> int:
    """Build and run as few versions of an axis as needed to name the first at which a test's outcome changes.

    Returns 1 when it does not change. Raises UsageError when there is nothing to compare.
    """
    if known.axis == _COMMIT:
        return bisect_commits(known, console)
    one, axis = OneCell.read(known), Axis(known.axis)
    row = between(row_of(one.cell, axis, expansion_of(one.request, one.matrix)), axis, known.first, known.last)
    store = Store()
    preparer = one.preparer(store, console)
    say = say_to(console)
    seen: dict[str, Status | None] = {}
    details: dict[str, str] = {}

    def look(cell: Cell) -> Status | None:
        try:
            prepared = one.prepared(resolve(one.matrix, cell), preparer)
            status = gravest(status for _, status in observe(prepared, known.test, 1, store))
            why = "" if status else "no such test runs there"
        except (Unobtainable, BuildFailed, GuestDidNotStart, UsageError) as exc:
            status, why = None, str(exc).splitlines()[0]
        else:
            details[cell.id] = _detail(prepared, axis)
        say(f"{part_id(cell, axis)}: {status.value if status else f'cannot be tested: {why}'}")
        seen[cell.id] = status
        return status

    say(f"{known.test}: {len(row)} versions, {_ids(row, axis)}")
    change = find_change(row, look)
    say(f"{len(seen)} of {len(row)} versions were looked at")
    if change is None:
        say("the outcome is the same wherever it can be tested")
        return 1
    before, after = change.before, change.after
    say(f"the first version at which it is {_word(seen[after.id])}, and no longer {_word(seen[before.id])}:")
    say(f"  {part_id(after, axis)}  {details[after.id]}")
    say(f"  {part_id(before, axis)}  {details[before.id]}  is the last one before it")
    if change.between:
        say("  or one of those between them, which cannot be tested: " + _ids(change.between, axis))
    return 0


def _word(status: Status | None) -> str:
    return status.value if status else ""


def _ids(cells: Sequence[Cell], axis: Axis) -> str:
    return ", ".join(part_id(cell, axis) for cell in cells)


def _detail(prepared: Prepared, axis: Axis) -> str:
    return {Axis.SDK: prepared.sdk, Axis.CPYTHON: prepared.cpython, Axis.RUNTIME: prepared.runtime}[axis].detail


def check(known: argparse.Namespace, console: Console) -> int:
    """Build a cell and run a test once: 0 when it is good, 1 when it is bad, 125 when it cannot be tested.

    Raises UsageError for what is not understood.
    """
    store = Store()
    try:
        prepared = prepared_cell(known, store, console)
        status = gravest(status for _, status in observe(prepared, known.test, 1, store))
    except (Unobtainable, BuildFailed, GuestDidNotStart) as exc:
        console.print(f"cannot be tested: {escape(str(exc))}", soft_wrap=True)
        return _CANNOT_BE_TESTED
    outcome = status.value if status else "no such test runs there"
    console.print(escape(f"{known.test} on {prepared.cell.id}: {outcome}"), soft_wrap=True)
    return _CANNOT_BE_TESTED if status is None else int(status in FAILING_STATUSES)


BISECT = Command(
    name="triage bisect",
    summary="name the first version of an SDK, CPython or runtime, or commit, at which a test's outcome changes",
    details="""\
It halves the range, and builds and runs only the versions that it needs. The exit status is 1 when nothing changes.""",
    example="triage bisect test_os.FileTests.test_access --axis sdk --cpython 3.13.5\n"
    "triage bisect test_json --axis commit --cpython ~/cpython --first v3.14.0 --last main",
    add_options=add_bisect_options,
    run=bisect,
)
CHECK = Command(
    name="triage check",
    summary="run a test once, with the exit status that `git bisect run` expects",
    details="0 for good, 1 for bad, 125 when it cannot be tested.",
    example="triage check test_os.FileTests.test_access --cpython ~/cpython",
    add_options=add_one_cell_options,
    run=check,
)
