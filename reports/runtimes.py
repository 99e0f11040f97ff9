"""Compares the runtimes that executed one build: results, speed, and what differs by area of the suite. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from matrix.areas import Area, by_area
from matrix.names import full_name
from matrix.outcome import FAILING_STATUSES, Status
from reports.differences import Difference, RecordedModules, compare


class AreaCount(msgspec.Struct, frozen=True, kw_only=True):
    """One area of the suite under one runtime."""

    passed: int
    """tests that passed"""
    differ: int
    """tests whose outcome is not that under the first runtime"""


class RuntimeDifference(msgspec.Struct, frozen=True, kw_only=True):
    """A test whose outcome under one runtime is not that under the first."""

    area: str
    module: str
    test: str
    outcome: str
    """as in `Difference`"""
    first: str
    """the outcome under the first runtime"""
    limitation: str = ""
    """the limitation that explains one of the two outcomes; "" for none"""


class RuntimeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One runtime of the comparison. Seconds are those of the modules that were run, not of reused results."""

    cell: str
    runtime: str
    version: str
    status: str
    """the cell's status"""
    passed: int = 0
    failed: int = 0
    """tests with a bad outcome, expected or not"""
    known: int = 0
    unexpected: int = 0
    skipped: int = 0
    pass_rate: float | None = None
    """the share of the tests that passed, of those that were not skipped; None without any"""
    modules: int = 0
    """modules that were run"""
    reused: int = 0
    """modules with the results of an earlier run"""
    wall_s: float | None = None
    """of the suite, on the cores that it had"""
    cpu_s: float | None = None
    """of all guests"""
    startup_s: float | None = None
    """of one guest, on average"""
    speed: float | None = None
    """the first runtime's CPU seconds divided by this one's, for the modules that both ran"""
    areas: dict[str, AreaCount] = {}
    differences: tuple[RuntimeDifference, ...] = ()


class RuntimeTable(msgspec.Struct, frozen=True, kw_only=True):
    """One build under several runtimes."""

    build: str
    areas: tuple[str, ...]
    """those that have modules"""
    rows: tuple[RuntimeRow, ...]
    """the target's default runtime first, or else the first that was tested"""


class MeasuredCell(msgspec.Struct, frozen=True, kw_only=True):
    """What the comparison takes from one cell. A cell that was not tested has no modules."""

    build: str
    default: bool
    """whether its runtime is the target's default"""
    row: RuntimeRow
    """without what depends on other cells"""
    modules: RecordedModules = {}
    cpu: Mapping[str, float] = {}
    """CPU seconds of the guests of each module that was run and not reused"""
    explained: Mapping[tuple[str, str], str] = {}
    """the limitation by module and test, where there is one"""


def counted(counts: Mapping[Status, int]) -> dict[str, int | float | None]:
    """The fields of a row that follow from how many tests had which outcome."""
    passed = counts.get(Status.PASSED, 0)
    failed = sum(counts.get(status, 0) for status in FAILING_STATUSES)
    rate = passed / (passed + failed) if passed + failed else None
    return {"passed": passed, "failed": failed, "skipped": counts.get(Status.SKIPPED, 0), "pass_rate": rate}


def compare_runtimes(cells: Sequence[MeasuredCell], areas: Sequence[Area]) -> tuple[RuntimeTable, ...]:
    """A table for each build that several runtimes were tested with."""
    builds: dict[str, list[MeasuredCell]] = {}
    for cell in cells:
        builds.setdefault(cell.build, []).append(cell)
    return tuple(
        _table(build, group, areas) for build, group in builds.items() if sum(bool(one.modules) for one in group) > 1
    )


def _table(build: str, group: Sequence[MeasuredCell], areas: Sequence[Area]) -> RuntimeTable:
    first = min(group, key=lambda cell: (not cell.modules, not cell.default))
    modules = sorted({module for cell in group for module in cell.modules})
    grouped = {name: found for name, found in by_area(areas, modules).items() if found}
    area_of = {module: name for name, found in grouped.items() for module in found}
    others = [cell for cell in group if cell is not first]
    rows = (_row(cell, first, area_of) for cell in (first, *others))
    return RuntimeTable(build=build, areas=tuple(grouped), rows=tuple(rows))


def _row(cell: MeasuredCell, first: MeasuredCell, area_of: Mapping[str, str]) -> RuntimeRow:
    if not cell.modules:
        return cell.row
    differences = tuple(_differences(cell, first, area_of)) if cell is not first else ()
    passed: Counter[str] = Counter()
    for name, module in cell.modules.items():
        passed[area_of[name]] += module.statuses.count(Status.PASSED)
    differ = Counter(one.area for one in differences)
    both = cell.cpu.keys() & first.cpu.keys()
    taken = sum(cell.cpu[module] for module in both)
    return msgspec.structs.replace(
        cell.row,
        cpu_s=round(sum(cell.cpu.values()), 3) if cell.cpu else None,
        speed=round(sum(first.cpu[module] for module in both) / taken, 3) if taken else None,
        areas={area: AreaCount(passed=passed[area], differ=differ[area]) for area in dict.fromkeys(area_of.values())},
        differences=differences,
    )


def _differences(cell: MeasuredCell, first: MeasuredCell, area_of: Mapping[str, str]) -> Iterator[RuntimeDifference]:
    """The tests that differ, of the modules that both cells have."""
    sides = [(one.row.cell, "", one.modules) for one in (first, cell)]
    for comparison in compare(sides):
        for one in comparison.differences:
            yield RuntimeDifference(
                area=area_of[one.module],
                module=one.module,
                test=one.test,
                outcome=one.outcomes[cell.row.cell],
                first=one.outcomes[first.row.cell],
                limitation=_limitation(one, cell) or _limitation(one, first),
            )


def _limitation(difference: Difference, cell: MeasuredCell) -> str:
    """What explains a test in a cell: a test that is not there may have been skipped with its whole module."""
    module = difference.module
    return cell.explained.get((module, difference.test)) or cell.explained.get((module, full_name(module)), "")
