"""An SDK in a directory: one that the user named, or the usual place."""

from __future__ import annotations

from pathlib import Path

from harness.machine.command import capture
from harness.machine.hashing import digest_of
from harness.machine.paths import unusable
from harness.machine.store import Store
from harness.provide.provider import LocalProvider, Obtained
from harness.provide.sdk_layout import LAYOUTS, family_of, sdk_defect, sdk_root, sdk_version
from matrix.errors import Unobtainable
from matrix.model import Sdk, SdkFamily

_NODE_FOR_DIRECTORIES = "node-20.18.0"
"""the runtime that runs the tools of an Emscripten in a user's directory"""


def sdk_from(path: Path) -> Sdk:
    """The SDK in a directory, of whichever family.

    Raises Unobtainable when the directory is not an SDK or does not state its version.
    """
    if reason := unusable(path):
        raise Unobtainable(f"{path} cannot be used: {reason}", hint="move it to another directory")
    family = family_of(path)
    layout = LAYOUTS[family]
    if reason := sdk_defect(family, path):
        raise Unobtainable(f"{path} is not {layout.title}: {reason}", hint=layout.directory_hint)
    version = sdk_version(family, path)
    if version is None:
        raise Unobtainable(f"{path} does not state its version", hint=layout.version_hint)
    node = _NODE_FOR_DIRECTORIES if family is SdkFamily.EMSCRIPTEN else ""
    return Sdk(id=f"{family}-{version}-directory", family=family, version=version, directory=path, node=node)


class SdkDirectory(LocalProvider):
    """An SDK in a directory, identified by what its clang prints. With `version`, only that version will do."""

    name = "directory"

    def __init__(self, family: SdkFamily, path: Path, *, version: str | None = None) -> None:
        self._family = family
        self._path = path.absolute()
        self._version = version

    def obstacle(self, store: Store) -> str | None:
        return self._defect()  # without starting the compiler, as `find` does

    def _defect(self) -> str | None:
        if reason := sdk_defect(self._family, self._path):
            return f"{self._path}: {reason}"
        found = sdk_version(self._family, self._path)
        if self._version is not None and found != self._version:
            return f"{self._path} is version {found or 'unknown'}, not {self._version}"
        return None

    def find(self) -> Obtained:
        if defect := self._defect():
            raise Unobtainable(defect)
        root = sdk_root(self._family, self._path)
        clang = capture([str(root / "bin/clang"), "--version"]).partition("\n")[0]
        if not clang:
            raise Unobtainable(f"{root}/bin/clang --version prints nothing: it is not a working clang")
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
