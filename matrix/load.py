"""Loads the matrix from the TOML files in `data/`, and checks what their types cannot express."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from matrix import browsers, reach
from matrix.areas import OTHER, Area
from matrix.commands import defect
from matrix.errors import ConfigError
from matrix.files import (
    AreasFile,
    CellSet,
    CPythonsFile,
    NightlyFile,
    PortsFile,
    RulesFile,
    RuntimesFile,
    SdksFile,
    SeriesFile,
    Sources,
    TargetsFile,
)
from matrix.model import Matrix, Runtime, RuntimeKind
from matrix.reader import read_toml

DATA = Path(__file__).parent / "data"

T = TypeVar("T")

_OF_BUILDS = {"repair", "expected_build_failure"}
"""the tables of rules.toml that concern builds, whatever runs them"""


def load(directory: Path = DATA) -> Matrix:
    """The matrix that the files in `directory` describe.

    Raises ConfigError, with file and key path, for a file that does not fit its type, an id that is defined twice,
    a name that is not defined, an invalid regular expression, and a rule that cannot apply to any combination.
    """
    rules = read_toml(directory / "rules.toml", RulesFile)
    ports = read_toml(directory / "ports.toml", PortsFile)
    matrix = Matrix(
        targets=read_toml(directory / "targets.toml", TargetsFile).target,
        sdks=read_toml(directory / "sdks.toml", SdksFile).sdk,
        cpythons=read_toml(directory / "cpythons.toml", CPythonsFile).cpython,
        runtimes=_like_others(directory / "runtimes.toml", load_runtimes(directory)),
        ports=ports.port,
        libraries=ports.library,
        series=read_toml(directory / "series.toml", SeriesFile).series,
        exclusions=rules.exclusion,
        allowed_to_fail=rules.allowed_to_fail,
        repairs=rules.repair,
        expected_build_failures=rules.expected_build_failure,
        runtime_flags=rules.runtime_flags,
    )
    _check_ids(directory, matrix)
    _check_names(directory, matrix)
    _check_commands(directory / "runtimes.toml", matrix)
    _check_rules(directory / "rules.toml", rules, matrix)
    return matrix


def load_runtimes(directory: Path = DATA) -> tuple[Runtime, ...]:
    """The rows of runtimes.toml as they are there. In the matrix, one that is `like` another has its `browser`."""
    return read_toml(directory / "runtimes.toml", RuntimesFile).runtime


def load_sources(directory: Path = DATA) -> Sources:
    """The places that sources.toml lists. Raises ConfigError when the file does not fit."""
    return read_toml(directory / "sources.toml", Sources)


def load_sets(directory: Path = DATA) -> tuple[CellSet, ...]:
    """The sets of cells in nightly.toml. Raises ConfigError when the file does not fit or repeats a name."""
    path = directory / "nightly.toml"
    sets = read_toml(path, NightlyFile).set
    _unique(path, "set", sets, lambda row: row.name)
    return sets


def load_areas(directory: Path = DATA) -> tuple[Area, ...]:
    """The areas of the suite in areas.toml. Raises ConfigError for a file that does not fit, a name that is defined
    twice, and that of the modules that no area has.
    """
    path = directory / "areas.toml"
    areas = read_toml(path, AreasFile).area
    _unique(path, "area", areas, lambda row: row.name)
    for number, area in enumerate(areas):
        if area.name == OTHER:
            raise ConfigError(f"{path}: area[{number}]: {OTHER!r} is the area of the modules that no row names")
    return areas


def _check_ids(directory: Path, matrix: Matrix) -> None:
    _unique(directory / "targets.toml", "target", matrix.targets, lambda row: row.id)
    _unique(directory / "sdks.toml", "sdk", matrix.sdks, lambda row: row.id)
    _unique(directory / "cpythons.toml", "cpython", matrix.cpythons, lambda row: row.id)
    _unique(directory / "runtimes.toml", "runtime", matrix.runtimes, lambda row: row.id)
    _unique(directory / "ports.toml", "port", matrix.ports, lambda row: row.name)
    _unique(directory / "ports.toml", "library", matrix.libraries, lambda row: row.id)


def _check_names(directory: Path, matrix: Matrix) -> None:
    """Check that each row which a target, an SDK or a series names exists."""
    runtimes = {runtime.id for runtime in matrix.runtimes}
    for number, sdk in enumerate(matrix.sdks):
        if sdk.node:
            _defined(f"{directory / 'sdks.toml'}: sdk[{number}].node", sdk.node, runtimes)
    for number, target in enumerate(matrix.targets):
        where = f"{directory / 'targets.toml'}: target[{number}]"
        _defined(f"{where}.defaults.sdk", target.defaults.sdk, {sdk.id for sdk in matrix.sdks})
        _defined(f"{where}.defaults.cpython", target.defaults.cpython, {cpython.id for cpython in matrix.cpythons})
        _defined(f"{where}.defaults.runtime", target.defaults.runtime, runtimes)
        for name in target.runtimes:
            _defined(f"{where}.runtimes", name, {runtime.name for runtime in matrix.runtimes})
    for number, series in enumerate(matrix.series):
        for name, version in series.libraries.items():
            where = f"{directory / 'series.toml'}: series[{number}].libraries.{name}"
            _defined(where, f"{name}-{version}", {library.id for library in matrix.libraries})


def _like_others(path: Path, rows: tuple[Runtime, ...]) -> tuple[Runtime, ...]:
    """The runtimes, with the `browser` of the row that one is like."""
    browsers_by_name = {row.name: row.browser for row in rows if row.browser is not None}
    for number, row in enumerate(rows):
        where = f"{path}: runtime[{number}] ({row.name})"
        if row.like and row.browser is not None:
            raise ConfigError(f"{where}: it has a table [runtime.browser] and is like another runtime")
        if row.like:
            _defined(f"{where}.like", row.like, set(browsers_by_name))
        if row.without and row.kind is not RuntimeKind.BROWSER:
            raise ConfigError(f"{where}: only kind browser has a key `without`")
    return tuple(msgspec.structs.replace(row, browser=browsers_by_name[row.like]) if row.like else row for row in rows)


def _check_commands(path: Path, matrix: Matrix) -> None:
    """Check that each runtime whose kind asks for it says how it is called, and that a guest can be started so."""
    kinds = (RuntimeKind.COMMAND, RuntimeKind.JAVASCRIPT)
    for number, runtime in enumerate(matrix.runtimes):
        where = f"{path}: runtime[{number}] ({runtime.name})"
        if runtime.kind in kinds and runtime.command is None:
            raise ConfigError(f"{where}: kind {runtime.kind} needs a table [runtime.command]")
        if runtime.command is not None and runtime.kind not in kinds:
            raise ConfigError(f"{where}: only kinds {' and '.join(kinds)} have a table [runtime.command]")
        if (runtime.kind is RuntimeKind.BROWSER) != (runtime.browser is not None):
            raise ConfigError(f"{where}: kind browser, and no other, has a table [runtime.browser]")
        if runtime.browser is not None and (problem := browsers.defect(runtime.browser)):
            raise ConfigError(f"{where}.browser.{problem}", hint="matrix/browsers.py describes the placeholders")
        if (runtime.kind is RuntimeKind.COMPONENT) != (runtime.componentizing is not None):
            raise ConfigError(f"{where}: kind component, and no other, has a table [runtime.componentizing]")
        if runtime.command is None:
            continue
        if problem := defect(runtime.command, script=runtime.kind is RuntimeKind.JAVASCRIPT):
            raise ConfigError(f"{where}.command.{problem}", hint="matrix/commands.py describes the placeholders")


def _check_rules(path: Path, rules: RulesFile, matrix: Matrix) -> None:
    for number, failure in enumerate(rules.expected_build_failure):
        try:
            re.compile(failure.message)
        except re.error as exc:
            where = f"{path}: expected_build_failure[{number}].message"
            raise ConfigError(f"{where}: {failure.message!r} is not a regular expression: {exc}") from None
    for table, entries in msgspec.structs.asdict(rules).items():
        for number, entry in enumerate(entries):
            reach.check(f"{path}: {table}[{number}].when", entry.when, matrix, of_builds=table in _OF_BUILDS)


def _unique(path: Path, table: str, rows: tuple[T, ...], identify: Callable[[T], str]) -> None:
    seen: dict[str, int] = {}
    for number, row in enumerate(rows):
        if (name := identify(row)) in seen:
            raise ConfigError(f"{path}: {table}[{number}]: {name!r} is already defined at {table}[{seen[name]}]")
        seen[name] = number


def _defined(where: str, name: str, known: set[str]) -> None:
    if name not in known:
        raise ConfigError(f"{where}: {name!r} is not defined; there are: {', '.join(sorted(known))}")
