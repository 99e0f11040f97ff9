"""Upkeep of the disk: what the cache holds, and the removal of what was not used for longest."""

from __future__ import annotations

import contextlib
import datetime
import enum
import os
import re
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from harness.machine.files import remove_path
from harness.machine.store import MANIFEST, PLACES, Store
from matrix import json_records
from matrix.errors import UsageError

_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SPANS = {"h": "hours", "d": "days", "w": "weeks"}
_NUMBER = r"([0-9]{1,6}(?:\.[0-9]{1,6})?)"


class Kind(enum.Enum):
    """What an item of the cache is."""

    ENTRY = "entry"
    BUILD = "build"
    DOWNLOAD = "download"
    COMPILED = "compiled"
    """a module that wasmtime has compiled"""
    RESULTS = "results"
    """of earlier runs of a build (`harness.suite.reuse`)"""
    UNFINISHED = "unfinished"
    """what runs are making or working in now, or killed ones left"""
    STATE = "state"
    """durations, apt's lists and the like: small, and never removed"""


_KINDS = dict(zip(PLACES, (Kind.ENTRY, Kind.BUILD, Kind.DOWNLOAD, Kind.COMPILED, Kind.RESULTS), strict=True))
_SUMMED = {Kind.COMPILED, Kind.RESULTS, Kind.UNFINISHED, Kind.STATE}
"""kinds of items that are too small, or too many, to be listed one by one"""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """Something in the cache that goes or stays by itself, or a sum of such."""

    kind: Kind
    name: str
    path: Path
    size: int
    """bytes on the disk"""
    used: datetime.datetime
    """when a run last used it, if any did, else when it was last changed"""
    in_use: bool
    """whether a run uses it now"""
    provider: str = ""
    """how an entry was had"""
    count: int = 1


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the cache is to be kept within; None is no limit."""

    max_size: int | None = None
    """bytes on the disk that all of it may take"""
    older_than: datetime.timedelta | None = None
    """how long it may be since an item was last used"""


class _Origin(msgspec.Struct, frozen=True):
    """What is wanted of an entry's manifest, without its list of files."""

    provider: str


# --- what there is


def survey(store: Store) -> tuple[Item, ...]:
    """All that a cache holds, each item by itself."""
    left_over = set(store.left_over())

    def item(kind: Kind, path: Path, *, in_use: bool) -> Item:
        return Item(
            kind=kind,
            name=path.name,
            path=path,
            size=disk_usage(path),
            used=last_use(store, path),
            in_use=in_use,
            provider=_provider(path) if kind is Kind.ENTRY else "",
        )

    places = {store.root / place: kind for place, kind in _KINDS.items()}
    state = [path for path in (*_inside(store.root / "state"), store.root / "locks") if path not in places]
    items = [item(Kind.STATE, path, in_use=False) for path in state]
    items += [item(Kind.UNFINISHED, path, in_use=path not in left_over) for path in _inside(store.root / "scratch")]
    for place, kind in places.items():
        for path in _inside(place):
            if path.name.startswith(".") or path.suffix == ".part":
                items.append(item(Kind.UNFINISHED, path, in_use=path not in left_over))
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
    return datetime.datetime.fromtimestamp(store.last_use(path), datetime.UTC)


def disk_usage(path: Path) -> int:
    """The bytes that a file or a directory takes on the disk; a file with several names counts once."""
    size = 0
    seen: set[tuple[int, int]] = set()
    pending = [os.fspath(path)]
    while pending:
        here = pending.pop()
        with contextlib.suppress(OSError):  # it vanished meanwhile, or others may not look inside
            info = os.lstat(here)
            if (info.st_dev, info.st_ino) in seen:
                continue
            if info.st_nlink > 1:
                seen.add((info.st_dev, info.st_ino))
            size += info.st_blocks * 512
            if stat.S_ISDIR(info.st_mode):
                pending += [f"{here}/{name}" for name in os.listdir(here)]
    return size


def total(items: Iterable[Item]) -> int:
    return sum(item.size for item in items)


def summed(items: Iterable[Item]) -> list[Item]:
    """Entries, builds and downloads, and a sum of each other kind, the largest first."""
    lines: list[Item] = []
    together: dict[Kind, list[Item]] = {}
    for item in items:
        (together.setdefault(item.kind, []) if item.kind in _SUMMED else lines).append(item)
    lines += [
        Item(
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


# --- what goes


def prune(items: Iterable[Item], limits: Limits, now: datetime.datetime, remove: Callable[[Item], bool]) -> list[Item]:
    """Have items removed until the limits hold: what killed runs left, then what was not used for longest.

    `remove` may refuse an item, which stays then. Returns those that it removed.
    """
    order = sorted(items, key=lambda item: (item.kind is not Kind.UNFINISHED, item.used))
    size = total(order)
    removed: list[Item] = []
    for item in order:
        if item.in_use or item.kind is Kind.STATE:
            continue
        left_over = item.kind is Kind.UNFINISHED
        too_old = limits.older_than is not None and now - item.used > limits.older_than
        too_much = limits.max_size is not None and size > limits.max_size
        if (left_over or too_old or too_much) and remove(item):
            size -= item.size
            removed.append(item)
    return removed


def remove(store: Store, item: Item) -> bool:
    """Remove an item of a survey; False when a run uses it, or has used it since."""
    if item.kind is not Kind.UNFINISHED:
        return last_use(store, item.path) == item.used and store.remove(item.path)
    if abandoned := item.path in set(store.left_over()):
        remove_path(item.path)
    return abandoned


# --- sizes and ages, as people write them


def size_of(text: str) -> int:
    """The bytes of `20G`, `500M`, `1.5G`. Raises UsageError."""
    match = re.fullmatch(f"{_NUMBER}([{''.join(_UNITS)}])", text, re.ASCII)
    if match is None:
        raise UsageError(f"{text!r} is no size", hint="a size is a number with K, M, G or T: 20G, 500M, 1.5G")
    return int(float(match[1]) * _UNITS[match[2]])


def age_of(text: str) -> datetime.timedelta:
    """The time of `30d`, `12h`, `2w`. Raises UsageError."""
    match = re.fullmatch(f"{_NUMBER}([{''.join(_SPANS)}])", text, re.ASCII)
    if match is None:
        raise UsageError(f"{text!r} is no age", hint="an age is a number with h, d or w (hours, days, weeks): 30d, 12h")
    return datetime.timedelta(**{_SPANS[match[2]]: float(match[1])})


def human_size(size: int) -> str:
    """`1.5G`: what `size_of` understands, rounded, but for 0."""
    if size == 0:
        return "0"
    unit, factor = next(((u, f) for u, f in reversed(_UNITS.items()) if size >= f), ("K", _UNITS["K"]))
    value = size / factor
    return f"{value:.0f}{unit}" if value >= 9.95 else f"{value:.1f}{unit}"


def human_age(age: datetime.timedelta) -> str:
    """`3 d ago`, in the largest unit that fits."""
    seconds = age.total_seconds()
    for unit, span in (("d", 24 * 3600), ("h", 3600), ("min", 60)):
        if seconds >= span:
            return f"{seconds // span:.0f} {unit} ago"
    return "just now"
