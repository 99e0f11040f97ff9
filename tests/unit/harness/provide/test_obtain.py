"""Items come from the best provider that has them, and no fallback is silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.machine.store import Provenance, Store
from harness.provide.obtain import ask_again, availability, obtain
from harness.provide.provider import CachedProvider, Obtained, Provider, Say, silently
from matrix.errors import HarnessFault, MatrixError, Unobtainable


class Shelf:
    """A provider that makes a small entry in the store, or fails with `problem`."""

    def __init__(self, name: str, problem: MatrixError | None = None) -> None:
        self.name = name
        self.problem = problem
        self.asked = 0

    def obstacle(self, store: Store) -> str | None:
        return self.problem.message if self.problem else None

    def cached(self, store: Store) -> Obtained | None:
        if (manifest := store.manifest(self.name)) is None:
            return None
        return Obtained(path=store.entry(self.name), provider=self.name, detail=manifest.detail, digest="d")

    def obtain(self, store: Store, say: Say) -> Obtained:
        self.asked += 1
        if self.problem:
            raise self.problem
        path, _ = store.obtain(
            self.name, lambda directory: Provenance(provider=self.name, detail="version 1", digest="d")
        )
        return Obtained(path=path, provider=self.name, detail="version 1", digest="d")


# --- obtaining


def test_only_the_first_provider_that_has_it_is_asked(store: Store) -> None:
    first, second = Shelf("first"), Shelf("second")
    found = obtain("sdk", [first, second], store, silently)
    assert (found.provider, found.notes) == ("first", ())
    assert second.asked == 0


def test_a_fallback_says_why(store: Store) -> None:
    said: list[str] = []
    first, second = Shelf("first", Unobtainable("no such release")), Shelf("second")
    found = obtain("sdk", [first, second], store, said.append)
    assert found.provider == "second"
    assert found.notes == ("first: no such release",)
    assert said == ["sdk: not from the first: no such release"]


def test_a_fallback_from_the_cache_still_says_why(store: Store) -> None:
    providers = [Shelf("first", Unobtainable("no such release")), Shelf("second")]
    fresh = obtain("sdk", providers, store, silently)
    assert obtain("sdk", providers, store, silently) == fresh
    assert providers[0].asked == providers[1].asked == 1


def test_a_fallback_of_one_item_is_not_that_of_another(store: Store) -> None:
    obtain("sdk/16", [Shelf("first", Unobtainable("no such release")), Shelf("second")], store, silently)
    assert obtain("sdk/24", [Shelf("first", Unobtainable("gone")), Shelf("second")], store, silently).notes == ()


def test_what_the_best_provider_has_later_is_not_a_fallback(store: Store) -> None:
    failing, second = Shelf("first", Unobtainable("no such release")), Shelf("second")
    obtain("sdk", [failing, second], store, silently)
    found = obtain("sdk", [Shelf("first"), second], store, silently, refresh=True)
    assert (found.provider, found.notes) == ("first", ())
    assert obtain("sdk", [Shelf("first"), second], store, silently).notes == ()


def test_the_cache_comes_first(store: Store) -> None:
    obtain("sdk", [Shelf("second")], store, silently)
    first = Shelf("first")
    assert obtain("sdk", [first, Shelf("second")], store, silently).provider == "second"
    assert first.asked == 0


def test_refreshing_asks_the_better_provider_again(store: Store) -> None:
    obtain("sdk", [Shelf("second")], store, silently)
    assert obtain("sdk", [Shelf("first"), Shelf("second")], store, silently, refresh=True).provider == "first"


def test_a_machine_fault_leads_to_the_next_provider_as_well(store: Store) -> None:
    found = obtain("sdk", [Shelf("first", HarnessFault("disk full")), Shelf("second")], store, silently)
    assert found.notes == ("first: disk full",)


def test_the_error_has_the_reason_of_every_provider(store: Store) -> None:
    providers = [Shelf("first", Unobtainable("no such release")), Shelf("second", Unobtainable("no index"))]
    with pytest.raises(Unobtainable) as caught:
        obtain("sdk", providers, store, silently)
    assert "sdk is not available here" in str(caught.value)
    assert "  - first: no such release\n  - second: no index" in str(caught.value)
    assert caught.value.exit_status == 3


def test_an_item_without_providers_says_so(store: Store) -> None:
    with pytest.raises(Unobtainable, match="matrix/data names no way to obtain it"):
        obtain("sdk", [], store, silently)


# --- availability


def test_availability_obtains_nothing(store: Store) -> None:
    shelf = Shelf("first")
    state = availability("item", [Shelf("none", Unobtainable("no such release")), shelf], store)
    assert (state.provider, state.reasons) == ("first", ("none: no such release",))
    assert shelf.asked == 0


def test_a_cached_item_is_available_as_such(store: Store) -> None:
    obtain("sdk", [Shelf("first")], store, silently)
    state = availability("item", [Shelf("none", Unobtainable("gone")), Shelf("first")], store)
    assert (state.provider, state.detail) == ("first", "cached: version 1")


def test_an_unavailable_item_has_the_reason_of_every_provider(store: Store) -> None:
    state = availability("item", [Shelf("first", Unobtainable("one")), Shelf("second", Unobtainable("two"))], store)
    assert (state.provider, state.reasons) == (None, ("first: one", "second: two"))


# --- what was not available within the hour


class Fetched(CachedProvider):
    """A provider that fetches, or fails with `problem`."""

    name = "fetched"

    def __init__(self, problem: MatrixError | None = None, entry: str = "entry-1") -> None:
        self.problem = problem
        self.asked = 0
        self._entry = entry

    def obstacle(self, store: Store) -> str | None:
        return None

    def entry(self, store: Store) -> str:
        return self._entry

    def fill(self, directory: Path, store: Store, say: Say) -> Provenance:
        self.asked += 1
        if self.problem:
            raise self.problem
        return Provenance(provider=self.name, detail="version 1", digest="d")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the time is, in seconds."""
    now = [1_800_000_000.0]
    monkeypatch.setattr("harness.provide.obtain.time.time", lambda: now[0])
    return now


GONE = Unobtainable("no such release", hint="wait")


def test_what_was_not_available_is_not_asked_for_again_within_the_hour(store: Store, clock: list[float]) -> None:
    provider = Fetched(GONE)
    for _ in range(2):
        with pytest.raises(Unobtainable, match="no such release") as caught:
            obtain("sdk", [provider], store, silently)
    assert provider.asked == 1
    assert "not asked again until " in caught.value.message
    assert "--refresh asks" in caught.value.message
    clock[0] += 3601
    with pytest.raises(Unobtainable):
        obtain("sdk", [provider], store, silently)
    assert provider.asked == 2


def test_a_fallback_says_when_a_better_provider_is_asked_again(store: Store, clock: list[float]) -> None:
    providers: list[Provider] = [Fetched(GONE), Shelf("second", Unobtainable("broken"))]
    with pytest.raises(Unobtainable):
        obtain("sdk", providers, store, silently)
    said: list[str] = []
    found = obtain("sdk", [providers[0], Shelf("second")], store, said.append)
    assert "not asked again until" in found.notes[0]
    assert "not asked again until" in said[0]
    clock[0] += 7200
    again = obtain("sdk", [providers[0], Shelf("second")], store, silently)
    assert "not asked" not in again.notes[0]


def test_refresh_asks(store: Store, clock: list[float]) -> None:
    with pytest.raises(Unobtainable):
        obtain("sdk", [Fetched(GONE)], store, silently)
    found = obtain("sdk", [Fetched()], store, silently, refresh=True)
    assert found.notes == ()


def test_all_refusals_can_be_forgotten(store: Store, clock: list[float]) -> None:
    with pytest.raises(Unobtainable):
        obtain("sdk", [Fetched(GONE)], store, silently)
    ask_again(store)
    assert obtain("sdk", [Fetched()], store, silently).provider == "fetched"


def test_another_pin_of_the_same_item_is_asked_for(store: Store, clock: list[float]) -> None:
    with pytest.raises(Unobtainable):
        obtain("sdk", [Fetched(GONE)], store, silently)
    assert obtain("sdk", [Fetched(entry="entry-2")], store, silently).provider == "fetched"


def test_a_fault_of_the_machine_is_not_remembered(store: Store, clock: list[float]) -> None:
    with pytest.raises(Unobtainable):
        obtain("sdk", [Fetched(HarnessFault("the disk is full"))], store, silently)
    assert obtain("sdk", [Fetched()], store, silently).provider == "fetched"


@pytest.mark.parametrize("content", ["", "{", '{"reason": 1}', '{"reason": "r", "message": "m", "until": 9e99}'])
def test_a_damaged_or_absurd_memory_is_ignored(store: Store, clock: list[float], content: str) -> None:
    with pytest.raises(Unobtainable):
        obtain("sdk", [Fetched(GONE)], store, silently)
    (memory,) = (store.root / "state/refusals").iterdir()
    memory.write_text(content)
    assert obtain("sdk", [Fetched()], store, silently).provider == "fetched"
