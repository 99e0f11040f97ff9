"""`triage bisect` and `triage check`: the first version at which a test comes to something else."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from packaging.version import Version
from rich.console import Console
from rich.markup import escape

from harness.cells.prepare import Prepared
from harness.cells.selection import expansion_of
from harness.commands.triage.reproduce import Chosen, prepared_cell
from harness.commands.triage.search import find_change
from harness.machine.store import Store
from harness.suite.observing import gravest, observe
from matrix.errors import BuildFailed, Unobtainable, UsageError, near
from matrix.expand import Expansion
from matrix.model import Cell
from matrix.outcome import FAILING_STATUSES, Status
from matrix.resolve import resolve
from matrix.versions import Requirement

AXES = ("sdk", "cpython", "runtime")
_CANNOT_BE_TESTED = 125
"""what `git bisect run` takes for a commit to be left out: https://git-scm.com/docs/git-bisect"""


def bisect(known: argparse.Namespace, console: Console) -> int:
    """Build and run the versions of an axis that are needed to name the first at which a test changes.

    Returns 1 when there is no change. Raises UsageError when there is nothing to compare.
    """
    chosen = Chosen.from_words(known)
    row = row_of(chosen.cell, known.axis, expansion_of(chosen.arguments, chosen.matrix))
    row = between(row, known.axis, known.first, known.last)
    store = Store()
    preparer = chosen.preparer(store, console)
    seen: dict[str, Status | None] = {}
    details: dict[str, str] = {}

    def say(message: str) -> None:
        console.print(escape(message), soft_wrap=True)

    def look(cell: Cell) -> Status | None:
        try:
            prepared = preparer.prepare(resolve(chosen.matrix, cell), chosen.arguments.limits)
            status = gravest(status for _, status in observe(prepared, known.test, 1, store))
            why = "" if status else "no such test runs there"
        except (Unobtainable, BuildFailed, UsageError) as exc:
            status, why = None, str(exc).splitlines()[0]
        else:
            details[cell.id] = _part(prepared, known.axis)
        say(f"{value_of(cell, known.axis)}: {status.value if status else f'cannot be tested: {why}'}")
        seen[cell.id] = status
        return status

    say(f"{known.test}: {len(row)} versions, {', '.join(value_of(cell, known.axis) for cell in row)}")
    change = find_change(row, look)
    say(f"{len(seen)} of {len(row)} versions were looked at")
    if change is None:
        say("it comes to the same wherever it can be tested")
        return 1
    before, after = change.before, change.after
    came = {cell.id: seen[cell.id] for cell in (before, after)}
    say(f"the first version at which it is {_word(came[after.id])}, and no longer {_word(came[before.id])}:")
    say(f"  {value_of(after, known.axis)}  {details[after.id]}")
    say(f"  {value_of(before, known.axis)}  {details[before.id]}  is the last one before it")
    if change.between:
        say("  or one of those between them, which cannot be tested: " + _values(change.between, known.axis))
    return 0


def _word(status: Status | None) -> str:
    return status.value if status else ""


def _values(cells: Sequence[Cell], axis: str) -> str:
    return ", ".join(value_of(cell, axis) for cell in cells)


def _part(prepared: Prepared, axis: str) -> str:
    return {"sdk": prepared.sdk, "cpython": prepared.cpython, "runtime": prepared.runtime}[axis].detail


def row_of(cell: Cell, axis: str, expansion: Expansion) -> tuple[Cell, ...]:
    """The cells that differ from one on an axis only, by the versions there; runtimes of its kind only."""

    def key(other: Cell) -> tuple[object, ...]:
        build = other.build
        parts = {"sdk": build.sdk.id, "cpython": build.cpython.id, "runtime": other.runtime.id}
        return (build.target.id, build.options, other.runtime.name, *(parts[name] for name in AXES if name != axis))

    found = [other for other in expansion.cells if key(other) == key(cell)]
    return tuple(sorted(found, key=lambda other: Version(version_of(other, axis))))


def between(row: Sequence[Cell], axis: str, first: str, last: str) -> tuple[Cell, ...]:
    """The part of a row from one version to another, either of which may be "". Raises UsageError."""
    ends: list[int | None] = []
    for option, wanted in (("--first", first), ("--last", last)):
        known = [value_of(cell, axis) for cell in row]
        found = [index for index, cell in enumerate(row) if wanted and _is(cell, axis, wanted)]
        if wanted and not found:
            raise UsageError(f"{option} {wanted}: there is no such version", hint=near(wanted, known))
        ends.append((found[0] if option == "--first" else found[-1]) if found else None)
    low, high = ends
    part = tuple(row[low : None if high is None else high + 1])
    if len(part) < 2:
        raise UsageError(f"there are not two versions to compare: {_values(part, axis) or 'none'}")
    return part


def _is(cell: Cell, axis: str, wanted: str) -> bool:
    if value_of(cell, axis) == wanted:
        return True
    name, version = value_of(cell, axis).rpartition("-")[0], version_of(cell, axis)
    return Requirement.parse(wanted).matches(name, version)


def version_of(cell: Cell, axis: str) -> str:
    parts = {"sdk": cell.build.sdk.version, "cpython": cell.build.cpython.version, "runtime": cell.runtime.version}
    return parts[axis]


def value_of(cell: Cell, axis: str) -> str:
    """The id of a cell's part on an axis."""
    return {"sdk": cell.build.sdk.id, "cpython": cell.build.cpython.id, "runtime": cell.runtime.id}[axis]


def check(known: argparse.Namespace, console: Console) -> int:
    """Build a cell and run a test there once: 0 when it is good, 1 when it is bad, 125 when it cannot be tested.

    Raises UsageError for what is not understood.
    """
    store = Store()
    try:
        prepared = prepared_cell(known, store, console)
        status = gravest(status for _, status in observe(prepared, known.test, 1, store))
    except (Unobtainable, BuildFailed) as exc:
        console.print(f"cannot be tested: {escape(str(exc))}", soft_wrap=True)
        return _CANNOT_BE_TESTED
    came_to = status.value if status else "no such test runs there"
    console.print(escape(f"{known.test} on {prepared.cell.id}: {came_to}"), soft_wrap=True)
    return _CANNOT_BE_TESTED if status is None else int(status in FAILING_STATUSES)
