"""Every combination of the axes: the cells, and the combinations that a rule leaves out, with the reason."""

from __future__ import annotations

from itertools import product

from matrix.model import Build, Cell, Matrix
from matrix.record import Record


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
        for sdk, cpython, debug in product(sdks, matrix.cpythons, (False, True)):
            build = Build(target=target, sdk=sdk, cpython=cpython, debug=debug)
            covered = matrix.series_of(build) is not None
            facts = build.facts
            rules = [rule for rule in exclusions if rule.when.may_hold(facts)]
            for runtime in runtimes:
                cell = Cell(build=build, runtime=runtime)
                facts = cell.facts
                if not covered:
                    reason = f"no series in series.toml covers CPython {cpython.version} with {sdk.family}"
                    rejected.append(Rejected(cell=cell, reason=reason))
                elif rule := next((rule for rule in rules if rule.when.holds(facts)), None):
                    hint = " (--known-bad includes it)" if rule.on_demand else ""
                    rejected.append(Rejected(cell=cell, reason=rule.reason + hint, reference=rule.reference))
                else:
                    cells.append(cell)
    return Expansion(cells=tuple(cells), rejected=tuple(rejected))
