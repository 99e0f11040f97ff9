"""Upstream's release archive out of a source package of the distribution: the same bytes, so the same sha256."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.machine.hashing import file_sha256
from harness.machine.store import Provenance, Store
from harness.machine.unpack import unpack_tar
from harness.provide.apt import NAME, Suite, newest, with_present_indexes
from harness.provide.provider import CachedProvider, Obtained, Say, silently
from harness.provide.sources import cpython_defect
from matrix.archives import SuitePackage
from matrix.errors import MatrixError, Unobtainable


class SourcePackage(CachedProvider):
    """The upstream archive of a source package; `sha256` is the pin, without which nothing is downloaded.

    `check` returns why an unpacked archive cannot be right, or None.
    """

    name = NAME

    def __init__(
        self,
        item: str,
        package: SuitePackage,
        sha256: str | None,
        check: Callable[[Path], str | None] = cpython_defect,
    ) -> None:
        self._item = item
        self._package = package
        self._sha256 = sha256
        self._check = check

    def obstacle(self, store: Store) -> str | None:
        try:
            suite = Suite(self._package.suite, store)
            suite.refresh(silently)
            self._version(suite)
        except MatrixError as exc:
            return exc.message
        return None

    def _version(self, suite: Suite) -> str:
        """The package's full version in the suite. Raises Unobtainable."""
        package = self._package
        if self._sha256 is None:
            raise Unobtainable("no sha256 of upstream's archive is known")
        offered = suite.versions([package.name], source=True).get(package.name, [])
        version = newest(offered, package.version)
        if version is None:
            raise Unobtainable(f"suite {suite.name} has no source package {package.name} {package.version}")
        return version

    def entry(self, store: Store) -> str:
        return f"{self._item}-source-{(self._sha256 or '')[:12]}"

    def obtain(self, store: Store, say: Say) -> Obtained:
        suites = [Suite(self._package.suite, store)]
        return with_present_indexes(suites, lambda: super(SourcePackage, self).obtain(store, say))

    def fill(self, directory: Path, store: Store, say: Say) -> Provenance:
        suite = Suite(self._package.suite, store)
        suite.refresh(say)
        version = self._version(suite)
        say(f"{self._item}: fetching source package {self._package.name} {version} of {suite.name}")
        with store.scratch("source") as scratch:
            suite.download_source(f"{self._package.name}={version}", scratch)
            archives = [path for path in scratch.iterdir() if ".orig.tar" in path.name and path.suffix != ".asc"]
            if len(archives) != 1:
                raise Unobtainable(f"the source package has {len(archives)} upstream archives instead of one")
            found = file_sha256(archives[0])
            if found != self._sha256:
                raise Unobtainable(f"{archives[0].name} has sha256 {found}, but {self._sha256} is pinned")
            unpack_tar(archives[0], directory)
        if defect := self._check(directory):
            raise Unobtainable(f"{self._package.name} {version} does not contain what it should: {defect}")
        return Provenance(provider=self.name, detail=f"{self._package.name} {version} of {suite.name}", digest=found)
