"""Obtain an item from the best of its providers that has it.

When a better provider was passed over, its reason is kept with the result, also for later runs that find the result
in the cache. So no fallback is silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.machine.files import write_atomically
from harness.machine.hashing import digest_of
from harness.machine.store import Store
from harness.provide.provider import Obtained, Provider, Say
from matrix import json_records
from matrix.errors import MatrixError, Unobtainable


def obtain(item: str, providers: Sequence[Provider], store: Store, say: Say, *, refresh: bool = False) -> Obtained:
    """Obtain an item: from the cache if any provider has it there, else from the first provider that succeeds.

    `item` is the item's id and `providers` are ordered best first. `refresh` asks better providers again when the
    cache has the result of a lesser one. The result is in use, so safe from pruning, while `store` lives.

    Raises Unobtainable with the reason of each provider.
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
    reasons = "\n".join(f"  - {note}" for note in notes) or "  - matrix/data names no way to obtain it"
    raise Unobtainable(
        f"{item} is not available here:\n{reasons}", hint="`python -m harness cells` shows what is available"
    )


class Fallback(msgspec.Struct, frozen=True, kw_only=True):
    """A lesser provider that was used, and why better ones were passed over."""

    provider: str
    notes: tuple[str, ...]


def _memory(item: str, store: Store) -> Path:
    """The file that keeps an item's last Fallback."""
    return store.root / "state" / "fallbacks" / f"{digest_of(item)}.json"


def _remembered(memory: Path, provider: Provider) -> tuple[str, ...]:
    """Why better providers were passed over when `provider` was used last."""
    try:
        fallback = json_records.decode(memory.read_bytes(), Fallback)
    except (OSError, msgspec.DecodeError):
        return ()
    return fallback.notes if fallback.provider == provider.name else ()


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an item is available, from which provider, and why not from better ones."""

    provider: str | None
    """None when no provider has it"""
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
        reason = provider.obstacle(store)
        if reason is None:
            return Availability(provider=provider.name, detail="can be fetched", reasons=tuple(reasons))
        reasons.append(f"{provider.name}: {reason}")
    return Availability(provider=None, detail="", reasons=tuple(reasons))
