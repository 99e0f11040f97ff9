"""The content of a directory that is used where it lies, as a digest."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from harness.machine import sealed
from harness.machine.files import write_atomically
from harness.machine.hashing import digest_of
from harness.machine.store import Store
from harness.provide.snapshot import Seen, decoded, look


def digest_of_directory(directory: Path, store: Store, *, without: Collection[str] = ()) -> str:
    """The digest of all files below a directory, but not of those in directories with a name in `without`.

    A file is read again only when its size or times have changed; what is known is kept in the store. Links count by
    their targets. Raises Unobtainable when a file cannot be read.
    """
    state = store.root / "state" / "directories" / f"{digest_of(str(directory))}.json"
    before = decoded(state, dict[str, Seen]) or {}
    seen = look(directory, sorted(_names(directory, without)), before)
    if seen != before:
        write_atomically(state, sealed.encode(seen))
    return digest_of(*(f"{name}\0{one.sha256}\0{one.mode}" for name, one in seen.items()))


def _names(directory: Path, without: Collection[str]) -> Iterator[str]:
    for place, directories, files in os.walk(directory):
        directories[:] = [name for name in directories if name not in without]
        inside = os.path.relpath(place, directory)
        links = [name for name in directories if os.path.islink(f"{place}/{name}")]
        for name in (*files, *links):
            yield name if inside == "." else f"{inside}/{name}"
