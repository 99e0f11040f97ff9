"""Compiled code of WebAssembly modules, kept in the store with its digest.

A runtime believes what it loads: code that was cut short or changed ends every guest, or runs. So its digest is checked
before a run (20 ms for 16 MB), and code that does not fit is made again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from harness.machine.files import remove_path, says, write_atomically
from harness.machine.hashing import digest_of, file_sha256
from harness.machine.store import Store


def compiled(
    store: Store,
    name: str,
    make: Callable[[Path], None],
    *,
    usable: Callable[[Path], bool] = Path.exists,
) -> Path:
    """The file or directory `name` in the store. `make` makes it at a given path, unless a `usable` one is there.

    One that is not as it was made is made again. When `make` raises an exception, nothing is left.
    """
    target = store.root / "state" / "compiled" / name
    seal = store.root / "state" / "compiled-digests" / name
    store.use(target)
    with store.lock(f"compile-{target.stem}"):
        if not (_is_sealed(target, seal) and usable(target)):
            seal.unlink(missing_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_suffix(".part")
            remove_path(partial)
            try:
                make(partial)
            except BaseException:
                remove_path(partial)
                raise
            if target.is_dir():  # a file is replaced at once
                remove_path(target)
            os.replace(partial, target)
            write_atomically(seal, _digest(target).encode())
    return target


def _is_sealed(target: Path, seal: Path) -> bool:
    """Whether a file or directory has the digest that was written down when it was made."""
    try:
        return says(seal, _digest(target))
    except OSError:
        return False


def _digest(path: Path) -> str:
    """The digest of a file, or of all files in a directory with their names. Raises OSError."""
    if not path.is_dir():
        return file_sha256(path)
    files = sorted(one for one in path.rglob("*") if one.is_file())
    return digest_of(*(f"{one.relative_to(path)} {file_sha256(one)}" for one in files))
