"""The names of the matrix's plain cells, read with the standard library and packaging.

`noxfile.py` runs in nox's own environment. That has packaging, which nox requires, and nothing else of what
`load` and `expand` need. This module therefore reads only what makes a cell: the ids of the axes, the series
and the exclusions. It does not validate; `load` does, and a test compares the two.
"""

from __future__ import annotations

import tomllib
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from matrix.errors import ConfigError
from matrix.versions import Requirement, any_match

DATA = Path(__file__).parent / "data"
_NAMED = ("target", "options")
"""axes whose values are named in full"""


class CellName(NamedTuple):
    """One cell by the ids of its axes."""

    target: str
    sdk: str
    cpython: str
    runtime: str


def usual_cells(directory: Path = DATA) -> list[CellName]:
    """The plain cells of the usual SDKs and runtimes.

    An SDK is usual when it is composed of packages, or the default of a target. The others are steps for bisecting;
    with them there would be thousands of cells. Raises as `plain_cells` does.
    """
    cells = plain_cells(directory)
    usual = {
        row["id"]
        for row in _tables(directory / "sdks.toml", "sdk")
        if "composed" in row or "composed_emscripten" in row
    }
    usual |= {row["defaults"]["sdk"] for row in _tables(directory / "targets.toml", "target")}
    steps = {_runtime_id(row) for row in _tables(directory / "runtimes.toml", "runtime") if row.get("for_bisecting")}
    return [cell for cell in cells if cell.sdk in usual and cell.runtime not in steps]


def plain_cells(directory: Path = DATA) -> list[CellName]:
    """The cells with plain builds, in the order of `matrix.expand.expand`.

    Raises ConfigError when a file cannot be read or lacks what makes a cell.
    """
    try:
        return _cells(
            targets=_tables(directory / "targets.toml", "target"),
            sdks=_tables(directory / "sdks.toml", "sdk"),
            cpythons=_tables(directory / "cpythons.toml", "cpython"),
            runtimes=_tables(directory / "runtimes.toml", "runtime"),
            series=_tables(directory / "series.toml", "series"),
            exclusions=_tables(directory / "rules.toml", "exclusion"),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as exc:
        hint = "`nox -s cells` names the file and the entry"
        raise ConfigError(f"{directory} does not describe a matrix ({exc!r})", hint=hint) from None


def _tables(path: Path, name: str) -> list[dict[str, Any]]:
    """The tables `[[name]]` of a TOML file."""
    try:
        tables: list[dict[str, Any]] = tomllib.loads(path.read_text("utf-8")).get(name, [])
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be read: {exc.strerror}") from None
    except (ValueError, RecursionError) as exc:
        raise ConfigError(f"{path}: not TOML: {exc}") from None
    return tables


def _cells(
    *,
    targets: list[dict[str, Any]],
    sdks: list[dict[str, Any]],
    cpythons: list[dict[str, Any]],
    runtimes: list[dict[str, Any]],
    series: list[dict[str, Any]],
    exclusions: list[dict[str, Any]],
) -> list[CellName]:
    covered = [(row["sdk_family"], Requirement.parse(row["cpython"])) for row in series]
    excluded = [_condition(row["when"]) for row in exclusions]
    cells = []
    for target, sdk, cpython, runtime in product(targets, sdks, cpythons, runtimes):
        if sdk["family"] != target["sdk_family"] or runtime["name"] not in target["runtimes"]:
            continue
        facts = {
            "target": ("", target["id"]),
            "sdk": (sdk["family"], sdk["version"]),
            "cpython": ("cpython", cpython["version"]),
            "options": ("", "plain"),
            "runtime": (runtime["name"], runtime["version"]),
        }
        if not any(family == sdk["family"] and versions.matches(*facts["cpython"]) for family, versions in covered):
            continue
        if any(_holds(condition, facts) for condition in excluded):
            continue
        cells.append(CellName(target["id"], sdk["id"], f"cpython-{cpython['version']}", _runtime_id(runtime)))
    return cells


def _runtime_id(row: dict[str, Any]) -> str:
    return f"{row['name']}-{row['version']}"


def _condition(when: dict[str, list[str]]) -> dict[str, list[str] | list[Requirement]]:
    """A rule's `when`: names for targets and build options, requirements for the other axes."""
    return {axis: when[axis] if axis in _NAMED else [Requirement.parse(text) for text in when[axis]] for axis in when}


def _holds(condition: dict[str, list[str] | list[Requirement]], facts: dict[str, tuple[str, str]]) -> bool:
    """Whether each axis that the condition names matches by one of its values."""
    return all(
        facts[axis][1] in values
        if axis in _NAMED
        else any_match([one for one in values if isinstance(one, Requirement)], *facts[axis])
        for axis, values in condition.items()
    )
