"""Named sets of cells (`matrix/data/nightly.toml`)."""

from __future__ import annotations

from collections.abc import Iterable

from matrix.errors import UsageError, near
from matrix.expand import Expansion
from matrix.files import CellSet
from matrix.load import load, load_sets
from matrix.resolve import ResolvedCell, resolve
from matrix.select import Selection, select
from matrix.whole import whole_expansion


def cells_of_set(name: str) -> tuple[ResolvedCell, ...]:
    """The cells of a named set, in the matrix's order. Raises UsageError, with near misses, for an unknown name."""
    row = _named(name)
    matrix = load()
    expansion = whole_expansion()
    wanted = _ids(expansion, (*row.cells, *row.may_be_missing))
    return tuple(resolve(matrix, cell) for cell in expansion.cells if cell.id in wanted)


def may_be_missing_of_set(name: str) -> tuple[str, ...]:
    """The ids, sorted, of the cells of a set that need not be available. Raises UsageError for an unknown name."""
    row = _named(name)
    expansion = whole_expansion()
    return tuple(sorted(_ids(expansion, row.may_be_missing) - _ids(expansion, row.cells)))


def set_of_cells(ids: Iterable[str]) -> str:
    """The name of the first set that has exactly these cells; "" when there is none."""
    wanted = set(ids)
    expansion = whole_expansion()
    return next((row.name for row in load_sets() if _ids(expansion, (*row.cells, *row.may_be_missing)) == wanted), "")


def _named(name: str) -> CellSet:
    sets = {row.name: row for row in load_sets()}
    if name not in sets:
        raise UsageError(f"there is no set {name!r} in nightly.toml", hint=near(name, sets))
    return sets[name]


def _ids(expansion: Expansion, selections: Iterable[Selection]) -> set[str]:
    return {cell.id for selection in selections for cell in select(expansion, selection)}
