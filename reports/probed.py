"""What probes saw against what the list of limitations says: squares, what disagrees, from which version on. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from matrix.limitations import NEUTRAL, Limitation
from matrix.model import Cell, Facts
from matrix.pins import version_of

HOLDS, LIFTED, PARTLY, CANNOT_BE_TRIED, BROKEN = "holds", "lifted", "partly", "cannot be tried", "broken"


class Square(msgspec.Struct, frozen=True, kw_only=True):
    """One limitation on one cell."""

    limitation: str
    cell: str
    state: str
    """holds, lifted, partly, cannot be tried, broken"""
    saw: str
    listed: bool
    """whether the list says that it holds there"""
    wrong: str = ""
    """how list and probe disagree, "" when they do not"""


def square(entry: Limitation, cell: Cell, state: str, saw: str) -> Square:
    """A limitation on a cell, as its probe saw it."""
    listed = entry.when.holds(cell.facts)
    wrong = ""
    if state == BROKEN:
        wrong = "the probe is broken"
    elif state == LIFTED and listed:
        wrong = "the list says that it holds"
    elif state in (HOLDS, PARTLY) and not listed:
        wrong = "the list does not say that it holds"
    return Square(limitation=entry.id, cell=cell.id, state=state, saw=saw, listed=listed, wrong=wrong)


def without_probe(entries: Sequence[Limitation]) -> list[str]:
    """The limitations (neutral causes are none) that no probe shows."""
    return [entry.id for entry in entries if entry.section != NEUTRAL and not entry.probe]


_AXES: tuple[tuple[str, str, str], ...] = (
    ("SDK", "sdk", "sdk_version"),
    ("CPython", "", "cpython"),
    ("runtime", "runtime", "runtime_version"),
)
"""the axes that have versions: what they are called, their name and their version among a cell's facts"""


class Boundary(msgspec.Struct, frozen=True, kw_only=True):
    """Cells that are parted by a version: those before it are of one kind, those from it on of the other."""

    axis: str
    """SDK, CPython or runtime"""
    name: str
    """such as wasi-sdk"""
    first: str
    """the first version of the other kind"""
    last: str
    """the last version before it that was seen"""

    def __str__(self) -> str:
        return f"from {self.name or self.axis} {self.first} on (not with {self.last})"


def boundaries(yes: Sequence[Facts], no: Sequence[Facts]) -> list[Boundary]:
    """The versions that part cells where something is so (`yes`) from those where it is not.

    An axis of one name parts them when every version where it is so comes after every one where it is not. Only
    what is the same kind of cell is compared: same target, same names.
    """
    found = []
    for target in sorted({facts.target for facts in yes} & {facts.target for facts in no}):
        for axis, name_of, version in _AXES:
            names = {getattr(facts, name_of) if name_of else "" for facts in (*yes, *no)}
            for name in sorted(names):
                after, before = (
                    [
                        version_of(getattr(facts, version))
                        for facts in kind
                        if facts.target == target and (not name_of or getattr(facts, name_of) == name)
                    ]
                    for kind in (yes, no)
                )
                if after and before and min(after) > max(before):
                    label = name if name_of else "CPython"
                    found.append(Boundary(axis=axis, name=label, first=str(min(after)), last=str(max(before))))
    return list(dict.fromkeys(found))


def lifted_from(squares: Sequence[Square], cells: Mapping[str, Cell]) -> list[Boundary]:
    """From which versions on one limitation is lifted, by its squares."""
    lifted = [cells[one.cell].facts for one in squares if one.state == LIFTED]
    holds = [cells[one.cell].facts for one in squares if one.state in (HOLDS, PARTLY)]
    return boundaries(lifted, holds)
