"""Obtain an item from the best of its providers that has it.

When a better provider was passed over, its reason is kept with the result, also for later runs that find the result
in the cache. So no fallback is silent.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.machine.files import remove_tree, write_atomically
from harness.machine.hashing import digest_of
from harness.machine.store import Store
from harness.provide.provider import CachedProvider, Obtained, Provider, Say
from matrix import json_records
from matrix.errors import MatrixError, Unobtainable

_ASKED = 3600.0
"""seconds for which a provider is not asked again for what it did not have"""


def obtain(item: str, providers: Sequence[Provider], store: Store, say: Say, *, refresh: bool = False) -> Obtained:
    """Obtain an item: from the cache if any provider has it there, else from the first provider that succeeds.

    `item` is the item's id and `providers` are ordered best first. What a provider that fetches did not have, it is not
    asked for again within the hour. `refresh` asks it anyway, also when the cache has the result of a lesser one. The
    result is in use, so safe from pruning, while `store` lives.

    Raises Unobtainable with the reason of each provider.
    """
    memory = _memory(item, store)
    if not refresh:
        for provider in providers:
            if (found := provider.cached(store)) is not None and store.use(found.path):
                return msgspec.structs.replace(found, notes=(*_remembered(memory, provider), *found.notes))
    notes: list[str] = []
    reasons: list[str] = []
    for provider in providers:
        answer = _asked(item, provider, store, say, refresh=refresh)
        if isinstance(answer, Refusal):
            reasons.append(f"{provider.name}: {answer.reason}")
            notes.append(reasons[-1] + answer.when)
            say(f"{item}: not from the {provider.name}: {answer.message}{answer.when}")
            continue
        if reasons:
            write_atomically(memory, json_records.encode(Fallback(provider=provider.name, notes=tuple(reasons))))
        return msgspec.structs.replace(answer, notes=(*notes, *answer.notes))
    text = "\n".join(f"  - {note}" for note in notes) or "  - matrix/data names no way to obtain it"
    raise Unobtainable(
        f"{item} is not available here:\n{text}", hint="`python -m harness cells` shows what is available"
    )


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a provider did not have an item."""

    reason: str
    message: str
    """the reason without a hint"""
    until: float = 0.0
    """when the provider is asked again, in seconds since the epoch; 0 when it was asked just now"""

    @property
    def when(self) -> str:
        """When it is asked again, for people; "" when it was asked just now."""
        if not self.until:
            return ""
        return f" (not asked again until {time.strftime('%H:%M', time.localtime(self.until))}; --refresh asks)"


def _asked(item: str, provider: Provider, store: Store, say: Say, *, refresh: bool) -> Obtained | Refusal:
    """What a provider has, or why it has nothing: what it said within the hour, unless `refresh` asks again."""
    if not isinstance(provider, CachedProvider):
        try:
            return provider.obtain(store, say)
        except MatrixError as exc:
            return Refusal(reason=str(exc), message=exc.message)
    memory = _refusals(store) / f"{digest_of(item, provider.name, provider.entry(store))}.json"
    if not refresh and (known := _known(memory)) is not None:
        return known
    try:
        found = provider.obtain(store, say)
    except MatrixError as exc:
        refusal = Refusal(reason=str(exc), message=exc.message)
        if isinstance(exc, Unobtainable):  # a full disk may have room again at once
            later = msgspec.structs.replace(refusal, until=time.time() + _ASKED)
            write_atomically(memory, json_records.encode(later))
        return refusal
    memory.unlink(missing_ok=True)
    return found


def ask_again(store: Store) -> None:
    """Forget what was not available within the last hour."""
    remove_tree(_refusals(store))


def _refusals(store: Store) -> Path:
    return store.root / "state" / "refusals"


def _known(memory: Path) -> Refusal | None:
    """What a provider said within the hour."""
    try:
        refusal = json_records.decode(memory.read_bytes(), Refusal)
    except (OSError, msgspec.DecodeError):
        return None
    return refusal if 0 < refusal.until - time.time() <= _ASKED else None


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
