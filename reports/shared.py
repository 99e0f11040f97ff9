"""What cells of a run share: what they are in words, notes that several have, reasons that several have. Pure.

A nightly of fourteen cells has the same two notes fourteen times: a reader wants each once, with the cells it is about.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from reports.summary import CellStatus, CellSummary

_ADDRESS = re.compile(r"https?://[^\s,;]+")
_MOST_VALUES = 2
"""values of one axis that still make a name; more are a list"""


class Group(NamedTuple):
    """A text, and the cells that it is about."""

    text: str
    cells: tuple[str, ...]
    """their ids"""


class Untested(NamedTuple):
    """Cells that were not tested for the same reason."""

    first: CellSummary
    """one of them"""
    cells: tuple[str, ...]
    """the ids of all"""


def in_words(these: Collection[str], everything: Sequence[CellSummary]) -> str:
    """Some cells of a run by what they have in common: `all 14 cells`, `4 cells (wasi-sdk-24, cpython-3.11.2)`.

    One cell is named by its id. Several that no two axes tell from the others are counted.
    """
    if len(these) == 1:
        return next(iter(these))
    if len(these) == len(everything):
        return "both cells" if len(these) == 2 else f"all {len(these)} cells"
    wanted = frozenset(these)
    for count in (1, 2):
        for chosen in itertools.combinations(_AXES, count):
            values = {axis: {_axis(cell, axis) for cell in everything if cell.id in wanted} for axis in chosen}
            if any(len(found) > _MOST_VALUES for found in values.values()):
                continue
            held = {one.id for one in everything if all(_axis(one, axis) in found for axis, found in values.items())}
            if held == wanted:
                return f"{len(these)} cells ({', '.join(' or '.join(sorted(found)) for found in values.values())})"
    return f"{len(these)} of {len(everything)} cells"


_AXES = ("sdk", "cpython", "runtime", "target")


def _axis(cell: CellSummary, axis: str) -> str:
    match axis:
        case "sdk":
            return cell.sdk.id
        case "cpython":
            return f"cpython-{cell.cpython.version}"
        case "runtime":
            return f"{cell.runtime.name}-{cell.runtime.version}"
        case _:
            return cell.target


def shared_notes(cells: Iterable[CellSummary]) -> list[Group]:
    """The notes of cells, each once, those of most cells first. Notes that differ only in an address are one.

    How many results were reused is not among them: the number is another in each cell.
    """
    groups: dict[str, dict[str, list[str]]] = {}
    for cell in cells:
        for note in cell.notes:
            if not (cell.modules.reused and note == cell.modules.reuse):
                groups.setdefault(_ADDRESS.sub("", note), {}).setdefault(note, []).append(cell.id)
    found = [
        Group(_counted(list(notes)), tuple(dict.fromkeys(itertools.chain.from_iterable(notes.values()))))
        for notes in groups.values()
    ]
    return sorted(found, key=lambda group: -len(group.cells))


def _counted(notes: Sequence[str]) -> str:
    """Notes that differ only in an address as one: the first address, and how many others there are."""
    more = len(notes) - 1
    if not more:
        return notes[0]
    others = f" and {more} other address" + ("es" if more > 1 else "")
    return _ADDRESS.sub(lambda match: match[0] + others, notes[0], count=1)


def untested(cells: Iterable[CellSummary]) -> list[Untested]:
    """The cells that were not built or not run, by state and reason, in the run's order."""
    groups: dict[tuple[CellStatus, bool, bool, str, str], list[CellSummary]] = {}
    for cell in cells:
        if cell.reason or cell.status in (CellStatus.BUILD_FAILED, CellStatus.UNOBTAINABLE, CellStatus.ERROR):
            key = (cell.status, cell.expected, cell.missing, cell.allowed_to_fail, cell.reason)
            groups.setdefault(key, []).append(cell)
    return [Untested(group[0], tuple(cell.id for cell in group)) for group in groups.values()]


def allowances(cells: Iterable[CellSummary]) -> list[Group]:
    """The reasons why failing cells are allowed to fail, each once."""
    groups: dict[str, list[str]] = {}
    for cell in cells:
        if cell.forgiven:
            groups.setdefault(cell.allowed_to_fail, []).append(cell.id)
    return [Group(text, tuple(ids)) for text, ids in groups.items()]
