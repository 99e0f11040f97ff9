"""What differs between the cells of a run: tests whose outcome is not the same in all of them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from harness.outcome import module_test
from reports.verdict import CellVerdicts, Verdict

NO_SUCH_TEST = "no such test"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A test that did not come to the same everywhere."""

    module: str
    test: str
    outcomes: dict[str, str]
    """by cell; a test that a module has twice has both, as `failed, passed`"""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The cells of one CPython version, which have the same tests, and what differs between them."""

    cpython: str
    cells: tuple[str, ...]
    tests: int
    """how many tests were compared"""
    differences: tuple[Difference, ...]


def compare(cells: Sequence[tuple[str, str, CellVerdicts]]) -> tuple[Comparison, ...]:
    """Compare the cells of each CPython version; they come as id, version and verdicts.

    Only modules that ran in all of a version's cells are compared.
    """
    by_version: dict[str, dict[str, CellVerdicts]] = defaultdict(dict)
    for cell, version, verdicts in cells:
        by_version[version][cell] = verdicts
    return tuple(_compare(version, group) for version, group in by_version.items() if len(group) > 1)


def _compare(version: str, group: Mapping[str, CellVerdicts]) -> Comparison:
    seen = {cell: _outcomes(verdicts) for cell, verdicts in group.items()}
    shared = set.intersection(*({module for module, _ in outcomes} for outcomes in seen.values()))
    tests = sorted({key for outcomes in seen.values() for key in outcomes if key[0] in shared})
    differences = []
    for key in tests:
        found = {cell: ", ".join(outcomes.get(key, [NO_SUCH_TEST])) for cell, outcomes in seen.items()}
        if len(set(found.values())) > 1:
            differences.append(Difference(module=key[0], test=key[1], outcomes=found))
    return Comparison(cpython=version, cells=tuple(group), tests=len(tests), differences=tuple(differences))


def _outcomes(verdicts: CellVerdicts) -> dict[tuple[str, str], list[str]]:
    outcomes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for judged in verdicts.judged:
        if judged.verdict is Verdict.MISSING and judged.outcome.test == module_test(judged.module):
            continue  # the whole module was planned and did not run
        outcomes[judged.module, judged.outcome.test].append(judged.outcome.status.value)
    return {key: sorted(statuses) for key, statuses in outcomes.items()}


def short_names(cells: Sequence[str]) -> dict[str, str]:
    """Each cell by the parts of its id that are not the same in all of them."""
    parts = [cell.split("_") for cell in cells]
    if len({len(part) for part in parts}) > 1:
        return dict(zip(cells, cells, strict=True))
    varying = [number for number, column in enumerate(zip(*parts, strict=True)) if len(set(column)) > 1]
    return {cell: " ".join(part[number] for number in varying) or cell for cell, part in zip(cells, parts, strict=True)}
