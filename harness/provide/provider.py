"""What a provider is, with a base class for each kind: what is on the machine already, what goes into the cache."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from harness.machine.store import Manifest, Provenance, Store
from matrix.errors import MatrixError

Say = Callable[[str], None]
"""takes a message for the user: one line, without a full stop"""


def silently(message: str) -> None:
    """Say nothing."""


class Obtained(msgspec.Struct, frozen=True, kw_only=True):
    """An SDK, a CPython tree, a runtime or a port on this machine, ready to use."""

    path: Path
    provider: str
    """the provider's `name`: `directory`, `release archive`, `PyPI`"""
    detail: str
    """the versions that were really used, or where they came from, for people"""
    digest: str
    """identifies the content, for everything that is built from it"""
    make_digest: str = ""
    """the same for what only `make` builds from it; "" where all of the content counts"""
    notes: tuple[str, ...] = ()
    """why better providers were passed over"""


class Provider(Protocol):
    """One way to obtain one item. An instance knows its item; `items` makes the instances."""

    name: str
    """the way in words, for reports"""

    def obstacle(self, store: Store) -> str | None:
        """Why the item is not available this way; None when nothing is known to stand in the way.

        Quick: it may ask a server, but obtains nothing and changes only the caches of package indexes.
        """

    def cached(self, store: Store) -> Obtained | None:
        """The item, if it is on this machine and intact. Does not use the network."""

    def obtain(self, store: Store, say: Say) -> Obtained:
        """The item, fetched if need be. Raises Unobtainable when it is not available this way."""


class LocalProvider(ABC):
    """A provider of something that is on the machine already: a directory, a command on PATH.

    A subclass sets `name` and writes `find`.
    """

    name: str

    @abstractmethod
    def find(self) -> Obtained:
        """The item. Raises Unobtainable, with the reason, when it is not there or does not fit."""

    def obstacle(self, store: Store) -> str | None:
        try:
            self.find()
        except MatrixError as exc:
            return exc.message
        return None

    def cached(self, store: Store) -> Obtained | None:
        try:
            return self.find()
        except MatrixError:
            return None

    def obtain(self, store: Store, say: Say) -> Obtained:
        return self.find()


class CachedProvider(ABC):
    """A provider that fills an entry of the cache, once.

    A subclass sets `name` and writes `obstacle`, `entry` and `fill`.
    """

    name: str

    @abstractmethod
    def obstacle(self, store: Store) -> str | None:
        """As `Provider.obstacle`."""

    @abstractmethod
    def entry(self, store: Store) -> str:
        """The name of the cache entry. It changes whenever the content would, so it contains a hash or a version."""

    @abstractmethod
    def fill(self, directory: Path, store: Store, say: Say) -> Provenance:
        """Put the item into an empty directory. Raises Unobtainable when that is impossible."""

    def locate(self, entry: Path) -> Path:
        """Where the item lies within its entry."""
        return entry

    def cached(self, store: Store) -> Obtained | None:
        name = self.entry(store)
        manifest = store.manifest(name)
        return None if manifest is None else self._obtained(store.entry(name), manifest)

    def obtain(self, store: Store, say: Say) -> Obtained:
        path, manifest = store.obtain(self.entry(store), lambda directory: self.fill(directory, store, say), say=say)
        return self._obtained(path, manifest)

    def _obtained(self, entry: Path, manifest: Manifest) -> Obtained:
        return Obtained(path=self.locate(entry), provider=self.name, detail=manifest.detail, digest=manifest.digest)
