"""A CPython tree in a directory that the user named: a checkout or an unpacked release."""

from __future__ import annotations

import os
import re
from pathlib import Path

from harness.machine import git
from harness.machine.store import Store
from harness.provide import snapshot
from harness.provide.provider import Obtained, Say, silently
from matrix.errors import Unobtainable, UsageError
from matrix.model import CPython

PATCHLEVEL = "Include/patchlevel.h"
_PARTS = ("configure", PATCHLEVEL, "Lib/os.py", "Lib/test")


def cpython_from(path: Path) -> CPython:
    """The CPython tree in a directory. Its version is the one in Include/patchlevel.h.

    Raises UsageError when the directory is not a CPython source tree, or a checkout that git refuses to read.
    """
    missing = [part for part in _PARTS if not (path / part).exists()]
    if missing:
        reason = "there is no such directory" if not path.is_dir() else f"{', '.join(missing)} not in it"
        raise UsageError(
            f"{path} is not a CPython source tree: {reason}",
            hint="name the top of a checkout or of an unpacked release",
        )
    git.is_checkout(path)  # refused now, and not after the SDK was fetched
    return CPython(version=_full_version(path).rstrip("+"), directory=path.resolve())


class CPythonDirectory:
    """A checkout or an unpacked tree. What is used is its snapshot: the tree itself is only read."""

    name = "directory"

    def __init__(self, path: Path) -> None:
        self._path = path

    def obstacle(self, store: Store) -> str | None:
        return None if os.access(self._path, os.R_OK | os.X_OK) else f"{self._path} cannot be read"

    def cached(self, store: Store) -> Obtained | None:
        try:
            return self.obtain(store, silently)
        except Unobtainable:
            return None

    def obtain(self, store: Store, say: Say) -> Obtained:
        found = snapshot.of_tree(self._path, store, say)
        notes = [
            f"{self._path}/{name} is left out: it lists modules that only this checkout builds"
            for name in found.left_out
        ]
        is_checkout = git.is_checkout(self._path)
        if not is_checkout and (self._path / ".git").exists():
            notes.append(f"git cannot read {self._path}/.git: every file that no build makes counts as a source")
        return Obtained(
            path=found.path,
            provider=self.name,
            detail=_described(self._path, is_checkout=is_checkout),
            digest=found.digest,
            make_digest=found.make_digest,
            notes=tuple(notes),
        )


def _described(tree: Path, *, is_checkout: bool) -> str:
    """A tree in words: its path, its full version and, in a checkout, its revision."""
    words = f"{tree}, {_full_version(tree)}"
    if not is_checkout:
        return words
    revision = git.revision(tree)
    if not revision.commit:
        return f"{words}, nothing is committed yet"
    return f"{words}, revision {revision.commit[:10]}" + (", changed since" if revision.dirty else "")


def _full_version(tree: Path) -> str:
    """PY_VERSION as it is written, such as `3.16.0a2+`. Raises UsageError when the tree does not state it."""
    header = tree / PATCHLEVEL
    return stated_version(header.read_text("utf-8", "replace"), str(header))


def stated_version(text: str, header: str) -> str:
    """PY_VERSION in the text of patchlevel.h. Raises UsageError, with the name `header`, when it is not there."""
    match = re.search(r'#define\s+PY_VERSION\s+"([^"]+)"', text)
    if match is None:
        raise UsageError(
            f"{header} does not state the version (PY_VERSION)", hint="restore the file (`git checkout` it)"
        )
    return match[1]
