"""List what the cache holds, and remove what has not been used for longest."""

from __future__ import annotations

import contextlib
import datetime
import enum
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from harness.machine.files import remove_path
from harness.machine.store import MANIFEST, Store
from matrix import json_records


class ItemKind(enum.Enum):
    """The kinds of items in the cache."""

    ENTRY = "entry"
    SNAPSHOT = "snapshot"
    """a copy of a user's tree"""
    BUILD = "build"
    DOWNLOAD = "download"
    COMPILED = "compiled"
    """a module that wasmtime has compiled"""
    RESULTS = "results"
    """results of earlier runs of a build (`harness.suite.reuse`)"""
    UNFINISHED = "unfinished"
    """what a run is making or working in, or what a killed run left"""
    STATE = "state"
    """durations, apt's lists and the like: small, and never removed"""


_KINDS = {
    "entries": ItemKind.ENTRY,
    "snapshots": ItemKind.SNAPSHOT,
    "builds": ItemKind.BUILD,
    "downloads": ItemKind.DOWNLOAD,
    "state/compiled": ItemKind.COMPILED,
    "state/results": ItemKind.RESULTS,
}
_SUMMED = {ItemKind.COMPILED, ItemKind.RESULTS, ItemKind.UNFINISHED, ItemKind.STATE}
"""kinds whose items are too small or too many to list one by one"""


class CacheItem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in the cache that is kept or removed as a whole, or the sum of several (`summed`)."""

    kind: ItemKind
    name: str
    path: Path
    size: int
    """bytes on the disk"""
    used: datetime.datetime
    """the last use by a run, or the last change when no run has used it"""
    in_use: bool
    """whether a run uses it now"""
    provider: str = ""
    """the provider of an entry"""
    count: int = 1
    """how many items this is the sum of"""


class CacheLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits that pruning enforces; None means no limit."""

    max_size: int | None = None
    """bytes on the disk for the whole cache"""
    older_than: datetime.timedelta | None = None
    """the longest allowed time since an item's last use"""


class _Origin(msgspec.Struct, frozen=True):
    """The one field of a manifest that a listing needs: reading the list of files would be slow."""

    provider: str


# --- listing


def survey(store: Store) -> tuple[CacheItem, ...]:
    """Everything in a cache, item by item."""
    left_over = set(store.left_over())

    def item(kind: ItemKind, path: Path, *, in_use: bool) -> CacheItem:
        return CacheItem(
            kind=kind,
            name=path.name,
            path=path,
            size=disk_usage(path),
            used=last_use(store, path),
            in_use=in_use,
            provider=_provider(path) if kind is ItemKind.ENTRY else "",
        )

    places = {store.root / place: kind for place, kind in _KINDS.items()}
    state = [path for path in (*_inside(store.root / "state"), store.root / "locks") if path not in places]
    items = [item(ItemKind.STATE, path, in_use=False) for path in state]
    items += [item(ItemKind.UNFINISHED, path, in_use=path not in left_over) for path in _inside(store.root / "scratch")]
    for place, kind in places.items():
        for path in _inside(place):
            if path.name.startswith(".") or path.suffix == ".part":
                items.append(item(ItemKind.UNFINISHED, path, in_use=path not in left_over))
            else:
                items.append(item(kind, path, in_use=store.in_use(path)))
    return tuple(items)


def _inside(directory: Path) -> list[Path]:
    return list(directory.iterdir()) if directory.is_dir() else []


def _provider(entry: Path) -> str:
    with contextlib.suppress(OSError, msgspec.DecodeError):
        return json_records.decode((entry / MANIFEST).read_bytes(), _Origin).provider
    return ""


def last_use(store: Store, path: Path) -> datetime.datetime:
    """The time of an item's last use, as `Store.last_use` gives it."""
    return datetime.datetime.fromtimestamp(store.last_use(path), datetime.UTC)


def disk_usage(path: Path) -> int:
    """The bytes that a file or a directory takes on the disk. A file with several names counts once."""
    size = 0
    seen: set[tuple[int, int]] = set()
    pending = [os.fspath(path)]
    while pending:
        here = pending.pop()
        with contextlib.suppress(OSError):  # it was removed in the meantime, or only its owner may read it
            info = os.lstat(here)
            if (info.st_dev, info.st_ino) in seen:
                continue
            if info.st_nlink > 1:
                seen.add((info.st_dev, info.st_ino))
            size += info.st_blocks * 512
            if stat.S_ISDIR(info.st_mode):
                pending += [f"{here}/{name}" for name in os.listdir(here)]
    return size


def total(items: Iterable[CacheItem]) -> int:
    """The bytes that some items take together."""
    return sum(item.size for item in items)


def summed(items: Iterable[CacheItem]) -> list[CacheItem]:
    """Entries, builds and downloads one by one, and one sum for each other kind; the largest first."""
    lines: list[CacheItem] = []
    together: dict[ItemKind, list[CacheItem]] = {}
    for item in items:
        (together.setdefault(item.kind, []) if item.kind in _SUMMED else lines).append(item)
    lines += [
        CacheItem(
            kind=kind,
            name="",
            path=Path(os.path.commonpath([item.path.parent for item in several])),
            size=total(several),
            used=max(item.used for item in several),
            in_use=any(item.in_use for item in several),
            count=len(several),
        )
        for kind, several in together.items()
    ]
    return sorted(lines, key=lambda item: (-item.size, item.kind.value, item.name))


# --- removing


def prune(
    items: Iterable[CacheItem], limits: CacheLimits, now: datetime.datetime, remove: Callable[[CacheItem], bool]
) -> list[CacheItem]:
    """Remove items until the limits hold: first what killed runs left, then what has not been used for longest.

    `remove` returns False to keep an item. Returns the removed items.
    """
    order = sorted(items, key=lambda item: (item.kind is not ItemKind.UNFINISHED, item.used))
    size = total(order)
    removed: list[CacheItem] = []
    for item in order:
        if item.in_use or item.kind is ItemKind.STATE:
            continue
        left_over = item.kind is ItemKind.UNFINISHED
        too_old = limits.older_than is not None and now - item.used > limits.older_than
        too_much = limits.max_size is not None and size > limits.max_size
        if (left_over or too_old or too_much) and remove(item):
            size -= item.size
            removed.append(item)
    return removed


def remove(store: Store, item: CacheItem) -> bool:
    """Remove an item that `survey` listed. Returns False when a run uses it or has used it since the survey."""
    if item.kind is not ItemKind.UNFINISHED:
        return last_use(store, item.path) == item.used and store.remove(item.path)
    if abandoned := item.path in set(store.left_over()):
        remove_path(item.path)
    return abandoned
