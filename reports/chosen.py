"""Which recorded cells two words of the command line mean: runs, cells, `latest`, `previous`. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from matrix.errors import UsageError, near
from reports.history import RecordedCell

LATEST, PREVIOUS = "latest", "previous"

Runs = Mapping[str, Mapping[str, RecordedCell]]
"""cells by run and id, the newest run first"""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The cells that two words mean: those to compare, before and after, and those without a counterpart."""

    pairs: tuple[tuple[RecordedCell, RecordedCell], ...]
    only_before: tuple[str, ...] = ()
    only_after: tuple[str, ...] = ()


def choose(cells: Iterable[RecordedCell], before: str, after: str) -> Chosen:
    """What two words mean among recorded cells, the newest run's first. Raises UsageError, with near misses."""
    runs: dict[str, dict[str, RecordedCell]] = {}
    for cell in cells:
        runs.setdefault(cell.run, {})[cell.cell] = cell
    known = {name for run in runs.values() for name in run}
    if before in known and after in known:
        both = next((run for run in runs.values() if _tested(run) >= {before, after}), None)
        if both is None:
            raise UsageError(f"no run has outcomes of both {before} and {after}", hint="name them as RUN:CELL")
        return Chosen(pairs=((both[before], both[after]),))
    (old, _, old_cell), (new, _, new_cell) = before.partition(":"), after.partition(":")
    if bool(old_cell) != bool(new_cell):
        raise UsageError(f"{before} and {after}: a cell is named on one side only", hint="name it on both, or on none")
    if old_cell:
        one = _run(_having(runs, old_cell), old, new)[old_cell]
        other = _run(_having(runs, new_cell), new, old)[new_cell]
        return Chosen(pairs=((one, other),))
    first, second = _run(runs, old, new), _run(runs, new, old)
    shared = [name for name in second if name in first]
    if not shared:
        raise UsageError(
            f"{old} and {new} have no cell in common: {', '.join(first)}; {', '.join(second)}",
            hint="RUN:CELL RUN:CELL compares different cells",
        )
    return Chosen(
        pairs=tuple((first[name], second[name]) for name in shared),
        only_before=tuple(name for name in first if name not in second),
        only_after=tuple(name for name in second if name not in first),
    )


def _having(runs: Runs, cell: str) -> Runs:
    """The runs that have a cell, with only that."""
    found = {name: {cell: run[cell]} for name, run in runs.items() if cell in run}
    if not found:
        raise UsageError(f"no run has the cell {cell!r}", hint=near(cell, _ids(runs)))
    return found


def _ids(runs: Runs) -> set[str]:
    return {cell for run in runs.values() for cell in run}


def _tested(run: Mapping[str, RecordedCell]) -> set[str]:
    return {name for name, cell in run.items() if cell.tested}


def _run(runs: Runs, word: str, other: str) -> Mapping[str, RecordedCell]:
    """The run that a word means; `previous` is the one before the `other`."""
    if word == LATEST:
        found = next((run for run in runs.values() if _tested(run)), None)
        if found is None:
            raise UsageError("no run has outcomes")
        return found
    if word == PREVIOUS:
        after = _run(runs, LATEST if other == PREVIOUS else other, "")
        older = itertools.dropwhile(lambda run: run is not after, runs.values())
        found = next((run for run in older if run is not after and _tested(run) & _tested(after)), None)
        if found is None:
            raise UsageError(f"there is no run before {next(iter(after.values())).run} that has a cell of it")
        return found
    if word not in runs:
        raise UsageError(
            f"there is no run {word!r} in the history", hint=near(word, [LATEST, PREVIOUS, *runs, *_ids(runs)])
        )
    return runs[word]


def narrowed(cells: Sequence[RecordedCell], only: Sequence[str]) -> list[RecordedCell]:
    """Those cells that are named, all when none is. Raises UsageError for one that was never recorded."""
    known = {cell.cell for cell in cells}
    for name in only:
        if name not in known:
            raise UsageError(f"no run has the cell {name!r}", hint=near(name, known))
    return [cell for cell in cells if not only or cell.cell in only]
