"""What the matrix says about one cell, looked up once.

The lookup happens right after selection. The record travels with the cell through preparing, building, running,
judging and reporting, so that no later stage asks the matrix again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from matrix.conditions import Condition, Facts
from matrix.errors import UsageError
from matrix.model import Cell, Library, Matrix, Port, Runtime, Series
from matrix.rules import AllowedToFail, Exclusion, ExpectedBuildFailure, Repair


class ResolvedCell(Cell, frozen=True, kw_only=True):
    """A cell together with every row and rule of the matrix that applies to it."""

    series: Series
    repairs: tuple[Repair, ...] = ()
    runtime_flags: tuple[str, ...] = ()
    """options that the runtime needs for this build"""
    expected_failure: ExpectedBuildFailure | None = None
    """how the build is known to fail"""
    allowance: AllowedToFail | None = None
    """the rule under which a failure does not decide the exit status"""
    exclusion: Exclusion | None = None
    """the rule that leaves the cell out of the matrix unless `--known-bad` is given"""
    node: Runtime | None = None
    """the Node that runs Emscripten itself"""
    ports: tuple[Port, ...] = ()
    """the libraries that Emscripten compiles on demand"""
    libraries: tuple[Library, ...] = ()
    """every version of the libraries that CPython is linked with besides"""


def resolve(matrix: Matrix, cell: Cell) -> ResolvedCell:
    """Look up what the matrix says about a cell. Raises UsageError when no series covers it."""
    build, facts = cell.build, cell.facts
    series = matrix.series_of(build)
    if series is None:
        raise UsageError(f"no series in series.toml covers CPython {build.cpython.version} on {build.sdk.family}")
    return ResolvedCell(
        build=build,
        runtime=cell.runtime,
        series=series,
        repairs=tuple(repair for repair in matrix.repairs if repair.when.holds(build.facts)),
        runtime_flags=tuple(flag for row in matrix.runtime_flags if row.when.holds(facts) for flag in row.flags),
        expected_failure=_first(matrix.expected_build_failures, build.facts),
        allowance=_first(matrix.allowed_to_fail, facts),
        exclusion=_first(matrix.exclusions, facts),
        node=matrix.runtime(build.sdk.node) if build.sdk.node else None,
        ports=matrix.ports if build.sdk.node else (),
        libraries=tuple(library for library in matrix.libraries if library.name in series.libraries),
    )


class _Conditional(Protocol):
    @property
    def when(self) -> Condition: ...


_Row = TypeVar("_Row", bound=_Conditional)


def _first(rows: Iterable[_Row], facts: Facts) -> _Row | None:
    """The first row whose condition holds."""
    return next((row for row in rows if row.when.holds(facts)), None)
