"""Every combination of the axes: the cells, and the combinations that a rule leaves out, with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from matrix.model import Build, Cell, Matrix, Runtime
from matrix.record import Record
from matrix.rules import Exclusion


class Rejected(Record, frozen=True, kw_only=True):
    """A combination that the matrix leaves out."""

    cell: Cell
    reason: str
    reference: str = ""


class Expansion(Record, frozen=True, kw_only=True):
    """Every combination of the matrix: the cells and the rejected combinations."""

    cells: tuple[Cell, ...]
    rejected: tuple[Rejected, ...]


def expand(matrix: Matrix, *, known_bad: bool = False) -> Expansion:
    """Every combination of target, SDK, CPython, build options and runtime.

    `known_bad` includes the combinations whose exclusion is marked `on_demand`.
    """
    exclusions = [rule for rule in matrix.exclusions if not (known_bad and rule.on_demand)]
    cells: list[Cell] = []
    rejected: list[Rejected] = []
    for target in matrix.targets:
        sdks = [sdk for sdk in matrix.sdks if sdk.family == target.sdk_family]
        runtimes = [runtime for runtime in matrix.runtimes if runtime.name in target.runtimes]
        for sdk in sdks:
            rules = [rule for rule in exclusions if rule.when.may_hold_with(target.id, sdk.family, sdk.version)]
            for cpython, debug in product(matrix.cpythons, (False, True)):
                build = Build(target=target, sdk=sdk, cpython=cpython, debug=debug)
                for one in _with_each(runtimes, build, rules, covered=matrix.series_of(build) is not None):
                    if isinstance(one, Cell):
                        cells.append(one)
                    else:
                        rejected.append(one)
    return Expansion(cells=tuple(cells), rejected=tuple(rejected))


def _with_each(
    runtimes: Sequence[Runtime], build: Build, rules: Sequence[Exclusion], *, covered: bool
) -> Iterator[Cell | Rejected]:
    """A build with each runtime: a cell, or a rejected combination."""
    facts = build.facts
    rules = [rule for rule in rules if rule.when.may_hold(facts)]
    for runtime in runtimes:
        cell = Cell(build=build, runtime=runtime)
        facts = cell.facts
        if not covered:
            reason = f"no series in series.toml covers CPython {build.cpython.version} with {build.sdk.family}"
            yield Rejected(cell=cell, reason=reason)
        elif rule := next((rule for rule in rules if rule.when.holds(facts)), None):
            hint = " (--known-bad includes it)" if rule.on_demand else ""
            yield Rejected(cell=cell, reason=rule.reason + hint, reference=rule.reference)
        else:
            yield cell
