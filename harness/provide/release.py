"""Upstream's release archives, pinned by sha256: SDKs, CPython's sources and ports."""

from __future__ import annotations

import platform
from collections.abc import Callable
from functools import partial
from pathlib import Path

from harness.machine.fetch import download, reachable
from harness.machine.store import Provenance, Store
from harness.machine.unpack import unpack_tar
from harness.provide.provider import CachedProvider, Say
from harness.provide.sdk_layout import sdk_defect, sdk_root
from harness.provide.sources import cpython_defect, library_defect, port_defect
from matrix.archives import Archive
from matrix.errors import Unobtainable
from matrix.model import SdkFamily


class ReleaseArchive(CachedProvider):
    """An archive that upstream publishes.

    `check` returns why an unpacked archive cannot be right, or None. `root` finds the item in the unpacked archive.
    """

    name = "release archive"

    def __init__(
        self,
        item: str,
        archive: Archive,
        check: Callable[[Path], str | None],
        *,
        root: Callable[[Path], Path] = lambda directory: directory,
    ) -> None:
        self._item = item
        self._root = root
        self._url, self._sha256 = archive.for_machine(platform.machine())
        self._check = check

    def obstacle(self, store: Store) -> str | None:
        if self._sha256 is None:
            return self._unpinned()
        if problem := reachable(self._url):
            return f"{self._url}: {problem}"
        return None

    def _unpinned(self) -> str:
        return f"no sha256 is known of {self._url} for {platform.machine()}, so it is not downloaded"

    def entry(self, store: Store) -> str:
        return f"{self._item}-release-{(self._sha256 or '')[:12]}"

    def locate(self, entry: Path) -> Path:
        return self._root(entry)

    def fill(self, directory: Path, store: Store, say: Say) -> Provenance:
        if self._sha256 is None:
            raise Unobtainable(self._unpinned())
        say(f"{self._item}: downloading {self._url}")
        archive = download(self._url, self._sha256, store.root / "downloads")
        while not store.use(archive):  # another run has just removed it
            archive = download(self._url, self._sha256, store.root / "downloads")
        unpack_tar(archive, directory)
        if defect := self._check(directory):
            raise Unobtainable(f"{self._url} does not contain what it should: {defect}")
        return Provenance(provider=self.name, detail=self._url, digest=self._sha256)


def sdk_archive(item: str, family: SdkFamily, archive: Archive) -> ReleaseArchive:
    """The release archive of an SDK."""
    return ReleaseArchive(item, archive, partial(sdk_defect, family), root=partial(sdk_root, family))


def cpython_archive(item: str, archive: Archive) -> ReleaseArchive:
    """The release archive of a CPython version."""
    return ReleaseArchive(item, archive, cpython_defect)


def port_archive(item: str, archive: Archive) -> ReleaseArchive:
    """The release archive of a C library."""
    return ReleaseArchive(item, archive, port_defect)


def library_archive(item: str, archive: Archive) -> ReleaseArchive:
    """The release archive of a library with a configure script."""
    return ReleaseArchive(item, archive, library_defect)
