"""An SDK in a directory: one that the user named, or the usual place."""

from __future__ import annotations

import contextlib
from pathlib import Path

from harness.machine.command import ask
from harness.machine.hashing import digest_of
from harness.machine.paths import unusable
from harness.machine.store import Store
from harness.provide.contents import digest_of_directory
from harness.provide.provider import Obtained, Say, silently
from harness.provide.sdk_layout import LAYOUTS, family_of, sdk_defect, sdk_root, sdk_version, unusable_place
from matrix.errors import MatrixError, Unobtainable
from matrix.model import Sdk, SdkFamily

_NODE_FOR_DIRECTORIES = "node-20.18.0"
"""the runtime that runs the tools of an Emscripten in a user's directory"""


def sdk_from(path: Path) -> Sdk:
    """The SDK in a directory, of whichever family.

    Raises Unobtainable when the directory is not an SDK or does not state its version.
    """
    family = family_of(path)
    if reason := unusable_place(family, path):
        raise Unobtainable(f"{path} cannot be used: {reason}", hint="move it to another directory")
    layout = LAYOUTS[family]
    if reason := sdk_defect(family, path):
        raise Unobtainable(f"{path} is not {layout.title}: {reason}", hint=layout.directory_hint)
    version = sdk_version(family, path)
    if version is None:
        raise Unobtainable(f"{path} does not state its version", hint=layout.version_hint)
    node = _NODE_FOR_DIRECTORIES if family is SdkFamily.EMSCRIPTEN else ""
    return Sdk(id=f"{family}-{version}-directory", family=family, version=version, directory=path, node=node)


class SdkDirectory:
    """An SDK in a directory, identified by its files. With `version`, only that version will do."""

    name = "directory"

    def __init__(self, family: SdkFamily, path: Path, *, version: str | None = None) -> None:
        self._family = family
        self._path = path.absolute()
        self._version = version

    def obstacle(self, store: Store) -> str | None:
        """As `Provider.obstacle`, without starting the compiler or reading the files."""
        if reason := sdk_defect(self._family, self._path):
            return f"{self._path}: {reason}"
        found = sdk_version(self._family, self._path)
        if self._version is not None and found != self._version:
            return f"{self._path} is version {found or 'unknown'}, not {self._version}"
        return None

    def cached(self, store: Store) -> Obtained | None:
        """As `Provider.cached`."""
        try:
            return self.obtain(store, silently)
        except MatrixError:
            return None

    def obtain(self, store: Store, say: Say) -> Obtained:
        """As `Provider.obtain`."""
        if defect := self.obstacle(store):
            raise Unobtainable(defect)
        root = sdk_root(self._family, self._usable(store))
        clang = ask([str(root / "bin/clang"), "--version"]).partition("\n")[0]
        if not clang:
            raise Unobtainable(f"{root}/bin/clang --version prints nothing: it is not a working clang")
        content = digest_of_directory(root, store, without=_NOT_USED[self._family])
        return Obtained(
            path=root,
            provider=self.name,
            detail=f"{clang} in {self._path}",
            digest=digest_of(str(self._path), clang, content),
        )

    def _usable(self, store: Store) -> Path:
        """The directory by a path that configure and make can handle: if need be, by a link in the store."""
        if unusable(self._path) is None:
            return self._path
        link = store.root / "state" / "paths" / digest_of(str(self._path))[:16]
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            with contextlib.suppress(FileExistsError):  # another run has just made it
                link.symlink_to(self._path)
        return link


_NOT_USED = {
    SdkFamily.WASI_SDK: frozenset({"__pycache__"}),
    # Emscripten fills its cache while it is used; what lies in it follows from the rest.
    SdkFamily.EMSCRIPTEN: frozenset({"__pycache__", "cache", "tests", "test", "docs", "site", ".git"}),
}
"""names of directories in an SDK that no build reads, or that builds change"""
