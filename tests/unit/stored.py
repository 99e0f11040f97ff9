"""Put things into a cache, for tests."""

from __future__ import annotations

from pathlib import Path

from harness.machine.store import Provenance, Store


def fill(directory: Path) -> Provenance:
    """Fill an entry."""
    (directory / "clang").write_text("a compiler")
    return Provenance(provider="a provider", detail="a detail", digest="a digest")


def put(store: Store, path: str, data: str = "something") -> Path:
    """A file in the store, by its path below the root."""
    (store.root / path).parent.mkdir(parents=True, exist_ok=True)
    (store.root / path).write_text(data)
    return store.root / path
