"""Two runs, or two cells, of the history compared cell by cell."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from reports.build_facts import BuildChange
from reports.changes import Change, ChangeKind, changes
from reports.chosen import choose
from reports.history import History, RecordedCell


class CellChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What changed in a cell between two runs, or between two cells."""

    before: RecordedCell
    after: RecordedCell
    compared: int
    """how many modules both ran"""
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    """what else differs, and what is not compared"""
    build: tuple[BuildChange, ...] = ()
    """what differs in what the builds are, where the runs have it"""

    @property
    def fails(self) -> bool:
        """Whether a test newly fails, or the cell as a whole."""
        return self.before.tested > self.after.tested or any(one.kind is ChangeKind.FAILING for one in self.changes)


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """Two runs, or two cells, compared."""

    cells: tuple[CellChanges, ...]
    only_before: tuple[str, ...] = ()
    """cells that only the one run has"""
    only_after: tuple[str, ...] = ()


def compare(history: History, cells: Sequence[RecordedCell], before: str, after: str) -> Diff:
    """What changed between what two words mean among some cells. Raises UsageError (`reports.chosen`)."""
    chosen = choose(cells, before, after)
    return Diff(
        cells=tuple(_compare(history, old, new) for old, new in chosen.pairs),
        only_before=chosen.only_before,
        only_after=chosen.only_after,
    )


def _compare(history: History, before: RecordedCell, after: RecordedCell) -> CellChanges:
    old, new = history.modules(before), history.modules(after)
    whole, complete = before.whole and after.whole, before.complete and after.complete
    both = old.keys() & new.keys()
    found: Sequence[Change] = ()
    if before.tested and after.tested:
        found = changes(old, new, whole=whole, complete=complete)
    notes = []
    if before.status != after.status:
        notes.append(f"the cell was {before.status} and is {after.status}")
    if before.cell == after.cell:
        notes += [
            f"{part} was {was} and is {after.used[part]}"
            for part, was in before.used.items()
            if was != after.used[part]
        ]
    if both and not complete and old.keys() != new.keys():
        alone = len(old.keys() ^ new.keys())
        notes.append(f"not compared: {alone} modules that only one of them ran, which was not asked for all")
    if both and not whole:
        notes.append("only some tests were run: those that only one of them ran are not compared")
    return CellChanges(before=before, after=after, compared=len(both), changes=tuple(found), notes=tuple(notes))
