"""The figures of each cell in each run, and where the parts of a cell changed, as the pages of trends load them. Pure.

A year of nights has 15,000 points: rows of numbers take a tenth of the room that records with names take.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from reports.news import PARTS
from reports.timelines import Point
from reports.verdict import RED_VERDICTS


class Row(NamedTuple):
    """One cell in one run."""

    run: int
    """the run's index"""
    cell: int
    """the cell's index"""
    tested: int
    """1 when it has outcomes"""
    passed: int
    red: int
    known: int
    unexplained: int | None
    """skips that no limitation explains"""
    seconds: float | None
    """of the suite"""
    wasm_kib: int | None
    """the size of python.wasm"""
    startup_ms: int | None
    """of one guest, on average"""


class PartChanged(NamedTuple):
    """A part of a cell that was not the same in the run before that tested the cell."""

    run: int
    cell: int
    part: str
    before: str
    after: str


class Trends(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the charts show."""

    runs: tuple[tuple[str, str], ...] = ()
    """id and start of each run, the oldest first"""
    cells: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    parts: tuple[PartChanged, ...] = ()


def trends(points: Sequence[Point], used: Mapping[tuple[str, str], Mapping[str, str]]) -> Trends:
    """The figures of points in order of time; `used` are the parts of a cell by run and cell."""
    runs = {point.run: point.started for point in points}
    run_at = {run: index for index, run in enumerate(runs)}
    cell_at = {cell: index for index, cell in enumerate(dict.fromkeys(point.cell for point in points))}
    rows = [_row(point, run_at[point.run], cell_at[point.cell]) for point in points]
    tested = [point for point in points if point.tested]
    parts = [
        PartChanged(run_at[run], cell_at[cell], part, before, after)
        for run, cell, part, before, after in _parts(tested, used)
    ]
    return Trends(runs=tuple(runs.items()), cells=tuple(cell_at), rows=tuple(rows), parts=tuple(parts))


def _row(point: Point, run: int, cell: int) -> Row:
    return Row(
        run,
        cell,
        int(point.tested),
        point.counts.get("passed", 0),
        sum(point.verdicts.get(verdict, 0) for verdict in RED_VERDICTS),
        point.verdicts.get("known", 0),
        point.unattributed,
        point.durations.get("test"),
        None if point.wasm_bytes is None else round(point.wasm_bytes / 1024),
        None if point.startup is None else round(point.startup * 1000),
    )


def _parts(
    tested: Iterable[Point], used: Mapping[tuple[str, str], Mapping[str, str]]
) -> Iterable[tuple[str, str, str, str, str]]:
    """Run, cell, part, before and after, wherever a part is not what it was in the run before of its cell."""
    last: dict[str, Mapping[str, str]] = {}
    for point in tested:
        parts = used.get((point.run, point.cell), {})
        for part, after in parts.items():
            before = last.get(point.cell, parts).get(part, after)
            if before != after:
                yield point.run, point.cell, PARTS.get(part, part), before, after
        last[point.cell] = parts
