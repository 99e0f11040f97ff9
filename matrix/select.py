"""Selection: which cells a user means. A selector that matches nothing is an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from matrix.conditions import BuildOption
from matrix.errors import UsageError, near
from matrix.expand import Expansion
from matrix.model import Cell
from matrix.record import Record
from matrix.versions import Requirement

_LIST = "`python -m harness cells` lists every cell"
"""what to do when no known name is similar"""


class Selection(Record, frozen=True, kw_only=True):
    """Selectors, as given on the command line. An axis without a selector has the target's default.

    A selector is an id or a requirement (`matrix.versions`); several on one axis are alternatives, less what those
    that begin with `!` match. Without
    `options`, only plain builds are selected. `cell` selects cells by id and overrides all other axes.
    """

    target: tuple[str, ...] = ()
    sdk: tuple[str, ...] = ()
    cpython: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    runtime: tuple[str, ...] = ()
    cell: tuple[str, ...] = ()


def select(expansion: Expansion, selection: Selection) -> tuple[Cell, ...]:
    """The selected cells, in the order of the matrix.

    Raises UsageError, with similar names, for a value that matches nothing on its axis, and, with the reasons, for
    a selection in which every combination is rejected.
    """
    if selection.cell:
        return _by_id(expansion, selection.cell)
    chosen = narrow(expansion, selection)
    if not chosen.cells:
        reasons = sorted({f"{r.cell.id}: {r.reason}" for r in chosen.rejected})
        detail = "\n  ".join(["the matrix has no cell for this selection", *reasons])
        raise UsageError(detail, hint=_LIST)
    return chosen.cells


def of_options(expansion: Expansion, options: tuple[str, ...] = ()) -> Expansion:
    """The part of an expansion with one of these build options; without options, the plain builds.

    Raises UsageError for an unknown option.
    """
    for option in options:
        if option not in list(BuildOption):
            raise UsageError(f"--options {option}: nothing matches", hint=near(option, BuildOption))
    wanted = options or (BuildOption.PLAIN,)
    return Expansion(
        cells=tuple(cell for cell in expansion.cells if cell.build.options in wanted),
        rejected=tuple(rejected for rejected in expansion.rejected if rejected.cell.build.options in wanted),
    )


def narrow(expansion: Expansion, selection: Selection) -> Expansion:
    """The cells and the rejected combinations that a selection by axes matches.

    Raises UsageError, with similar names, for a value that matches nothing on its axis.
    """
    expansion = of_options(expansion, selection.options)
    everything = [*expansion.cells, *(rejected.cell for rejected in expansion.rejected)]
    wanted_targets = _axis("target", selection.target, everything, lambda c: (c.build.target.id, "", ""))
    wanted_sdks = _axis("sdk", selection.sdk, everything, _sdk)
    wanted_cpythons = _axis("cpython", selection.cpython, everything, _cpython)
    wanted_runtimes = _axis("runtime", selection.runtime, everything, _runtime)

    def wanted(cell: Cell) -> bool:
        defaults = cell.build.target.defaults
        return (
            cell.build.target.id in wanted_targets
            and cell.build.sdk.id in (wanted_sdks if selection.sdk else {defaults.sdk})
            and cell.build.cpython.id in (wanted_cpythons if selection.cpython else {defaults.cpython})
            and cell.runtime.id in (wanted_runtimes if selection.runtime else {defaults.runtime})
        )

    return Expansion(
        cells=tuple(cell for cell in expansion.cells if wanted(cell)),
        rejected=tuple(rejected for rejected in expansion.rejected if wanted(rejected.cell)),
    )


def listed(expansion: Expansion, selection: Selection) -> Expansion:
    """The cells and the rejected combinations that `cells` lists: without cells and axes in the selection, all of them.

    Raises UsageError as `select` and `narrow` do.
    """
    if selection.cell:
        return Expansion(cells=select(expansion, selection), rejected=())
    if selection == Selection(options=selection.options):
        return of_options(expansion, selection.options)
    return narrow(expansion, selection)


def _by_id(expansion: Expansion, ids: tuple[str, ...]) -> tuple[Cell, ...]:
    cells = {cell.id: cell for cell in expansion.cells}
    reasons = {rejected.cell.id: rejected.reason for rejected in expansion.rejected}
    for name in ids:
        if name in reasons:
            raise UsageError(f"the matrix leaves out cell {name}: {reasons[name]}")
        if name not in cells:
            raise UsageError(f"there is no cell {name!r}", hint=near(name, cells) or _LIST)
    return tuple(cell for name, cell in cells.items() if name in ids)


def _sdk(cell: Cell) -> tuple[str, str, str]:
    return cell.build.sdk.id, cell.build.sdk.family, cell.build.sdk.version


def _cpython(cell: Cell) -> tuple[str, str, str]:
    return cell.build.cpython.id, "cpython", cell.build.cpython.version


def _runtime(cell: Cell) -> tuple[str, str, str]:
    return cell.runtime.id, cell.runtime.name, cell.runtime.version


def _axis(
    axis: str,
    values: tuple[str, ...],
    cells: Iterable[Cell],
    identify: Callable[[Cell], tuple[str, str, str]],
) -> set[str]:
    """The ids on an axis that at least one of `values` matches and none excludes; every id if there are no values."""
    known = {identify(cell) for cell in cells}
    if not values:
        return {row[0] for row in known}
    requirements = [_parsed(axis, value) for value in values]
    matches = {one: _matched(axis, one, known) for one in requirements}
    including = [one for one in requirements if not one.excludes]
    found = set().union(*(matches[one] for one in including)) if including else {row[0] for row in known}
    return found.intersection(*(matches[one] for one in requirements if one.excludes))


def _parsed(axis: str, value: str) -> Requirement:
    try:
        return Requirement.parse(value)
    except ValueError as exc:
        raise UsageError(f"--{axis}: {exc}") from None


def _matched(axis: str, wanted: Requirement, known: set[tuple[str, str, str]]) -> set[str]:
    """The ids of the rows that a selector matches. Raises UsageError when there is none."""
    matched = {row[0] for row in known if row[0] == wanted.text or (row[1] and wanted.matches(row[1], row[2]))}
    if not matched:
        hint = near(wanted.text, (row[0] for row in known)) or _LIST
        raise UsageError(f"--{axis} {wanted}: nothing matches", hint=hint)
    return matched
