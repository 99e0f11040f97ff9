"""Modules compiled ahead of time for one runtime, kept in the store."""

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
    """The file of that name, which `make` writes to the path that it is given unless there is one that is usable.

    Raises what `make` raises; nothing is left then.
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
