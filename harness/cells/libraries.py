"""The libraries that a CPython is linked with: the versions that its tree pins, or others that are available.

The tree is asked first, since it is obtained by then. What stands in for its pin is remembered, so that it is found in
the cache and used until `--refresh` looks again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.build.tree import LibraryPin, wanted_libraries
from harness.machine.files import write_atomically
from harness.machine.hashing import digest_of
from harness.machine.store import Store
from harness.provide.items import library_providers
from harness.provide.obtain import obtain
from harness.provide.provider import Obtained, Provider, Say
from matrix.archives import Archive
from matrix.errors import Unobtainable
from matrix.model import Library
from matrix.pins import version_of
from matrix.resolve import ResolvedCell

_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]*")


class FoundLibrary(msgspec.Struct, frozen=True, kw_only=True):
    """A library that was obtained, and the version that was asked for."""

    name: str
    version: str
    asked: str
    obtained: Obtained

    def note(self, cpython: str) -> str:
        """What a reader of a cell's results should know of it."""
        if self.version == self.asked:
            return f"linked with {self.name} {self.version} ({self.obtained.detail})"
        stands_in = f"{self.name} {self.version} ({self.obtained.detail}) stands in"
        return f"CPython {cpython} asks for {self.name} {self.asked}: {stands_in}"


def obtain_libraries(
    cell: ResolvedCell, source: Path, store: Store, say: Say, *, refresh: bool = False
) -> tuple[FoundLibrary, ...]:
    """The libraries that the tree in `source` is to be linked with.

    Raises Unobtainable when one is not available in any version, or when the tree's pin of it is malformed.
    """
    return tuple(
        _obtained(name, pin, choices(name, pin, cell.libraries, source), store, say, refresh=refresh)
        for name, pin in wanted_libraries(cell.series, source).items()
    )


def choices(name: str, pin: LibraryPin, rows: Sequence[Library], source: Path) -> list[Library]:
    """What serves as a library, best first: the tree's own archive, the same version, then others, newest first.

    Raises Unobtainable for a pin that is malformed.
    """
    same = [row for row in rows if row.name == name and row.version == pin.version]
    others = [row for row in rows if row.name == name and row.version != pin.version]
    others.sort(key=lambda row: version_of(row.version), reverse=True)
    known = {row.archive.sha256.get("any") for row in same if row.archive is not None}
    return [*([] if pin.sha256 in known else _pinned(name, pin, source)), *same, *others]


def _pinned(name: str, pin: LibraryPin, source: Path) -> list[Library]:
    """The archive that a tree names with its hash."""
    if not _VERSION.fullmatch(pin.version):
        raise Unobtainable(
            f"{source} asks for {name} {pin.version!r}, which is no version",
            hint="correct it in Platforms/emscripten/config.toml",
        )
    if not pin.url or not pin.sha256:
        return []
    try:
        archive = msgspec.convert({"url": pin.url, "sha256": {"any": pin.sha256}}, Archive)
    except msgspec.ValidationError as exc:
        raise Unobtainable(
            f"{source} pins {name} {pin.version} in a way that cannot be used: {exc}",
            hint="correct it in Platforms/emscripten/config.toml",
        ) from None
    return [Library(name=name, version=pin.version, archive=archive)]


def _obtained(
    name: str, pin: LibraryPin, found: Sequence[Library], store: Store, say: Say, *, refresh: bool
) -> FoundLibrary:
    providers: dict[str, list[Provider]] = {}
    for library in found:
        providers.setdefault(library.version, []).extend(library_providers(library))
    memory = _memory(name, pin, store)
    versions = list(providers)
    standing = memory.read_text("utf-8", "replace") if memory.is_file() else ""
    cached = [version for version in versions if _cached(providers[version], store)]
    if not refresh and standing in cached and pin.version not in cached:
        versions.insert(0, standing)
    reasons = []
    for version in versions:
        try:
            obtained = obtain(f"{name}-{version}", providers[version], store, say, refresh=refresh)
        except Unobtainable as exc:
            reasons.append(exc.message)
            continue
        if version != pin.version:
            memory.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(memory, version.encode())
        return FoundLibrary(name=name, version=version, asked=pin.version, obtained=obtained)
    raise Unobtainable("\n".join(reasons) or f"matrix/data/ports.toml has no {name}", hint="ports.toml names the ways")


def _cached(providers: Sequence[Provider], store: Store) -> bool:
    return any(provider.cached(store) is not None for provider in providers)


def _memory(name: str, pin: LibraryPin, store: Store) -> Path:
    """The file that keeps which version stood in last for exactly this pin."""
    return store.root / "state" / "libraries" / digest_of(name, pin.version, pin.url, pin.sha256)
