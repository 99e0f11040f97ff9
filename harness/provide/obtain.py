"""How SDKs, CPython sources and runtimes are obtained: one module per way, behind one interface.

`obtain` walks an item's providers, best first. What a provider that was passed over said is kept
with the result, cached or not, so that no fallback is silent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from harness.machine.files import write_atomically
from harness.machine.hashing import digest_of
from harness.machine.store import Store
from matrix import json_records
from matrix.errors import MatrixError, Unobtainable


class Obtained(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was provisioned."""

    path: Path
    provider: str
    """how it was had: `directory`, `release archive`, `distribution archive`, `PyPI`, `PATH`"""
    detail: str
    """the versions that were really used"""
    digest: str
    """identifies the content for what is built from it"""
    notes: tuple[str, ...] = ()
    """why better providers were passed over"""


class Provider(Protocol):
    """One way to obtain one item."""

    name: str

    def available(self, store: Store) -> str | None:
        """None when it can be had this way, else why not. Quick; changes nothing but caches."""

    def cached(self, store: Store) -> Obtained | None:
        """What an earlier `obtain` left, intact, else None."""

    def obtain(self, store: Store, say: Callable[[str], None]) -> Obtained:
        """Raises Unobtainable, or what the machine raises, when it cannot be had this way."""


def obtain(
    item: str, providers: Sequence[Provider], store: Store, say: Callable[[str], None], *, refresh: bool = False
) -> Obtained:
    """The item from the first provider that has it, from the cache when any has it there.

    `refresh` asks better providers again when a lesser one's result is in the cache. What is found is in use
    as long as the store lives.
    Raises Unobtainable with what each provider said.
    """
    memory = _memory(item, store)
    if not refresh:
        for provider in providers:
            if (found := provider.cached(store)) is not None and store.use(found.path):
                return msgspec.structs.replace(found, notes=(*_remembered(memory, provider), *found.notes))
    notes: list[str] = []
    for provider in providers:
        try:
            found = provider.obtain(store, say)
        except MatrixError as exc:
            notes.append(f"{provider.name}: {exc}")
            say(f"{item}: not from the {provider.name}: {exc.message}")
            continue
        if notes:
            write_atomically(memory, json_records.encode(Fallback(provider=provider.name, notes=tuple(notes))))
        return msgspec.structs.replace(found, notes=(*notes, *found.notes))
    reasons = "\n".join(f"  - {note}" for note in notes) or "  - it has no provider in matrix/data"
    raise Unobtainable(f"{item} cannot be had here:\n{reasons}", hint="`python -m harness cells` shows what can be had")


class Fallback(msgspec.Struct, frozen=True, kw_only=True):
    """A provider that was fallen back to, and why better ones were passed over."""

    provider: str
    notes: tuple[str, ...]


def _memory(item: str, store: Store) -> Path:
    """The file that remembers why an item's better providers were passed over."""
    return store.root / "state" / "fallbacks" / f"{digest_of(item)}.json"


def _remembered(memory: Path, provider: Provider) -> tuple[str, ...]:
    """Why better providers were passed over when `provider` was fallen back to."""
    try:
        fallback = json_records.decode(memory.read_bytes(), Fallback)
    except (OSError, msgspec.DecodeError):
        return ()
    return fallback.notes if fallback.provider == provider.name else ()


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an item can be had, from which provider, and why not from the better ones."""

    provider: str | None
    detail: str
    reasons: tuple[str, ...]


def availability(item: str, providers: Sequence[Provider], store: Store) -> Availability:
    """What `obtain` would find, without obtaining it."""
    reasons: list[str] = []
    for provider in providers:
        if (found := provider.cached(store)) is not None:
            why = (*_remembered(_memory(item, store), provider), *found.notes)
            return Availability(provider=provider.name, detail=f"cached: {found.detail}", reasons=why)
    for provider in providers:
        reason = provider.available(store)
        if reason is None:
            return Availability(provider=provider.name, detail="can be fetched", reasons=tuple(reasons))
        reasons.append(f"{provider.name}: {reason}")
    return Availability(provider=None, detail="", reasons=tuple(reasons))
