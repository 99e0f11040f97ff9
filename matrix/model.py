"""The axes of the matrix and what they make: targets, SDKs, CPythons, runtimes, builds, cells.

A *build* is target x SDK x CPython x options; a *cell* is build x runtime. Ids are derived from the records and
never parsed back. `matrix.load` reads the records from the TOML files in `data/`.
"""

from __future__ import annotations

import datetime
import re
from enum import StrEnum
from pathlib import Path

from msgspec import field
from msgspec.structs import replace

from matrix.archives import Archive, Componentizing, ComposedEmscripten, ComposedWasi, SuitePackage, Wheel
from matrix.browsers import BrowserLine
from matrix.commands import CommandLine
from matrix.conditions import BuildOption, Facts
from matrix.record import Identifier, Record, Sha256
from matrix.rules import AllowedToFail, Exclusion, ExpectedBuildFailure, Repair, Rule, RuntimeFlags
from matrix.versions import Requirement


class SdkFamily(StrEnum):
    """The kinds of SDKs. The value is also the name in requirements (`wasi-sdk>=20`)."""

    WASI_SDK = "wasi-sdk"
    EMSCRIPTEN = "emscripten"


class Sdk(Record, frozen=True, kw_only=True):
    """A compiler and a sysroot of one version, and where to obtain them."""

    id: Identifier
    family: SdkFamily
    version: str
    archive: Archive | None = None
    composed: ComposedWasi | None = None
    composed_emscripten: ComposedEmscripten | None = None
    directory: Path | None = None
    node: str = ""
    """the id of the runtime that runs Emscripten itself"""
    wasi_libc: str = ""
    """the wasi-libc in upstream's release, as date and commit: `20260423.161b319`"""
    note: str = ""


class Port(Record, frozen=True, kw_only=True):
    """The sources of a library that Emscripten compiles on demand (`-sUSE_ZLIB`)."""

    name: Identifier
    version: str
    archive: Archive | None = None
    source_package: SuitePackage | None = None
    source_sha256: Sha256 | None = None
    """the hash of the upstream archive in the source package, where the distribution repacked it"""

    @property
    def id(self) -> str:
        return f"port-{self.name}-{self.version}"


class Library(Record, frozen=True, kw_only=True):
    """The sources of a library that CPython is linked with and that neither an SDK nor CPython has."""

    name: Identifier
    """as CPython's trees call it: `libffi`, `mpdec`"""
    version: str
    archive: Archive | None = None
    source_package: SuitePackage | None = None
    source_sha256: Sha256 | None = None
    """the hash of the upstream archive in the source package, where it is not the one that upstream publishes"""
    autotools: str = ""
    """the suite whose autoconf, automake and libtool make `configure`, where the source package has none"""

    @property
    def id(self) -> str:
        return f"{self.name}-{self.version}"


class CPython(Record, frozen=True, kw_only=True):
    """One version of CPython's sources: a release, the tree in `directory`, or a commit of that checkout."""

    version: str
    archive: Archive | None = None
    source_package: SuitePackage | None = None
    directory: Path | None = None
    commit: str = ""
    """of the checkout in `directory`, whose working tree is not used then"""

    @property
    def id(self) -> str:
        suffix = re.sub(r"[^A-Za-z0-9.-]+", "-", self.directory.name) if self.directory else ""
        return "-".join(filter(None, (f"cpython-{self.version}", suffix, self.commit[:10])))

    @property
    def series(self) -> str:
        """The major and minor version: `3.13`."""
        return ".".join(self.version.split(".")[:2])


class RuntimeKind(StrEnum):
    """How the harness drives a runtime."""

    EMBEDDED = "embedded"
    """wasmtime's shared library, called from a Python process"""
    CLI = "cli"
    """the `wasmtime` command"""
    COMMAND = "command"
    """any other command for WASI; the row says how it is called"""
    JAVASCRIPT = "javascript"
    """a command other than `node` that runs Emscripten's `python.js`; the row says how it is called"""
    COMPONENT = "component"
    """the `wasmtime` command, with the module as a component of WASI 0.2"""
    NODE = "node"
    """the `node` command, which runs Emscripten's `python.js`"""
    NODE_WASI = "node-wasi"
    """the `node` command and its own WASI"""
    MANUAL = "manual"
    """a page that a person opens"""
    BROWSER = "browser"
    """a browser that is started with an address; the row says how"""


class Runtime(Record, frozen=True, kw_only=True):
    """A runtime of one version: it executes a build."""

    name: Identifier
    version: str
    kind: RuntimeKind
    wheel: Wheel | None = None
    package: SuitePackage | None = None
    """the distribution's package that has the command"""
    executable: Path | None = None
    command: CommandLine | None = None
    """how a runtime of kind `command` or `javascript` is called"""
    browser: BrowserLine | None = None
    """how a runtime of kind `browser` is started"""
    like: str = ""
    """the name of the runtime of kind `browser` that is started in the same way, in place of `browser`"""
    without: tuple[str, ...] = ()
    """what a runtime of kind `browser` has and the guest's worker is not to have, as `WebAssembly.promising`"""
    componentizing: Componentizing | None = None
    """what a runtime of kind `component` needs besides"""
    for_bisecting: bool = False
    """whether it is only a step for `triage bisect`: `cells` and `nox -l` do not list it unasked"""
    note: str = ""

    @property
    def id(self) -> str:
        own = re.sub(r"[^A-Za-z0-9.-]+", "-", self.executable.name) if self.executable else ""
        return "-".join(filter(None, (self.name, self.version, own)))


class Defaults(Record, frozen=True, kw_only=True):
    """The cell that a target's session tests when no selector is given, as the ids of its axes."""

    sdk: str
    cpython: str
    runtime: str


class Target(Record, frozen=True, kw_only=True):
    """A platform to build for, and the SDKs and runtimes that fit it."""

    id: Identifier
    title: str
    sdk_family: SdkFamily
    runtimes: tuple[Identifier, ...]
    """names of runtimes, without versions"""
    defaults: Defaults
    configure: tuple[str, ...] = ()
    """the configure options that select this target"""
    in_memory: bool = False
    """whether guests have an in-memory file system and see no file of the host"""
    libraries: tuple[str, ...] = ()
    """the flags that the SDK's libraries are compiled with for this target"""


class Series(Record, frozen=True, kw_only=True):
    """How upstream builds and runs a range of CPython versions with one family of SDKs (their `Tools/wasm`)."""

    sdk_family: SdkFamily
    cpython: Requirement
    host: str
    """configure's `--host`; also the name of the build directory, which guests see"""
    program: str
    """the file that the build produces and a guest runs: `python.wasm`, `python.js` or `python.mjs`"""
    launcher: str = ""
    """the name of a script of the sources that loads the program and is run in its place"""
    configure: tuple[str, ...] = ()
    """upstream's configure options, where upstream has one build for all targets"""
    cflags: tuple[str, ...] = ()
    sdk_libraries: tuple[str, ...] = ()
    """the flags that the SDK's libraries are compiled with for that build"""
    python_flags: tuple[str, ...]
    """the interpreter options that upstream's test runner gives each worker"""
    resources: tuple[str, ...]
    """the regrtest resources that upstream's `make test` enables (`-u`)"""
    verbose: bool
    """whether upstream's run sets `test.support.verbose` (`--verbose3`)"""
    fail_env_changed: bool
    """whether upstream's run fails a module that altered its environment (`--fail-env-changed`)"""
    timeout: float
    """seconds: regrtest's `--timeout`, from which `test.support` derives its own time-outs; 0 for none"""
    wasm_stack: int = 0
    """bytes: wasmtime's `max-wasm-stack`"""
    sdk: str = ""
    """the version of the SDK that upstream pins, where neither the trees nor the target's default say it"""
    node: str = ""
    """the major version of Node that upstream pins, likewise"""
    libraries: dict[str, str] = field(default_factory=dict)
    """The libraries that upstream builds first and links CPython with, with their versions.

    A tree that pins another version is right.
    """
    reference: str

    @property
    def is_for_all_targets(self) -> bool:
        """Whether upstream has one build for all targets, and no library for browsers."""
        return bool(self.configure)


class Build(Record, frozen=True, kw_only=True):
    """Target x SDK x CPython x options: compiled once."""

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
        """What conditions look at, without a runtime."""
        return Facts(
            target=self.target.id,
            sdk=self.sdk.family,
            sdk_version=self.sdk.version,
            cpython=self.cpython.version,
            options=self.options,
        )


class Cell(Record, frozen=True, kw_only=True):
    """One square of the matrix: a build and the runtime that executes it."""

    build: Build
    runtime: Runtime

    @property
    def id(self) -> str:
        return f"{self.build.id}_{self.runtime.id}"

    @property
    def facts(self) -> Facts:
        """What conditions look at."""
        return replace(self.build.facts, runtime=self.runtime.name, runtime_version=self.runtime.version)


class Matrix(Record, frozen=True, kw_only=True):
    """The content of `data/`: the rows of each axis, and the rules."""

    targets: tuple[Target, ...]
    sdks: tuple[Sdk, ...]
    cpythons: tuple[CPython, ...]
    runtimes: tuple[Runtime, ...]
    ports: tuple[Port, ...]
    libraries: tuple[Library, ...] = ()
    series: tuple[Series, ...]
    exclusions: tuple[Exclusion, ...]
    allowed_to_fail: tuple[AllowedToFail, ...] = ()
    repairs: tuple[Repair, ...]
    expected_build_failures: tuple[ExpectedBuildFailure, ...]
    runtime_flags: tuple[RuntimeFlags, ...]

    def series_of(self, build: Build) -> Series | None:
        """How upstream builds that CPython version with that family of SDKs; None when no series covers it.

        A version that is newer than every series of the family has the newest one.
        """
        family = [series for series in self.series if series.sdk_family is build.sdk.family]
        version = build.cpython.version
        for series in family:
            if series.cpython.matches("cpython", version):
                return series
        minor = int(build.cpython.series.partition(".")[2] or 0)
        covered = {each: series for series in family for each in range(100) if series.cpython.matches("", f"3.{each}")}
        newest = max(covered, default=100)
        return covered[newest] if version.startswith("3.") and minor > newest else None

    def expired(self, today: datetime.date) -> dict[str, Rule]:
        """The rules whose review date was before `today`, by their key paths in rules.toml."""
        tables: dict[str, tuple[Rule, ...]] = {"exclusion": self.exclusions, "allowed_to_fail": self.allowed_to_fail}
        return {
            f"{table}[{number}]": rule
            for table, rules in tables.items()
            for number, rule in enumerate(rules)
            if rule.expires is not None and rule.expires < today
        }

    @property
    def usual_sdks(self) -> tuple[Sdk, ...]:
        """The SDKs that are composed of packages, are the default of a target, or lie in a user's directory."""
        defaults = {target.defaults.sdk for target in self.targets}
        return tuple(
            sdk for sdk in self.sdks if sdk.composed or sdk.composed_emscripten or sdk.directory or sdk.id in defaults
        )

    @property
    def usual_runtimes(self) -> tuple[Runtime, ...]:
        """The runtimes that are not only for bisecting."""
        return tuple(runtime for runtime in self.runtimes if not runtime.for_bisecting)

    def runtime(self, name: str) -> Runtime:
        """The runtime with that id. The loader has checked that it exists."""
        return next(runtime for runtime in self.runtimes if runtime.id == name)
