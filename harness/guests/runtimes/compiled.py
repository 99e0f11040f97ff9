"""Compiled code of WebAssembly modules, kept in the store with its digest.

A runtime believes what it loads: code that was cut short or changed ends every guest, or runs. So its digest is checked
before a run (20 ms for 16 MB), and code that does not fit is made again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from harness.machine.files import says, write_atomically
from harness.machine.hashing import file_sha256
from harness.machine.store import Store


def compiled(
    store: Store,
    name: str,
    make: Callable[[Path], None],
    *,
    usable: Callable[[Path], bool] = Path.exists,
) -> Path:
    """The file `name` in the store. `make` writes it to the path that it gets, unless a `usable` file is there.

    A file that is not as it was made is made again. When `make` raises an exception, no file is left.
    """
    target = store.root / "state" / "compiled" / name
    seal = store.root / "state" / "compiled-digests" / name
    store.use(target)
    with store.lock(f"compile-{target.stem}"):
        if not (_is_sealed(target, seal) and usable(target)):
            seal.unlink(missing_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_suffix(".part")
            try:
                make(partial)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
            os.replace(partial, target)
            write_atomically(seal, file_sha256(target).encode())
    return target


def _is_sealed(target: Path, seal: Path) -> bool:
    """Whether a file has the digest that was written down when it was made."""
    try:
        return says(seal, file_sha256(target))
    except OSError:
        return False
