"""A CPython tree in a directory that the user named: a checkout or an unpacked release."""

from __future__ import annotations

import os
import re
from pathlib import Path

from harness.machine.hashing import digest_of
from harness.machine.paths import unusable
from harness.machine.store import Store
from harness.provide.provider import LocalProvider, Obtained
from matrix.errors import Unobtainable, UsageError
from matrix.model import CPython

_PARTS = ("configure", "Include/patchlevel.h", "Lib/os.py", "Lib/test")
_BUILT_IN_PLACE = ("Programs/python.o", "pybuilddir.txt")
"""files that a build within the tree leaves"""
_NOT_SOURCE = {"__pycache__", ".git", "cross-build", "builddir", "build", ".mypy_cache", ".ruff_cache"}


def cpython_from(path: Path) -> CPython:
    """The CPython tree in a directory. Its version is the one in Include/patchlevel.h.

    Raises UsageError when the directory is not a CPython source tree.
    """
    missing = [part for part in _PARTS if not (path / part).exists()]
    if missing:
        reason = "there is no such directory" if not path.is_dir() else f"{', '.join(missing)} not in it"
        raise UsageError(
            f"{path} is not a CPython source tree: {reason}",
            hint="name the top of a checkout or of an unpacked release",
        )
    if why := unusable(path):
        raise UsageError(f"{path} cannot be used: {why}", hint="move it to another directory")
    header = path / "Include/patchlevel.h"
    match = re.search(r'#define\s+PY_VERSION\s+"([^"+]+)\+?"', header.read_text("utf-8", "replace"))
    if match is None:
        raise UsageError(
            f"{header} does not state the version (PY_VERSION)", hint="restore the file (`git checkout` it)"
        )
    return CPython(version=match[1], directory=path.absolute())


class CPythonDirectory(LocalProvider):
    """A checkout or an unpacked tree, identified by its files' sizes and times. It is never written to."""

    name = "directory"

    def __init__(self, path: Path) -> None:
        self._path = path

    def obstacle(self, store: Store) -> str | None:
        return self._defect()  # without reading the whole tree, as `find` does

    def _defect(self) -> str | None:
        for trace in _BUILT_IN_PLACE:
            if (self._path / trace).exists():
                return (
                    f"{self._path} was built in place ({trace} exists), and CPython refuses to build elsewhere from "
                    "such a tree: run `make distclean` there, or make a second checkout (`git worktree add`)"
                )
        return None

    def find(self) -> Obtained:
        if defect := self._defect():
            raise Unobtainable(defect)
        try:
            digest = tree_fingerprint(self._path)
        except OSError as exc:
            raise Unobtainable(
                f"{self._path} cannot be read: {exc}", hint="give this user the right to read the whole tree"
            ) from None
        return Obtained(path=self._path, provider=self.name, detail=str(self._path), digest=digest)


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
