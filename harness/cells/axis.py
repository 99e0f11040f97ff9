"""The cells that differ in one version only, in the order of these versions."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from packaging.version import Version

from matrix.errors import UsageError, near
from matrix.expand import Expansion
from matrix.model import Cell
from matrix.versions import Requirement


class Axis(StrEnum):
    """A part of a cell that comes in several versions."""

    SDK = "sdk"
    CPYTHON = "cpython"
    RUNTIME = "runtime"


def part_id(cell: Cell, axis: Axis) -> str:
    """The id of a cell's part on an axis, such as `wasi-sdk-24`."""
    return {Axis.SDK: cell.build.sdk.id, Axis.CPYTHON: cell.build.cpython.id, Axis.RUNTIME: cell.runtime.id}[axis]


def version_of(cell: Cell, axis: Axis) -> str:
    """The version of a cell's part on an axis."""
    build = cell.build
    return {Axis.SDK: build.sdk.version, Axis.CPYTHON: build.cpython.version, Axis.RUNTIME: cell.runtime.version}[axis]


def row_of(cell: Cell, axis: Axis, expansion: Expansion) -> tuple[Cell, ...]:
    """The cells that differ from one on an axis only, by their versions there; only runtimes of the same kind."""

    def key(other: Cell) -> tuple[object, ...]:
        build = other.build
        rest = (part_id(other, one) for one in Axis if one is not axis)
        return (build.target.id, build.options, other.runtime.name, *rest)

    found = [other for other in expansion.cells if key(other) == key(cell)]
    return tuple(sorted(found, key=lambda other: Version(version_of(other, axis))))


def between(row: Sequence[Cell], axis: Axis, first: str, last: str) -> tuple[Cell, ...]:
    """The part of a row from one version to another, either of which may be "". Raises UsageError."""
    ends: list[int | None] = []
    for option, wanted in (("--first", first), ("--last", last)):
        found = [index for index, cell in enumerate(row) if wanted and _matches(cell, axis, option, wanted)]
        if wanted and not found:
            known = [part_id(cell, axis) for cell in row]
            raise UsageError(f"{option} {wanted}: there is no such version", hint=near(wanted, known))
        ends.append((found[0] if option == "--first" else found[-1]) if found else None)
    low, high = ends
    part = tuple(row[low : None if high is None else high + 1])
    if len(part) < 2:
        only = ", ".join(part_id(cell, axis) for cell in part)
        raise UsageError(
            f"there are not two versions to compare: {only or 'no version is left'}",
            hint="`--first` names the older version, `--last` the newer one",
        )
    return part


def _matches(cell: Cell, axis: Axis, option: str, wanted: str) -> bool:
    if part_id(cell, axis) == wanted:
        return True
    name = part_id(cell, axis).rpartition("-")[0]
    try:
        return Requirement.parse(wanted).matches(name, version_of(cell, axis))
    except ValueError as exc:
        raise UsageError(f"{option}: {exc}") from None
