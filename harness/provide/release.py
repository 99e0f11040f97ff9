"""Upstream's release archives, pinned by sha256: SDKs, CPython's sources and ports."""

from __future__ import annotations

import platform
from collections.abc import Callable
from functools import partial
from pathlib import Path

from harness.machine.fetch import download, reachable
from harness.machine.store import Store
from harness.machine.unpack import unpack_tar
from harness.provide.checks import port_defect, sdk_defect, sdk_root, source_defect
from harness.provide.obtain import Obtained
from matrix.archives import Archive
from matrix.errors import Unobtainable
from matrix.model import SdkFamily


class ReleaseArchive:
    """An archive of upstream's; `check` says why an unpacked one cannot be right, or None."""

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

    @property
    def _entry(self) -> str:
        return f"{self._item}-release-{(self._sha256 or '')[:12]}"

    def available(self, store: Store) -> str | None:
        if self._sha256 is None:
            return f"no sha256 is known of {self._url} for {platform.machine()}, so it is not downloaded"
        if problem := reachable(self._url):
            return f"{self._url}: {problem}"
        return None

    def cached(self, store: Store) -> Obtained | None:
        if self._sha256 is None or (manifest := store.manifest(self._entry)) is None:
            return None
        return Obtained(
            path=self._root(store.entry(self._entry)),
            provider=self.name,
            detail=manifest.detail,
            digest=manifest.digest,
            notes=manifest.notes,
        )

    def obtain(self, store: Store, say: Callable[[str], None]) -> Obtained:
        if self._sha256 is None:
            raise Unobtainable(f"no sha256 is known of {self._url}, so it is not downloaded")
        sha256 = self._sha256

        def make(directory: Path) -> tuple[str, str, str, tuple[str, ...]]:
            say(f"{self._item}: downloading {self._url}")
            archive = download(self._url, sha256, store.root / "downloads")
            while not store.use(archive):  # it was removed just now
                archive = download(self._url, sha256, store.root / "downloads")
            unpack_tar(archive, directory)
            if defect := self._check(directory):
                raise Unobtainable(f"{self._url} does not hold what it should: {defect}")
            return sha256, self.name, self._url, ()

        path, manifest = store.obtain(self._entry, make, say=say)
        return Obtained(path=self._root(path), provider=self.name, detail=manifest.detail, digest=manifest.digest)


def sdk_archive(item: str, family: SdkFamily, archive: Archive) -> ReleaseArchive:
    return ReleaseArchive(item, archive, partial(sdk_defect, family), root=partial(sdk_root, family))


def cpython_archive(item: str, archive: Archive) -> ReleaseArchive:
    return ReleaseArchive(item, archive, source_defect)


def port_archive(item: str, archive: Archive) -> ReleaseArchive:
    return ReleaseArchive(item, archive, port_defect)
