"""Compiled code of WebAssembly modules, kept in the store."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from harness.machine.store import Store


def compiled(
    store: Store,
    name: str,
    make: Callable[[Path], None],
    *,
    usable: Callable[[Path], bool] = Path.exists,
) -> Path:
    """The file `name` in the store. `make` writes it to the path that it gets, unless a `usable` file is there.

    When `make` raises an exception, no file is left.
    """
    target = store.root / "state" / "compiled" / name
    store.use(target)
    with store.lock(f"compile-{target.stem}"):
        if not usable(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_suffix(".part")
            try:
                make(partial)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
            os.replace(partial, target)
    return target
