"""SDKs composed from the distribution's packages, without root and without a change to the system."""

from __future__ import annotations

import shutil
from abc import abstractmethod
from pathlib import Path

from harness.machine.command import capture
from harness.machine.hashing import digest_of
from harness.machine.store import Provenance, Store
from harness.provide.apt import NAME, Suite
from harness.provide.provider import CachedProvider, Say, silently
from harness.provide.sdk_layout import missing_parts
from matrix.errors import MatrixError, Unobtainable
from matrix.model import SdkFamily


class ComposedSdk(CachedProvider):
    """Downloads packages, unpacks them, and arranges their files in the layout of upstream's release archive."""

    name = NAME
    family: SdkFamily

    def __init__(self, item: str) -> None:
        self._item = item

    @abstractmethod
    def _content_key(self) -> str:
        """Everything that determines the content: it becomes part of the entry's name."""

    @abstractmethod
    def _suites(self) -> tuple[str, ...]:
        """The names of the suites that have the packages."""

    @abstractmethod
    def _packages(self, store: Store) -> dict[Suite, list[str]]:
        """The packages to download from each suite, as `name=version`. Raises Unobtainable."""

    @abstractmethod
    def _arrange(self, root: Path, sdk: Path, final: Path) -> None:
        """Fill `sdk` from the packages, which are unpacked in `root`. `sdk` is renamed to `final` afterwards."""

    @abstractmethod
    def _detail(self) -> str:
        """The versions of the packages, for people."""

    def entry(self, store: Store) -> str:
        return f"{self._item}-composed-{digest_of(self._content_key())[:12]}"

    def obstacle(self, store: Store) -> str | None:
        try:
            self._refresh(store, silently)
            self._packages(store)
        except MatrixError as exc:
            return exc.message
        return None

    def _refresh(self, store: Store, say: Say) -> None:
        for name in self._suites():
            Suite(name, store).refresh(say)

    def fill(self, directory: Path, store: Store, say: Say) -> Provenance:
        self._refresh(store, say)
        packages = self._packages(store)
        names = [name for wanted in packages.values() for name in wanted]
        say(f"{self._item}: composing it from {len(names)} packages")
        with store.scratch("packages") as scratch:
            for suite, wanted in packages.items():
                if wanted:
                    suite.download(wanted, scratch)
            unpacked = scratch / "root"
            for package in sorted(scratch.glob("*.deb")):
                capture(["dpkg-deb", "--extract", str(package), str(unpacked)])
            try:
                self._arrange(unpacked, directory, store.entry(self.entry(store)))
            except FileNotFoundError as exc:
                raise self._lacking(str(exc.filename)) from None
        if missing := missing_parts(self.family, directory):
            raise self._lacking(", ".join(missing))
        digest = digest_of(*sorted(names), self.entry(store))
        return Provenance(provider=self.name, detail=self._detail(), digest=digest)

    def _lacking(self, files: str) -> Unobtainable:
        return Unobtainable(
            f"{self._item} cannot be composed: the packages lack {files}",
            hint="the archive has moved on: correct the versions in matrix/data/sdks.toml",
        )


def copy_libraries(place: Path, directory: Path) -> None:
    """Copy the shared libraries of `place` into `directory`, each once, with the symbolic links to them."""
    for path in sorted(place.glob("*.so*"), key=Path.is_symlink):
        if path.is_symlink():
            name = path.resolve().name
            if name != path.name and (directory / name).exists() and not (directory / path.name).exists():
                (directory / path.name).symlink_to(name)
        elif path.is_file():
            shutil.copy2(path, directory / path.name)
