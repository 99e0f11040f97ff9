"""SDKs and CPython trees that are there already: a path that was named, or a usual place."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from harness.machine.command import capture
from harness.machine.hashing import digest_of
from harness.machine.store import Store
from harness.provide.checks import sdk_defect, sdk_root, sdk_version
from harness.provide.obtain import Obtained
from matrix.errors import MatrixError, Unobtainable, UsageError
from matrix.model import CPython, Sdk, SdkFamily

VARIABLES = {SdkFamily.WASI_SDK: "WASI_SDK_PATH", SdkFamily.EMSCRIPTEN: "EMSDK"}
"""where CPython's own Tools/wasm and Emscripten's tools look for an SDK"""
_PLACES = {SdkFamily.WASI_SDK: Path("/opt/wasi-sdk"), SdkFamily.EMSCRIPTEN: Path("/opt/emsdk")}
_VERSION_HINTS = {
    SdkFamily.WASI_SDK: "a WASI SDK has it in the first line of its VERSION file; write it there (`24.0`)",
    SdkFamily.EMSCRIPTEN: "an Emscripten has it in emscripten/emscripten-version.txt",
}
_HINTS = {
    SdkFamily.WASI_SDK: "name the directory that has bin/clang in it",
    SdkFamily.EMSCRIPTEN: "name an emsdk that was activated, or the directory that has emscripten/emcc in it",
}


def usual_sdk_directory(family: SdkFamily) -> Path | None:
    """`$WASI_SDK_PATH` or `$EMSDK`, else the usual place below /opt; None when neither is there."""
    if path := os.environ.get(VARIABLES[family]):
        return Path(path)
    return _PLACES[family] if _PLACES[family].is_dir() else None


def sdk_from(path: Path) -> Sdk:
    """The SDK in a directory, which is an Emscripten one when it has Emscripten's compiler driver.

    Raises Unobtainable when the directory is no SDK or does not tell its version.
    """
    emscripten = any((path / name).exists() for name in ("emscripten", "upstream", "install", "emsdk.py", "emcc"))
    family = SdkFamily.EMSCRIPTEN if emscripten else SdkFamily.WASI_SDK
    title = "Emscripten SDK" if emscripten else "WASI SDK"
    if reason := sdk_defect(family, path):
        raise Unobtainable(f"{path} is no {title}: {reason}", hint=_HINTS[family])
    version = sdk_version(family, path)
    if version is None:
        raise Unobtainable(
            f"{path} does not tell which version it is",
            hint=_VERSION_HINTS[family],
        )
    node = _NODE_FOR_DIRECTORIES if emscripten else ""
    return Sdk(id=f"{family}-{version}-directory", family=family, version=version, directory=path, node=node)


_NODE_FOR_DIRECTORIES = "node-20.18.0"
"""what an Emscripten in a directory of the user's is run with"""


class SdkDirectory:
    """An SDK in a directory of the user's. Its identity is what its clang says of itself."""

    name = "directory"

    def __init__(self, family: SdkFamily, path: Path, *, version: str | None = None) -> None:
        self._family = family
        self._path = path.absolute()
        self._version = version

    def available(self, store: Store) -> str | None:
        if reason := sdk_defect(self._family, self._path):
            return f"{self._path}: {reason}"
        found = sdk_version(self._family, self._path)
        if self._version is not None and found != self._version:
            return f"{self._path} is version {found or 'unknown'}, not {self._version}"
        return None

    def cached(self, store: Store) -> Obtained | None:
        if self.available(store) is not None:
            return None
        try:
            return self.obtain(store, lambda message: None)
        except MatrixError:
            return None

    def obtain(self, store: Store, say: Callable[[str], None]) -> Obtained:
        if reason := self.available(store):
            raise Unobtainable(reason)
        root = sdk_root(self._family, self._path)
        clang = capture([str(root / "bin/clang"), "--version"]).splitlines()[0]
        watched = [*sorted((root / "share/wasi-sysroot/lib").glob("*/libc.a"))]
        if self._family is SdkFamily.EMSCRIPTEN:
            watched = [root / "emscripten/emscripten-version.txt"]
        marks = [f"{path}:{path.stat().st_size}:{path.stat().st_mtime_ns}" for path in watched]
        return Obtained(
            path=root,
            provider=self.name,
            detail=f"{clang} in {self._path}",
            digest=digest_of(str(self._path), clang, *marks),
        )


def cpython_from(path: Path) -> CPython:
    """The CPython tree in a directory; its version is the one in Include/patchlevel.h.

    Raises UsageError when it is no CPython source tree.
    """
    header = path / "Include/patchlevel.h"
    missing = [
        part for part in ("configure", "Include/patchlevel.h", "Lib/os.py", "Lib/test") if not (path / part).exists()
    ]
    if missing:
        what = "there is no such directory" if not path.is_dir() else f"{', '.join(missing)} not in it"
        raise UsageError(
            f"{path} is no CPython source tree: {what}", hint="name the top of a checkout or of an unpacked release"
        )
    match = re.search(r'#define\s+PY_VERSION\s+"([^"+]+)\+?"', header.read_text("utf-8", "replace"))
    if match is None:
        raise UsageError(f"{header} does not say which version it is (PY_VERSION)")
    return CPython(version=match[1], directory=path.absolute())


class CPythonDirectory:
    """A checkout or an unpacked tree. It is built out of tree; its identity is its files' sizes and times."""

    name = "directory"

    def __init__(self, path: Path) -> None:
        self._path = path

    def available(self, store: Store) -> str | None:
        for trace in ("Programs/python.o", "pybuilddir.txt"):
            if (self._path / trace).exists():
                return (
                    f"{self._path} was built in place ({trace} is there), and CPython refuses to build out of such "
                    "a tree: run `make distclean` there, or take a second checkout (`git worktree add`)"
                )
        return None

    def cached(self, store: Store) -> Obtained | None:
        return None if self.available(store) else self.obtain(store, lambda message: None)

    def obtain(self, store: Store, say: Callable[[str], None]) -> Obtained:
        if reason := self.available(store):
            raise Unobtainable(reason)
        return Obtained(
            path=self._path, provider=self.name, detail=str(self._path), digest=tree_fingerprint(self._path)
        )


_NOT_SOURCE = {"__pycache__", ".git", "cross-build", "builddir", "build", ".mypy_cache", ".ruff_cache"}


def tree_fingerprint(path: Path) -> str:
    """A digest of the names, sizes and modification times of a source tree's files."""
    marks: list[str] = []
    pending = [str(path)]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in _NOT_SOURCE:
                        pending.append(entry.path)
                else:
                    info = entry.stat(follow_symlinks=False)
                    marks.append(f"{entry.path}:{info.st_size}:{info.st_mtime_ns}")
    return digest_of(*sorted(marks))
