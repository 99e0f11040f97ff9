"""The shape of each TOML file in `data/`. The loader reads files as these types, and the schemas are made from them."""

from __future__ import annotations

from matrix.areas import Area
from matrix.model import CPython, Library, Port, Runtime, Sdk, Series, Target
from matrix.record import Record, Url
from matrix.rules import AllowedToFail, Exclusion, ExpectedBuildFailure, Repair, RuntimeFlags
from matrix.select import Selection


class TargetsFile(Record, frozen=True, kw_only=True):
    """targets.toml: what is built."""

    target: tuple[Target, ...]


class SdksFile(Record, frozen=True, kw_only=True):
    """sdks.toml: the SDKs, each with an exact version and hashes."""

    sdk: tuple[Sdk, ...]


class CPythonsFile(Record, frozen=True, kw_only=True):
    """cpythons.toml: the releases of CPython, each with an exact version and hashes."""

    cpython: tuple[CPython, ...]


class RuntimesFile(Record, frozen=True, kw_only=True):
    """runtimes.toml: the runtimes, each with an exact version and hashes."""

    runtime: tuple[Runtime, ...]


class PortsFile(Record, frozen=True, kw_only=True):
    """ports.toml: the libraries that Emscripten compiles on demand, and those that CPython is linked with besides."""

    port: tuple[Port, ...]
    library: tuple[Library, ...] = ()


class SeriesFile(Record, frozen=True, kw_only=True):
    """series.toml: how upstream builds and runs each range of CPython versions."""

    series: tuple[Series, ...]


class RulesFile(Record, frozen=True, kw_only=True):
    """rules.toml: decisions about combinations."""

    exclusion: tuple[Exclusion, ...] = ()
    allowed_to_fail: tuple[AllowedToFail, ...] = ()
    repair: tuple[Repair, ...] = ()
    expected_build_failure: tuple[ExpectedBuildFailure, ...] = ()
    runtime_flags: tuple[RuntimeFlags, ...] = ()


class CellSet(Record, frozen=True, kw_only=True):
    """A named set of cells: the union of selections."""

    name: str
    cells: tuple[Selection, ...]
    may_be_missing: tuple[Selection, ...] = ()
    """More cells of the set. One that is not available here does not decide the exit status."""


class NightlyFile(Record, frozen=True, kw_only=True):
    """nightly.toml: the named sets of cells that a nightly run can test."""

    set: tuple[CellSet, ...]


class AreasFile(Record, frozen=True, kw_only=True):
    """areas.toml: the areas of CPython's test suite, by which runtimes are compared."""

    area: tuple[Area, ...]


class Sources(Record, frozen=True, kw_only=True):
    """sources.toml: where `update-pins` looks for newer versions, apart from pip's index."""

    wasi_sdk: Url
    """the releases of a GitHub repository, as GitHub's API lists them"""
    emscripten: Url
    """emsdk's `bazel/revisions.bzl`"""
    cpython: Url
    """the source archives of CPython's releases, as python.org's API lists them"""
    suites: tuple[str, ...]
    """suites of the distribution"""
