"""A commit of a user's checkout, whose working tree, index and refs stay as they are."""

from __future__ import annotations

import os
from pathlib import Path

from harness.machine import git
from harness.machine.store import Store
from harness.provide import snapshot
from harness.provide.cpython_directory import PATCHLEVEL, stated_version
from harness.provide.provider import Obtained, Say, silently
from matrix.errors import Unobtainable, UsageError
from matrix.model import CPython


def cpython_at(tree: Path, commit: str) -> CPython:
    """CPython as it is in a commit of a checkout, named by all its digits.

    Raises UsageError when the commit is not one of CPython, or is not in the checkout any more.
    """
    return CPython(version=_full_version(tree, commit).rstrip("+"), directory=tree, commit=commit)


class CPythonCommit:
    """A commit of a checkout. What is used is its snapshot."""

    name = "commit"

    def __init__(self, tree: Path, commit: str) -> None:
        self._tree, self._commit = tree, commit

    def obstacle(self, store: Store) -> str | None:
        return None if os.access(self._tree, os.R_OK | os.X_OK) else f"{self._tree} cannot be read"

    def cached(self, store: Store) -> Obtained | None:
        try:
            return self.obtain(store, silently)
        except (Unobtainable, UsageError):
            return None

    def obtain(self, store: Store, say: Say) -> Obtained:
        version = _full_version(self._tree, self._commit)
        found = snapshot.of_commit(self._tree, self._commit, store, say)
        return Obtained(
            path=found.path,
            provider=self.name,
            detail=f"{self._tree}, {version}, revision {self._commit[:10]}",
            digest=found.digest,
            make_digest=found.make_digest,
        )


def _full_version(tree: Path, commit: str) -> str:
    """PY_VERSION as the commit states it, such as `3.16.0a2+`."""
    header = f"{PATCHLEVEL} of {tree} at {commit[:10]}"
    if (text := git.content(tree, commit, PATCHLEVEL)) is None:
        raise UsageError(
            f"git cannot read {header}",
            hint="name a commit of CPython that the checkout has (`git -C PATH log` lists them)",
        )
    return stated_version(text, header)
