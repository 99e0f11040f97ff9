"""Things in a cache, for tests."""

from __future__ import annotations

from pathlib import Path

from harness.machine.store import Store


def make(directory: Path) -> tuple[str, str, str, tuple[str, ...]]:
    """Fills an entry."""
    (directory / "clang").write_text("a compiler")
    return "a digest", "a provider", "a detail", ()


def put(store: Store, path: str, data: str = "something") -> Path:
    """A file in the store, by its path below the root."""
    (store.root / path).parent.mkdir(parents=True, exist_ok=True)
    (store.root / path).write_text(data)
    return store.root / path
