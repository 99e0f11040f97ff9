"""What is new in a run: what is red that was not, what differs from the run before, what newly passes. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from reports.causes import Cause, cause_of, grouped
from reports.summary import CellStatus, CellSummary, Summary
from reports.unexpected import Unexpected

Thing = tuple[str, str, str]
"""a red row as both runs name it: cell, test or skip reason, verdict"""


PARTS = {"sdk": "SDK", "cpython": "CPython", "runtime": "runtime"}
"""the parts of a cell in words, by the names that the history has for them (`RecordedCell.used`)"""


class CauseNews(msgspec.Struct, frozen=True, kw_only=True):
    """A cause, and what of it is new."""

    cause: Cause
    rows: int
    """how many outcomes, entries and rules it has"""
    new: int
    """how many of them were not red in the run before"""
    first: Unexpected
    """one of them: a new one, if there is any"""
    since: str = ""
    """of a cause without anything new: the run since which the first has had its outcome, if the history knows it"""


class PartChange(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what is tested that is not the same as in the run before."""

    part: str
    """`SDK`, `CPython`, `runtime`, `list of limitations` or `harness`"""
    before: str
    after: str
    cells: tuple[str, ...] = ()
    """the ids of the cells that it is part of; empty for all"""


class Passing(msgspec.Struct, frozen=True, kw_only=True):
    """A test that passes and did not pass in the run before."""

    test: str
    cells: tuple[str, ...]


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader asks first of a run."""

    before: str = ""
    """the run with which it is compared; "" without one"""
    causes: tuple[CauseNews, ...] = ()
    """those with something new first"""
    parts: tuple[PartChange, ...] = ()
    passing: tuple[Passing, ...] = ()
    gone: tuple[str, ...] = ()
    """the ids of cells that were tested in the run before and are not tested in this one"""

    @property
    def new(self) -> int:
        """How many causes have something that was not red before."""
        return sum(one.new > 0 for one in self.causes)


def thing(row: Unexpected) -> Thing:
    """A red row as it is named in every run."""
    return row.cell, row.test or row.skip_reason or row.detail, row.verdict.value


def news_of(
    summary: Summary,
    before: str = "",
    *,
    red_before: Collection[Thing] = (),
    parts: Sequence[PartChange] = (),
    passing: Iterable[tuple[str, str]] = (),
    tested_before: Collection[str] = (),
) -> News:
    """What is new in a run since the run `before`.

    `red_before` is what was red in that run, `passing` are pairs of a test that newly passes and its cell,
    `tested_before` the ids of the cells that were tested.
    """
    causes = []
    for rows in grouped(summary.unexpected):
        new = [row for row in rows if before and thing(row) not in red_before]
        causes.append(CauseNews(cause=cause_of(rows), rows=len(rows), new=len(new), first=(new or rows)[0]))
    cells: dict[str, list[str]] = defaultdict(list)
    for test, cell in passing:
        cells[test].append(cell)
    tested = (CellStatus.OK, CellStatus.UNEXPECTED)
    return News(
        before=before,
        causes=tuple(sorted(causes, key=lambda one: one.new == 0)),
        parts=tuple(parts),
        passing=tuple(Passing(test=test, cells=tuple(ids)) for test, ids in cells.items()),
        gone=tuple(cell.id for cell in summary.cells if cell.id in tested_before and cell.status not in tested),
    )


def part_changes(
    cells: Sequence[CellSummary], used_before: Mapping[str, Mapping[str, str]], whole: Mapping[str, tuple[str, str]]
) -> tuple[PartChange, ...]:
    """The parts that differ from those of the run before, each once with its cells.

    `used_before` are the parts of each cell of that run as `used` names them. `whole` are parts of all cells, by name:
    what they were and what they are; "" where a run does not say.
    """
    changed: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for cell in cells:
        if cell.status not in (CellStatus.OK, CellStatus.UNEXPECTED):
            continue
        for part, after in used(cell).items():
            earlier = used_before.get(cell.id, {}).get(part, after)
            if earlier != after:
                changed[part, earlier, after].append(cell.id)
    found = [
        PartChange(part=part, before=earlier, after=after, cells=tuple(ids))
        for (part, earlier, after), ids in changed.items()
    ]
    found += [
        PartChange(part=part, before=earlier, after=after)
        for part, (earlier, after) in whole.items()
        if earlier and after and earlier != after
    ]
    return tuple(found)


def used(cell: CellSummary) -> dict[str, str]:
    """The parts that a cell used, in words, as the history has them too (`RecordedCell.used`)."""
    return {
        "SDK": f"{cell.sdk.id} ({cell.sdk.provider}: {cell.sdk.detail})",
        "CPython": f"{cell.cpython.version} ({cell.cpython.provider}: {cell.cpython.detail})",
        "runtime": f"{cell.runtime.name} {cell.runtime.version} ({cell.runtime.provider}: {cell.runtime.detail})",
    }
