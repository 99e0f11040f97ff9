"""What a cache holds, and what pruning removes."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.machine import upkeep
from harness.machine.store import Store
from harness.machine.upkeep import (
    CacheItem,
    CacheLimits,
    ItemKind,
    disk_usage,
    prune,
    summed,
    survey,
)
from tests.unit.stored import put

NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
LONG_AGO = 1_000_000_000


# --- listing


def test_every_item_is_listed_with_its_kind_provider_and_use(store: Store, other: Store, sdk: Path) -> None:
    put(store, "builds/wasi_build/python.wasm")
    put(store, "downloads/0123-archive")
    put(store, "downloads/.part-abc")
    put(store, "entries/.sdk-abc/clang")
    put(store, "scratch/guest-4194305-abc/file")
    put(store, "state/compiled/a.cwasm")
    put(store, "state/compiled/a.part")
    put(store, "state/results/a.jsonl")
    put(store, "state/durations/wasi.json")
    store.use(sdk)
    found = {str(item.path.relative_to(store.root)): item for item in survey(other)}
    assert {path: (item.kind.value, item.provider, item.in_use) for path, item in found.items()} == {
        "entries/sdk": ("entry", "a provider", True),
        "builds/wasi_build": ("build", "", False),
        "downloads/0123-archive": ("download", "", False),
        "downloads/.part-abc": ("unfinished", "", True),  # it is young
        "entries/.sdk-abc": ("unfinished", "", False),
        "scratch/guest-4194305-abc": ("unfinished", "", False),
        "state/compiled/a.cwasm": ("compiled", "", False),
        "state/compiled/a.part": ("unfinished", "", True),
        "state/results/a.jsonl": ("results", "", False),
        "state/durations": ("state", "", False),
        "locks": ("state", "", False),
    }


@pytest.mark.parametrize("manifest", [None, "", "{", '{"provider": 1}'])
def test_an_entry_with_a_damaged_manifest_is_listed(store: Store, sdk: Path, manifest: str) -> None:
    (sdk / ".manifest.json").unlink() if manifest is None else (sdk / ".manifest.json").write_text(manifest)
    (entry,) = (item for item in survey(store) if item.kind is ItemKind.ENTRY)
    assert (entry.name, entry.provider) == ("sdk", "")


def test_a_new_cache_is_almost_empty(store: Store) -> None:
    assert [item.name for item in survey(store)] == ["locks"]


def test_a_file_with_several_names_counts_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/one").write_bytes(b"x" * 100_000)
    once = disk_usage(tmp_path)
    os.link(tmp_path / "a/one", tmp_path / "a/two")
    assert disk_usage(tmp_path) == once >= 100_000
    (tmp_path / "sparse").touch()
    os.truncate(tmp_path / "sparse", 1 << 30)
    assert disk_usage(tmp_path) < 1 << 20


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    (tmp_path / "a").mkdir()
    (tmp_path / "a/link").symlink_to(tmp_path / "large")
    (tmp_path / "a/up").symlink_to(tmp_path)
    assert disk_usage(tmp_path / "a") < 50_000
    assert disk_usage(tmp_path / "a/up") < 50_000


def test_a_missing_file_takes_no_space(tmp_path: Path) -> None:
    assert disk_usage(tmp_path / "gone") == 0


def item(
    name: str = "a", days: float = 0, size: int = 1, kind: ItemKind = ItemKind.ENTRY, *, in_use: bool = False
) -> CacheItem:
    return CacheItem(kind=kind, name=name, path=Path("cache") / name, size=size, used=NOW - days * DAY, in_use=in_use)


def test_small_items_are_summed_and_the_largest_is_first() -> None:
    lines = summed(
        [
            item("a", size=5),
            item("b", size=4, days=9, kind=ItemKind.COMPILED),
            item("c", size=4, days=3, kind=ItemKind.COMPILED, in_use=True),
            item("d", size=7, kind=ItemKind.BUILD),
            item("e", size=1, kind=ItemKind.STATE),
        ]
    )
    assert [(line.kind, line.name, line.count, line.size) for line in lines] == [
        (ItemKind.COMPILED, "", 2, 8),
        (ItemKind.BUILD, "d", 1, 7),
        (ItemKind.ENTRY, "a", 1, 5),
        (ItemKind.STATE, "", 1, 1),
    ]
    assert lines[0].used == NOW - 3 * DAY
    assert lines[0].in_use


# --- pruning


def pruned(items: list[CacheItem], **limits: object) -> str:
    """The names of the removed items, in order."""
    return "".join(item.name for item in prune(items, replace(CacheLimits(), **limits), NOW, lambda item: True))


ITEMS = [item("a", 1, 10), item("b", 40, 10), item("c", 20, 10), item("d", 31, 10)]


def test_items_beyond_the_age_are_removed() -> None:
    assert pruned(ITEMS, older_than=30 * DAY) == "bd"
    assert pruned(ITEMS, older_than=31 * DAY) == "b"
    assert pruned(ITEMS, older_than=50 * DAY) == ""


def test_the_oldest_are_removed_until_the_rest_is_small_enough() -> None:
    assert pruned(ITEMS, max_size=40) == ""
    assert pruned(ITEMS, max_size=39) == "b"
    assert pruned(ITEMS, max_size=20) == "bd"
    assert pruned(ITEMS, max_size=0) == "bdca"


def test_both_limits_hold() -> None:
    assert pruned(ITEMS, max_size=10, older_than=30 * DAY) == "bdc"
    assert pruned(ITEMS, max_size=30, older_than=30 * DAY) == "bd"


def test_items_in_use_and_the_state_are_kept() -> None:
    items = [item("a", 90, in_use=True), item("b", 80, kind=ItemKind.STATE), item("c", 70)]
    assert pruned(items, max_size=0, older_than=DAY) == "c"


def test_remains_of_killed_runs_are_always_removed_and_first() -> None:
    items = [
        item("a", 90, 10),
        item("b", 0, 10, ItemKind.UNFINISHED),
        item("c", 0, 10, ItemKind.UNFINISHED, in_use=True),
    ]
    assert pruned(items, max_size=100) == "b"
    assert pruned(items, max_size=20) == "b"
    assert pruned(items, max_size=19) == "ba"


def test_an_item_that_cannot_be_removed_does_not_count() -> None:
    gone = prune(ITEMS, CacheLimits(max_size=20), NOW, lambda item: item.name != "b")
    assert [item.name for item in gone] == ["d", "c"]


@given(
    st.lists(
        st.builds(
            item,
            st.text("ab", max_size=2),
            st.floats(0, 99),
            st.integers(0, 50),
            st.sampled_from(ItemKind),
            in_use=st.booleans(),
        )
    ),
    st.none() | st.integers(0, 300),
    st.none() | st.integers(0, 60).map(lambda days: days * DAY),
)
def test_limits_hold_or_nothing_removable_is_left(
    items: list[CacheItem], max_size: int | None, older_than: datetime.timedelta | None
) -> None:
    gone = prune(items, CacheLimits(max_size=max_size, older_than=older_than), NOW, lambda item: True)
    assert not any(item.in_use or item.kind is ItemKind.STATE for item in gone)
    free = [item for item in items if not (item.in_use or item.kind is ItemKind.STATE)]
    kept = [item for item in free if not any(item is other for other in gone)]
    if max_size is not None and upkeep.total(items) - upkeep.total(gone) > max_size:
        assert not kept
    assert older_than is None or all(NOW - item.used <= older_than for item in kept)
    dated = [item.used for item in gone if item.kind is not ItemKind.UNFINISHED]
    assert dated == sorted(dated)
    assert all(item.used >= max(dated) for item in kept if dated)


def test_an_item_that_was_used_since_the_survey_is_kept(store: Store, sdk: Path) -> None:
    os.utime(store.root / "locks/entries-sdk.use", (LONG_AGO, LONG_AGO))
    (entry,) = (item for item in survey(store) if item.kind is ItemKind.ENTRY)
    Store(store.root).use(sdk)
    assert not upkeep.remove(store, entry)
    assert sdk.exists()


def test_an_unfinished_item_that_was_changed_since_the_survey_is_kept(store: Store) -> None:
    part = put(store, "state/compiled/a.part")
    os.utime(part, (LONG_AGO, LONG_AGO))
    (unfinished,) = (item for item in survey(store) if item.kind is ItemKind.UNFINISHED)
    assert not unfinished.in_use
    os.utime(part)
    assert not upkeep.remove(store, unfinished)
    os.utime(part, (LONG_AGO, LONG_AGO))
    assert upkeep.remove(store, unfinished)
    assert not part.exists()
