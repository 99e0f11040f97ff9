"""SDKs and CPython trees that are there already: a path that was named, or a usual place."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from harness import process
from harness.providers import Obtained
from harness.store import Store, digest_of
from matrix.errors import MatrixError, Unobtainable, UsageError
from matrix.model import CPython, Sdk

SDK_VARIABLE = "WASI_SDK_PATH"
SDK_PLACE = Path("/opt/wasi-sdk")
_SDK_PARTS = ("bin/clang", "bin/llvm-ar", "share/wasi-sysroot")


def usual_sdk_directory() -> Path | None:
    """`$WASI_SDK_PATH` or /opt/wasi-sdk, as CPython's own Tools/wasm/wasi.py looks; None when neither is there."""
    if path := os.environ.get(SDK_VARIABLE):
        return Path(path)
    return SDK_PLACE if SDK_PLACE.is_dir() else None


def sdk_from(path: Path) -> Sdk:
    """The SDK in a directory; its version is the first line of its VERSION file (`24.0`), or its name's.

    Raises UsageError when the directory is no WASI SDK or does not tell its version.
    """
    if reason := sdk_defect(path):
        raise UsageError(f"{path} is no WASI SDK: {reason}", hint="name the directory that has bin/clang in it")
    version = sdk_version(path)
    if version is None:
        raise UsageError(
            f"{path} does not tell which version it is",
            hint="a WASI SDK has it in the first line of its VERSION file; write it there (`24.0`)",
        )
    return Sdk(id=f"wasi-sdk-{version}-directory", family="wasi-sdk", version=version, directory=path)


def sdk_defect(path: Path) -> str | None:
    """Why a directory cannot be a WASI SDK; None when it has all the parts."""
    if not path.is_dir():
        return "there is no such directory"
    missing = [part for part in _SDK_PARTS if not (path / part).exists()]
    return f"{', '.join(missing)} not in it" if missing else None


def sdk_version(path: Path) -> str | None:
    """`24` for an SDK whose VERSION file starts with `24.0`, or whose directory is named wasi-sdk-24.0."""
    first = ""
    if (path / "VERSION").is_file():
        first = (path / "VERSION").read_text("utf-8", "replace").partition("\n")[0].strip()
    match = re.match(r"(?:wasi-sdk[ -])?(\d+)(?:\.\d+)*", first) or re.search(
        r"wasi-sdk-(\d+)(?:\.\d+)?", path.resolve().name
    )
    return match[1] if match else None


class SdkDirectory:
    """An SDK in a directory of the user's. Its identity is what its clang says of itself."""

    name = "directory"

    def __init__(self, path: Path, *, version: str | None = None) -> None:
        self._path = path.absolute()
        self._version = version

    def available(self, store: Store) -> str | None:
        if reason := sdk_defect(self._path):
            return f"{self._path}: {reason}"
        found = sdk_version(self._path)
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
        clang = process.capture([str(self._path / "bin/clang"), "--version"]).splitlines()[0]
        libc = self._path / "share/wasi-sysroot/lib"
        archives = sorted(libc.glob("*/libc.a"))
        marks = [f"{archive}:{archive.stat().st_size}:{archive.stat().st_mtime_ns}" for archive in archives]
        return Obtained(
            path=self._path,
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
