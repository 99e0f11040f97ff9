"""SDKs put together from the distribution's packages, without root and without a change to the system."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from harness.machine.command import capture
from harness.machine.hashing import digest_of
from harness.machine.store import Store
from harness.provide.distribution import NAME, Suite, indexed
from harness.provide.obtain import Obtained
from matrix.errors import Unobtainable


class ComposedSdk(ABC):
    """Downloads packages, unpacks them and arranges what is in them in the layout of a release."""

    name = NAME

    def __init__(self, item: str) -> None:
        self._item = item

    @abstractmethod
    def _mark(self) -> str:
        """What tells this composition from others of the same SDK."""

    @abstractmethod
    def _suites(self) -> tuple[str, ...]:
        """The suites that the packages are of."""

    @abstractmethod
    def _packages(self, store: Store) -> dict[Suite, list[str]]:
        """What to download from each suite, as `name=version`. Raises Unobtainable."""

    @abstractmethod
    def _arrange(self, root: Path, sdk: Path, final: Path) -> None:
        """Fill `sdk` from the unpacked packages in `root`; `final` is where it will lie."""

    @abstractmethod
    def _detail(self) -> str:
        """The versions that were really used."""

    def _entry(self, store: Store) -> str:
        return f"{self._item}-composed-{digest_of(self._mark())[:12]}"

    def available(self, store: Store) -> str | None:
        try:
            indexed([Suite(name, store) for name in self._suites()], lambda message: None)
            self._packages(store)
        except Unobtainable as exc:
            return exc.message
        return None

    def cached(self, store: Store) -> Obtained | None:
        entry = self._entry(store)
        if (manifest := store.manifest(entry)) is None:
            return None
        return self._obtained(store.entry(entry), manifest.detail, manifest.digest)

    def obtain(self, store: Store, say: Callable[[str], None]) -> Obtained:
        entry = self._entry(store)

        def make(directory: Path) -> tuple[str, str, str, tuple[str, ...]]:
            indexed([Suite(name, store) for name in self._suites()], say)
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
                self._arrange(unpacked, directory, store.entry(entry))
            return digest_of(*sorted(names), entry), self.name, self._detail(), ()

        path, manifest = store.obtain(entry, make, say=say)
        return self._obtained(path, manifest.detail, manifest.digest)

    def _obtained(self, path: Path, detail: str, digest: str) -> Obtained:
        return Obtained(path=path, provider=self.name, detail=detail, digest=digest)


def copy_libraries(place: Path, directory: Path) -> None:
    """The shared libraries of a place, each once, and the names that are links to them."""
    for path in sorted(place.glob("*.so*"), key=Path.is_symlink):
        if path.is_symlink():
            name = path.resolve().name
            if name != path.name and (directory / name).exists() and not (directory / path.name).exists():
                (directory / path.name).symlink_to(name)
        elif path.is_file():
            shutil.copy2(path, directory / path.name)
