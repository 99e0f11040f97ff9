"""Compares the results of probes with the list of limitations. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from matrix.limitations import NEUTRAL, Limitation, State
from matrix.model import Cell
from reports.boundaries import Boundary, boundaries, versions_of

PROBES = "probes.json"
"""the file, in the directory of a run of probes"""


class Square(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one limitation's probe on one cell."""

    limitation: str
    cell: str
    state: State
    saw: str
    listed: bool
    """whether the list says that the limitation holds on the cell"""
    wrong: str = ""
    """how list and probe disagree; "" when they agree"""


class Probes(msgspec.Struct, frozen=True, kw_only=True):
    """The results of a run of probes: `probes.json`."""

    schema: int = 1
    run_id: str
    cells: tuple[str, ...]
    squares: tuple[Square, ...]


def square(entry: Limitation, cell: Cell, state: State, saw: str) -> Square:
    """The square for a probe's result: its state, and what it `saw`."""
    listed = entry.holds(cell.facts)
    wrong = ""
    if state is State.BROKEN:
        wrong = f"its probe is broken, matrix/probes/{entry.probe}"
    elif state is State.LIFTED and listed:
        wrong = "the list says that it holds"
    elif state in (State.HOLDS, State.PARTLY) and not listed:
        wrong = "the list does not say that it holds"
    return Square(limitation=entry.id, cell=cell.id, state=state, saw=saw, listed=listed, wrong=wrong)


def without_probe(entries: Sequence[Limitation]) -> list[str]:
    """The ids of the limitations without a probe. Neutral causes need none."""
    return [entry.id for entry in entries if entry.section != NEUTRAL and not entry.probe]


def lifted_from(squares: Sequence[Square], cells: Mapping[str, Cell]) -> list[Boundary]:
    """The versions from which on a limitation is lifted; `squares` are those of that limitation."""
    lifted = [versions_of(cells[one.cell].facts) for one in squares if one.state is State.LIFTED]
    holds = [versions_of(cells[one.cell].facts) for one in squares if one.state in (State.HOLDS, State.PARTLY)]
    return boundaries(lifted, holds)
