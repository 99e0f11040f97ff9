"""Named sets of cells (`matrix/data/nightly.toml`)."""

from __future__ import annotations

from matrix.errors import UsageError, near
from matrix.expand import expand
from matrix.load import load, load_sets
from matrix.resolve import ResolvedCell, resolve
from matrix.select import select


def cells_of_set(name: str) -> tuple[ResolvedCell, ...]:
    """The cells of a named set, in the matrix's order. Raises UsageError, with near misses, for an unknown name."""
    sets = {row.name: row for row in load_sets()}
    if name not in sets:
        raise UsageError(f"there is no set {name!r} in nightly.toml", hint=near(name, sets))
    matrix = load()
    expansion = expand(matrix)
    wanted = {cell.id for selection in sets[name].cells for cell in select(expansion, selection)}
    return tuple(resolve(matrix, cell) for cell in expansion.cells if cell.id in wanted)
