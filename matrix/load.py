"""TOML to model. The only module of `matrix`, with `limitations`, that reads files."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from matrix import model, pins, reach
from matrix.errors import ConfigError
from matrix.select import Selection

DATA = Path(__file__).parent / "data"

T = TypeVar("T")


class _Targets(model.Record, frozen=True, kw_only=True):
    target: tuple[model.Target, ...]


class _Series(model.Record, frozen=True, kw_only=True):
    series: tuple[model.Series, ...]


class _Rules(model.Record, frozen=True, kw_only=True):
    exclusion: tuple[model.Exclusion, ...] = ()
    allowed_to_fail: tuple[model.AllowedToFail, ...] = ()
    repair: tuple[model.Repair, ...] = ()
    expected_build_failure: tuple[model.ExpectedBuildFailure, ...] = ()
    runtime_flags: tuple[model.RuntimeFlags, ...] = ()


class CellSet(model.Record, frozen=True, kw_only=True):
    """A named set of cells: the union of selections."""

    name: str
    cells: tuple[Selection, ...]


class _Sets(model.Record, frozen=True, kw_only=True):
    set: tuple[CellSet, ...]


_OF_BUILDS = {"repair", "expected_build_failure"}
"""the tables of rules.toml that are about builds, whatever runs them"""
DESCRIBED = "docs/reference/configuration.md describes every key"


def read_toml(path: Path, kind: type[T]) -> T:
    """The file as `kind`. Raises ConfigError with file and key path when it does not fit."""
    document = _read(path)
    try:
        return msgspec.convert(document, kind, dec_hook=model.decode_hook)
    except msgspec.ValidationError as exc:
        raise ConfigError(f"{path}: {_entry(document, str(exc))}{exc}", hint=DESCRIBED) from None


def read_rows(path: Path, table: str, kind: type[T]) -> tuple[list[T], list[str]]:
    """The file's tables of that name, each by itself, and what does not fit, with file and key path.

    Raises ConfigError for what is no TOML.
    """
    document = _read(path)
    rows, problems = document.get(table), []
    for key in document.keys() - {table}:
        problems.append(f"{path}: there is no table {key!r}, only {table!r}")
    if not isinstance(rows, list):
        return [], [*problems, f"{path}: has no tables [[{table}]]"]
    found = []
    for number, row in enumerate(rows):
        try:
            found.append(msgspec.convert(row, kind, dec_hook=model.decode_hook))
        except msgspec.ValidationError as exc:
            name = row.get("id") if isinstance(row, dict) else None
            place = f"`$.{table}[{number}]"
            message = str(exc).replace("`$", place) if "`$" in str(exc) else f"{exc} - at {place}`"
            problems.append(f"{path}: {f'{name}: ' if isinstance(name, str) else ''}{message}")
    return found, problems


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be read: {exc.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path}: not TOML: {exc}") from None


def _entry(document: dict[str, Any], message: str) -> str:
    """The id of the entry that a message of msgspec's names by its number, as the beginning of a message."""
    match = re.search(r"`\$\.(\w+)\[(\d+)\]", message)
    entry = document[match[1]][int(match[2])] if match else None
    found = (entry.get("id") or entry.get("name")) if isinstance(entry, dict) else None
    return f"{found}: " if isinstance(found, str) else ""


def load(directory: Path = DATA) -> model.Matrix:
    """The matrix that the files in `directory` describe.

    Raises ConfigError for a file that does not fit the schema, an id that stands twice, a
    target whose default or runtime names something that is not there, what is no pattern, and a
    rule that can hold for nothing.
    """
    targets = read_toml(directory / "targets.toml", _Targets).target
    series = read_toml(directory / "series.toml", _Series).series
    sdks = read_toml(directory / "sdks.toml", pins.Sdks).sdk
    cpythons = read_toml(directory / "cpythons.toml", pins.CPythons).cpython
    runtimes = read_toml(directory / "runtimes.toml", pins.Runtimes).runtime
    ports = read_toml(directory / "ports.toml", pins.Ports).port
    rules = read_toml(directory / "rules.toml", _Rules)

    _unique(directory / "targets.toml", "target", targets, lambda row: row.id)
    _unique(directory / "sdks.toml", "sdk", sdks, lambda row: row.id)
    _unique(directory / "cpythons.toml", "cpython", cpythons, lambda row: row.id)
    _unique(directory / "runtimes.toml", "runtime", runtimes, lambda row: row.id)
    _unique(directory / "ports.toml", "port", ports, lambda row: row.name)
    for number, sdk in enumerate(sdks):
        if sdk.node:
            _known(f"{directory / 'sdks.toml'}: sdk[{number}].node", sdk.node, {runtime.id for runtime in runtimes})
    for number, target in enumerate(targets):
        where = f"{directory / 'targets.toml'}: target[{number}]"
        _known(f"{where}.defaults.sdk", target.defaults.sdk, {sdk.id for sdk in sdks})
        _known(f"{where}.defaults.cpython", target.defaults.cpython, {c.id for c in cpythons})
        _known(f"{where}.defaults.runtime", target.defaults.runtime, {r.id for r in runtimes})
        for name in target.runtimes:
            _known(f"{where}.runtimes", name, {runtime.name for runtime in runtimes})
    for number, failure in enumerate(rules.expected_build_failure):
        try:
            re.compile(failure.message)
        except re.error as exc:
            where = f"{directory / 'rules.toml'}: expected_build_failure[{number}].message"
            raise ConfigError(f"{where}: {failure.message!r} is no pattern: {exc}") from None
    matrix = model.Matrix(
        targets=targets,
        sdks=sdks,
        cpythons=cpythons,
        runtimes=runtimes,
        ports=ports,
        series=series,
        exclusions=rules.exclusion,
        allowed_to_fail=rules.allowed_to_fail,
        repairs=rules.repair,
        expected_build_failures=rules.expected_build_failure,
        runtime_flags=rules.runtime_flags,
    )
    for table, entries in msgspec.structs.asdict(rules).items():
        for number, entry in enumerate(entries):
            where = f"{directory / 'rules.toml'}: {table}[{number}].when"
            reach.check(where, entry.when, matrix, of_builds=table in _OF_BUILDS)
    return matrix


def load_sources(directory: Path = DATA) -> model.Sources:
    """What sources.toml names. Raises ConfigError when it does not fit."""
    return read_toml(directory / "sources.toml", model.Sources)


def load_sets(directory: Path = DATA) -> tuple[CellSet, ...]:
    """The sets of cells in nightly.toml. Raises ConfigError when it does not fit or names one twice."""
    path = directory / "nightly.toml"
    sets = read_toml(path, _Sets).set
    _unique(path, "set", sets, lambda row: row.name)
    return sets


def _unique(file: Path, key: str, rows: tuple[T, ...], identify: Callable[[T], str]) -> None:
    seen: dict[str, int] = {}
    for number, row in enumerate(rows):
        if (name := identify(row)) in seen:
            raise ConfigError(f"{file}: {key}[{number}]: {name!r} stands already at {key}[{seen[name]}]")
        seen[name] = number


def _known(where: str, name: str, known: set[str]) -> None:
    if name not in known:
        raise ConfigError(f"{where}: {name!r} is not defined; there are: {', '.join(sorted(known))}")
