"""Finds the recorded cells that two words of the command line name: runs, cells, `latest`, `previous`. Pure."""

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
    """The cells that two words name: pairs to compare, and cells that only one side has."""

    pairs: tuple[tuple[RecordedCell, RecordedCell], ...]
    only_before: tuple[str, ...] = ()
    only_after: tuple[str, ...] = ()


def choose(cells: Iterable[RecordedCell], before: str, after: str) -> Chosen:
    """The cells that two words name, each a run, a cell or RUN:CELL.

    `cells` begin with those of the newest run. Raises UsageError, with near misses as its hint.
    """
    runs: dict[str, dict[str, RecordedCell]] = {}
    for cell in cells:
        runs.setdefault(cell.run, {})[cell.cell] = cell
    recorded = _ids(runs)
    if before in recorded and after in recorded:
        both = next((run for run in runs.values() if _tested(run) >= {before, after}), None)
        if both is None:
            raise UsageError(f"no run has outcomes of both {before} and {after}", hint="name them as RUN:CELL")
        return Chosen(pairs=((both[before], both[after]),))
    (old, _, old_cell), (new, _, new_cell) = before.partition(":"), after.partition(":")
    if bool(old_cell) != bool(new_cell):
        raise UsageError(
            f"{before} and {after}: a cell is named on one side only", hint="name a cell on both sides or on neither"
        )
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
    """The runs that have a cell, each with only that cell."""
    found = {name: {cell: run[cell]} for name, run in runs.items() if cell in run}
    if not found:
        raise UsageError(f"no run has the cell {cell!r}", hint=near(cell, _ids(runs)))
    return found


def _ids(runs: Runs) -> set[str]:
    return {cell for run in runs.values() for cell in run}


def _tested(run: Mapping[str, RecordedCell]) -> set[str]:
    return {name for name, cell in run.items() if cell.tested}


def _run(runs: Runs, word: str, other: str) -> Mapping[str, RecordedCell]:
    """The run that a word names; `previous` is the newest one before the run that `other` names."""
    if word == LATEST:
        found = next((run for run in runs.values() if _tested(run)), None)
        if found is None:
            raise UsageError("no run has outcomes")
        return found
    if word == PREVIOUS:
        after = _run(runs, LATEST if other == PREVIOUS else other, "")
        if not _tested(after):
            raise UsageError(f"run {_name(after)} has no outcomes, so there is nothing to compare with an earlier run")
        older = itertools.dropwhile(lambda run: run is not after, runs.values())
        found = next((run for run in older if run is not after and _tested(run) & _tested(after)), None)
        if found is None:
            raise _no_earlier(runs, after)
        return found
    if word not in runs:
        raise UsageError(
            f"there is no run {word!r} in the history", hint=near(word, [LATEST, PREVIOUS, *runs, *_ids(runs)])
        )
    return runs[word]


def _no_earlier(runs: Runs, after: Mapping[str, RecordedCell]) -> UsageError:
    """The error when no earlier run has a cell of a run: its cells, those of the run before it, and what to type."""
    name = next(iter(after.values())).run
    older = itertools.dropwhile(lambda run: run is not after, runs.values())
    others = ((_name(run), _tested(run)) for run in older if run is not after and _tested(run))
    said = f"no run before {name} has outcomes of one of its cells: {', '.join(sorted(_tested(after)))}"
    if (found := next(others, None)) is None:
        return UsageError(said, hint="no earlier run has any outcomes: run it again, then ask what changed")
    other, cells = found
    pair = f"{other}:{min(cells)} {name}:{min(_tested(after))}"
    said += f"\nthe run before it, {other}, has {', '.join(sorted(cells))}"
    return UsageError(said, hint=f"to compare two cells: nox -s diff -- {pair}")


def _name(run: Mapping[str, RecordedCell]) -> str:
    return next(iter(run.values())).run


def narrowed(cells: Sequence[RecordedCell], only: Sequence[str]) -> list[RecordedCell]:
    """The cells named in `only`, or all when it is empty. Raises UsageError for one that was never recorded."""
    recorded = {cell.cell for cell in cells}
    for name in only:
        if name not in recorded:
            raise UsageError(f"no run has the cell {name!r}", hint=near(name, recorded))
    return [cell for cell in cells if not only or cell.cell in only]
