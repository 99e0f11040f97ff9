"""Tests whose outcomes differ between the cells of a run. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from reports.recorded import RecordedModule

NO_SUCH_TEST = "no such test"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A test whose outcome is not the same in all cells."""

    module: str
    test: str
    outcomes: dict[str, str]
    """by cell; a test that its module has twice has two: `failed, passed`"""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The cells of one CPython version, and the tests that differ between them."""

    cpython: str
    cells: tuple[str, ...]
    tests: int
    """the number of tests compared"""
    differences: tuple[Difference, ...]


RecordedModules = Mapping[str, RecordedModule]
"""a cell's modules by name"""


def compare(cells: Sequence[tuple[str, str, RecordedModules]]) -> tuple[Comparison, ...]:
    """Compare the cells of each CPython version. `cells` are tuples of id, version and modules.

    Only modules that ran in all cells of a version count.
    """
    by_version: dict[str, dict[str, RecordedModules]] = defaultdict(dict)
    for cell, version, modules in cells:
        by_version[version][cell] = modules
    return tuple(_compare(version, group) for version, group in by_version.items() if len(group) > 1)


def _compare(version: str, group: Mapping[str, RecordedModules]) -> Comparison:
    count = 0
    differences = []
    for module in sorted(set.intersection(*(set(modules) for modules in group.values()))):
        found = {cell: modules[module] for cell, modules in group.items()}
        first = next(iter(found.values()))
        if all(one.tests == first.tests and one.statuses == first.statuses for one in found.values()):
            count += len(set(first.tests))  # nearly all modules end here
            continue
        seen = {cell: _outcomes(one) for cell, one in found.items()}
        tests = sorted({test for outcomes in seen.values() for test in outcomes})
        count += len(tests)
        for test in tests:
            by_cell = {cell: ", ".join(outcomes.get(test, [NO_SUCH_TEST])) for cell, outcomes in seen.items()}
            if len(set(by_cell.values())) > 1:
                differences.append(Difference(module=module, test=test, outcomes=by_cell))
    return Comparison(cpython=version, cells=tuple(group), tests=count, differences=tuple(differences))


def _outcomes(module: RecordedModule) -> dict[str, list[str]]:
    outcomes: dict[str, list[str]] = defaultdict(list)
    for test, status in zip(module.tests, module.statuses, strict=True):
        outcomes[test].append(status.value)
    return {test: sorted(statuses) for test, statuses in outcomes.items()}


def short_names(cells: Sequence[str]) -> dict[str, str]:
    """A short name for each cell: the parts of its id that are not the same in all of `cells`."""
    parts = [cell.split("_") for cell in cells]
    if len({len(part) for part in parts}) > 1:
        return dict(zip(cells, cells, strict=True))
    varying = [number for number, column in enumerate(zip(*parts, strict=True)) if len(set(column)) > 1]
    return {cell: " ".join(part[number] for number in varying) or cell for cell, part in zip(cells, parts, strict=True)}
