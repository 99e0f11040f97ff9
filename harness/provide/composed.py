"""SDKs and runtimes composed from the distribution's packages, without root and without a change to the system."""

from __future__ import annotations

import copy
import datetime
import os
import shutil
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import msgspec

from harness.machine.command import capture
from harness.machine.files import write_atomically
from harness.machine.hashing import digest_of
from harness.machine.store import Provenance, Store
from harness.provide.apt import NAME, SNAPSHOTS, Suite, with_present_indexes
from harness.provide.provider import CachedProvider, Obtained, Say, silently
from harness.provide.sdk_layout import missing_parts
from matrix import json_records
from matrix.errors import MatrixError, Unobtainable
from matrix.model import SdkFamily

Parts = Mapping[str, str]
"""the upstream version of each part, by its name"""


class Composed(CachedProvider):
    """Downloads packages, unpacks them, and arranges their files.

    It is what its parts are: their versions name the cache entry. Each part is taken in the version that the matrix
    wants, else in the one that the suite has now. What stood in is remembered, so that it is found in the cache and
    used until `--refresh` looks again.
    """

    name = NAME

    def __init__(self, item: str, parts: Parts, *, day: datetime.date | None = None) -> None:
        """`parts` are the wanted versions; `day` is one on which the suites had them, for the snapshot service."""
        self._item = item
        self._wanted = parts
        self._parts = parts
        self._day = day
        self._old = False
        """whether the suites of that day are used, too"""

    @abstractmethod
    def _content_key(self) -> str:
        """Everything that determines the content: it becomes part of the entry's name."""

    @abstractmethod
    def _suite_names(self) -> tuple[str, ...]:
        """The names of the suites that have the packages."""

    @abstractmethod
    def _current(self, store: Store) -> Parts:
        """The version of each part to take, from what the suites have. Raises Unobtainable."""

    @abstractmethod
    def _packages(self, store: Store) -> dict[Suite, list[str]]:
        """The packages to download from each suite, as `name=version`. Raises Unobtainable."""

    @abstractmethod
    def _arrange(self, root: Path, sdk: Path, final: Path) -> None:
        """Fill `sdk` from the packages, which are unpacked in `root`. `sdk` is renamed to `final` afterwards."""

    @abstractmethod
    def _missing(self, directory: Path) -> list[str]:
        """What the filled directory lacks of what it must have."""

    @abstractmethod
    def _detail(self) -> str:
        """The versions of the packages, for people."""

    def _notes(self) -> tuple[str, ...]:
        """What stands in for what is wanted, for people."""
        gone = [f"{part} {old}" for part, old in self._wanted.items() if self._parts[part] != old]
        since = f", since the archive no longer has {' and '.join(gone)}" if gone else ""
        return (f"{self._item}: composed of {self._detail()}{since}",) if gone else ()

    def entry(self, store: Store) -> str:
        return f"{self._item}-composed-{digest_of(self._content_key())[:12]}"

    def cached(self, store: Store) -> Obtained | None:
        found = super().cached(store)
        if found is None and (standing := self._remembered(store)) is not None:
            return standing.cached(store)
        return self._noted(found) if found is not None else None

    def obtain(self, store: Store, say: Say) -> Obtained:
        suites = [Suite(name, store) for name in self._suite_names()]
        return with_present_indexes(suites, lambda: self._obtain_settled(store, say))

    def _obtain_settled(self, store: Store, say: Say) -> Obtained:
        settled = self._settled(store, say)
        found = super(Composed, settled).obtain(store, say)
        if settled._parts != self._wanted:
            write_atomically(self._memory(store), json_records.encode(settled._parts))
        return settled._noted(found)

    def obstacle(self, store: Store) -> str | None:
        try:
            self._settled(store, silently)._packages(store)
        except MatrixError as exc:
            return exc.message
        return None

    def _suites(self, store: Store, names: Sequence[str]) -> list[Suite]:
        """Suites by their names, and the same ones as they were on the day, where the snapshot service is used."""
        suites = [Suite(name, store) for name in names]
        return [*suites, *(Suite(name, store, day=self._day) for name in names)] if self._old else suites

    def _settled(self, store: Store, say: Say) -> Self:
        """This item of what the archive has now; of the wanted versions, if the snapshot service has them.

        Raises Unobtainable when neither has all parts.
        """
        now, problem = None, None
        try:
            for suite in self._suites(store, self._suite_names()):
                suite.refresh(say)
            now = self._with(self._current(store))
        except Unobtainable as exc:
            problem = exc
        if (now is None or now._parts != self._wanted) and self._day is not None and os.environ.get(SNAPSHOTS):
            then = self._with(self._wanted)
            then._old = True
            try:
                for suite in then._suites(store, self._suite_names()):
                    suite.refresh(say)
                then._packages(store)
                return then
            except Unobtainable as exc:
                say(f"{self._item}: not from the snapshot service: {exc.message}")
        if now is None:
            assert problem is not None
            raise problem
        return now

    def _with(self, parts: Parts) -> Self:
        """The same item of parts in these versions."""
        other = copy.copy(self)
        other._parts = parts
        return other

    def _noted(self, found: Obtained) -> Obtained:
        return msgspec.structs.replace(found, notes=(*found.notes, *self._notes()))

    def _memory(self, store: Store) -> Path:
        """The file that keeps the versions of the parts that stood in last, for exactly these wanted ones."""
        return store.root / "state" / "composed" / f"{digest_of(self.entry(store))}.json"

    def _remembered(self, store: Store) -> Self | None:
        """What stood in last; None when the wanted versions were available, or were not asked for yet."""
        if self._parts != self._wanted:
            return None
        try:
            parts = json_records.decode(self._memory(store).read_bytes(), dict[str, str])
        except (OSError, msgspec.DecodeError):
            return None
        return self._with(parts) if parts.keys() == self._wanted.keys() else None

    def fill(self, directory: Path, store: Store, say: Say) -> Provenance:
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
        if missing := self._missing(directory):
            raise self._lacking(", ".join(missing))
        digest = digest_of(*sorted(names), self.entry(store))
        return Provenance(provider=self.name, detail=self._detail(), digest=digest)

    def _lacking(self, files: str) -> Unobtainable:
        return Unobtainable(
            f"{self._item} cannot be composed: the packages lack {files}",
            hint="the archive packages them in another way: say so in an issue, and try another SDK meanwhile",
        )


class ComposedSdk(Composed):
    """An SDK in the layout of upstream's release archive."""

    family: SdkFamily

    def _missing(self, directory: Path) -> list[str]:
        return missing_parts(self.family, directory)


def copy_libraries(place: Path, directory: Path) -> None:
    """Copy the shared libraries of `place` into `directory`, each once, with the symbolic links to them."""
    for path in sorted(place.glob("*.so*"), key=Path.is_symlink):
        if path.is_symlink():
            name = path.resolve().name
            if name != path.name and (directory / name).exists() and not (directory / path.name).exists():
                (directory / path.name).symlink_to(name)
        elif path.is_file():
            shutil.copy2(path, directory / path.name)
