from __future__ import annotations

import datetime
import io
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.console import Console

from harness import store as storing
from harness import upkeep, uses
from harness.build import Silent
from harness.commands.cache import cache
from harness.plugin import Cell, SuiteFile
from harness.prepare import Options, Preparer
from harness.providers import Obtained, obtain, release
from harness.providers.release import ReleaseArchive
from harness.reuse import Results
from harness.runtimes import GuestRun
from harness.runtimes.wasmtime_cli import WasmtimeCli
from harness.runtimes.wasmtime_embedded import WasmtimeEmbedded
from harness.store import Store
from harness.upkeep import Item, Kind, Limits, age_of, disk_usage, human_age, human_size, prune, size_of, summed, survey
from matrix.errors import HarnessFault, UsageError
from matrix.model import Archive
from tests.unit import made
from tests.unit.test_reuse import settings

NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
LONG_AGO = 1_000_000_000


def make(directory: Path) -> tuple[str, str, str, tuple[str, ...]]:
    """Fills an entry."""
    (directory / "clang").write_text("a compiler")
    return "a digest", "a provider", "a detail", ()


def put(store: Store, path: str, data: str = "something") -> Path:
    """A file in the store, by its path below the root."""
    (store.root / path).parent.mkdir(parents=True, exist_ok=True)
    (store.root / path).write_text(data)
    return store.root / path


def marks(store: Store) -> list[str]:
    return sorted(path.name for path in (store.root / "locks").glob("*.use"))


@pytest.fixture
def other(store: Store) -> Store:
    """The same cache, as another run has it."""
    return Store(store.root)


@pytest.fixture
def sdk(store: Store) -> Path:
    """An entry that a run made and used which is over."""
    path, _ = Store(store.root).obtain("sdk", make)
    return path


# --- use


def test_what_is_made_is_in_use_as_long_as_the_run_lives(store: Store) -> None:
    run = Store(store.root)
    path, _ = run.obtain("sdk", make)
    assert store.in_use(path)
    assert not store.remove(path)
    assert store.manifest("sdk") is not None
    del run
    assert not store.in_use(path)
    assert store.remove(path)
    assert not path.exists()


def test_several_runs_use_an_item_at_once(store: Store, sdk: Path) -> None:
    runs = [Store(store.root) for _ in range(3)]
    assert all(run.use(sdk) for run in runs)
    while runs:
        assert not store.remove(sdk)
        runs.pop()
    assert store.remove(sdk)


def test_a_run_does_not_remove_what_it_uses_itself(store: Store, sdk: Path) -> None:
    store.use(sdk)
    assert store.in_use(sdk)
    assert not store.remove(sdk)


def test_what_lies_in_an_item_stands_for_the_item(store: Store, other: Store, sdk: Path) -> None:
    other.use(sdk / "upstream/emscripten")
    assert store.in_use(sdk)
    assert marks(store) == ["entries-sdk.use"]


@pytest.mark.parametrize("path", ["builds/a", "downloads/a", "state/compiled/a.cwasm", "state/results/a.jsonl"])
def test_items_of_every_place_can_be_used(store: Store, other: Store, path: str) -> None:
    item = put(store, path)
    assert other.use(item)
    assert not store.remove(item)
    assert item.exists()
    del other


def test_items_of_one_name_in_several_places_are_apart(store: Store, other: Store) -> None:
    entry, build = put(store, "entries/a/file").parent, put(store, "builds/a/file").parent
    other.use(entry)
    assert store.remove(build)
    assert not store.remove(entry)


def test_what_is_in_no_item_is_nobodys_to_remove(store: Store, tmp_path: Path) -> None:
    assert store.use(tmp_path)
    assert store.use(put(store, "state/steps.json"))
    assert not store.use(tmp_path / "gone")
    assert marks(store) == []
    with pytest.raises(ValueError, match="is in none of"):
        store.remove(tmp_path)
    assert tmp_path.exists()


def test_what_is_not_there_yet_can_be_used_so_that_it_stays(store: Store, other: Store) -> None:
    build = store.root / "builds/build"
    assert not other.use(build)
    build.mkdir()
    assert not store.remove(build)


def test_the_last_use_is_dated_when_it_begins_and_when_it_ends(store: Store, sdk: Path) -> None:
    mark = store.root / "locks/entries-sdk.use"
    run = Store(store.root)
    os.utime(mark, (LONG_AGO, LONG_AGO))
    assert store.last_use(sdk) == LONG_AGO
    run.use(sdk)
    assert time.time() - store.last_use(sdk) < 60
    os.utime(mark, (LONG_AGO, LONG_AGO))
    del run
    assert time.time() - store.last_use(sdk) < 60


def test_looking_is_no_use(store: Store, sdk: Path) -> None:
    os.utime(store.root / "locks/entries-sdk.use", (LONG_AGO, LONG_AGO))
    before = sdk.stat().st_mtime
    store.manifest("sdk")
    store.in_use(sdk)
    survey(store)
    assert store.last_use(sdk) == LONG_AGO
    assert sdk.stat().st_mtime == before


def test_what_no_run_has_used_is_as_old_as_its_last_change(store: Store) -> None:
    build = put(store, "builds/build/python").parent
    os.utime(build, (LONG_AGO, LONG_AGO))
    assert store.last_use(build) == LONG_AGO
    assert store.last_use(store.root / "builds/gone") == 0
    assert marks(store) == []


# --- removal


def test_nothing_is_left_of_what_was_removed(store: Store, sdk: Path) -> None:
    assert store.remove(sdk)
    assert list((store.root / "entries").iterdir()) == []
    assert marks(store) == []


def test_what_is_gone_is_removed_already(store: Store) -> None:
    assert store.remove(store.entry("gone"))
    assert marks(store) == []


def test_what_was_removed_is_made_again(store: Store, sdk: Path) -> None:
    store.remove(sdk)
    again, _ = store.obtain("sdk", make)
    assert (again / "clang").read_text() == "a compiler"
    assert store.in_use(sdk)


def test_what_was_being_removed_when_that_was_killed_is_gone(
    store: Store, sdk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(storing, "remove_path", killed)
        with pytest.raises(KeyboardInterrupt):
            store.remove(sdk)
    assert not sdk.exists()
    assert store.manifest("sdk") is None
    (aside,) = (store.root / "entries").iterdir()
    assert list(store.left_over()) == [aside]
    store.remove_left_over()
    assert not aside.exists()


def test_what_may_not_be_removed_is_named(store: Store, sdk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(HarnessFault, match=r"entries/sdk cannot be removed: .*Permission denied"):
        store.remove(sdk)
    assert store.manifest("sdk") is not None


def test_who_waited_for_a_removal_holds_a_mark_that_counts(store: Store) -> None:
    mark = store.root / "locks/entries-sdk.use"
    waiting = threading.Thread(target=uses.hold, args=(mark,))
    with uses.claimed(mark) as free:
        assert free
        waiting.start()
        time.sleep(0.2)
        assert waiting.is_alive()
        mark.unlink()
    waiting.join(10)
    assert uses.is_held(mark)


def test_of_two_removals_one_gives_way(store: Store) -> None:
    mark = store.root / "locks/entries-sdk.use"
    with uses.claimed(mark) as first, uses.claimed(mark) as second:
        assert (first, second) == (True, False)
    with uses.claimed(mark) as third:
        assert third


def test_an_unfinished_entry_is_left_over_once_nobody_makes_it(store: Store) -> None:
    seen: list[list[Path]] = []

    def watched(directory: Path) -> tuple[str, str, str, tuple[str, ...]]:
        (store.root / "entries/.sdk-of_a_killed_run").mkdir()
        (store.root / "entries/.other-0123456").mkdir()
        seen.append(sorted(store.left_over()))
        return make(directory)

    store.obtain("sdk", watched)
    assert seen == [[store.root / "entries/.other-0123456"]]
    assert sorted(path.name for path in store.left_over()) == [".other-0123456", ".sdk-of_a_killed_run"]


# --- who uses what


class Vanishing:
    """A provider whose entry is removed by another, between the look at it and its use."""

    name = "a provider"

    def __init__(self, other: Store) -> None:
        self.other = other
        self.looks = 0

    def available(self, store: Store) -> str | None:
        return None

    def cached(self, store: Store) -> Obtained | None:
        self.looks += 1
        if store.manifest("sdk") is None:
            return None
        assert self.other.remove(store.entry("sdk"))
        return Obtained(path=store.entry("sdk"), provider=self.name, detail="", digest="d")

    def obtain(self, store: Store, say: Callable[[str], None]) -> Obtained:
        path, _ = store.obtain("sdk", make)
        return Obtained(path=path, provider=self.name, detail="", digest="d")


def test_what_is_removed_between_look_and_use_is_obtained_again(store: Store, other: Store, sdk: Path) -> None:
    provider = Vanishing(other)
    found = obtain("sdk", [provider], store, lambda message: None)
    assert provider.looks == 1
    assert (found.path / "clang").is_file()
    assert other.in_use(sdk)


def test_what_is_found_in_the_cache_is_used(store: Store, other: Store, sdk: Path) -> None:
    archive = ReleaseArchive("sdk", archive_of("s"), lambda directory: None)
    Store(store.root).obtain("sdk-release-ssssssssssss", make)
    obtain("sdk", [archive], store, lambda message: None)
    assert other.in_use(store.entry("sdk-release-ssssssssssss"))
    assert not other.in_use(sdk)


def archive_of(letter: str) -> Archive:
    return Archive(url=f"https://example.org/{letter}.tar.gz", sha256={"any": letter * 64})


def test_a_download_is_used_until_it_is_unpacked(store: Store, other: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    downloads = 0

    def download(url: str, sha256: str, directory: Path) -> Path:
        nonlocal downloads
        downloads += 1
        path = put(store, "downloads/archive")
        if downloads == 1:
            other.remove(path)
        return path

    def unpack(archive: Path, directory: Path) -> None:
        assert not other.remove(archive)
        make(directory)

    monkeypatch.setattr(release, "download", download)
    monkeypatch.setattr(release, "unpack_tar", unpack)
    ReleaseArchive("sdk", archive_of("s"), lambda directory: None).obtain(store, lambda message: None)
    assert downloads == 2


@pytest.mark.parametrize("adapter", [WasmtimeEmbedded(Path(), "d"), WasmtimeCli(Path("wasmtime"), "50.0.1")])
def test_a_compiled_module_is_used(
    store: Store, other: Store, adapter: WasmtimeEmbedded | WasmtimeCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compile(argv: list[str], timeout: float) -> None:
        (part,) = {word for word in " ".join(argv).replace('"', " ").split() if word.endswith(".part")}
        Path(part).write_text("compiled")

    monkeypatch.setattr("harness.process.capture", compile)
    run = GuestRun(
        wasm=Path("python.wasm"), wasm_digest="d", argv=("",), env={}, preopens=(), wasm_stack=1, memory_limit=1
    )
    compiled = adapter.compile(run, store)
    assert other.in_use(compiled)
    assert [item.name for item in survey(other) if item.kind is Kind.COMPILED] == [compiled.name]


def test_whoever_runs_a_suite_uses_what_it_runs(store: Store, other: Store, sdk: Path, tmp_path: Path) -> None:
    tree, compiled = put(store, "builds/build/guest/Lib/os.py").parents[1], put(store, "state/compiled/a.cwasm")
    file = SuiteFile(
        cell="a cell",
        facts=made.FACTS,
        store=store.root,
        runtime=made.runtime(),
        obtained=Obtained(path=sdk, provider="", detail="", digest=""),
        settings=settings(tree, compiled=compiled),
        digest="d",
        groups=(),
    )
    cell = Cell(file, tmp_path, "gw0")
    assert [other.remove(path) for path in (sdk, store.root / "builds/build", compiled)] == [False] * 3
    del cell


def test_results_are_used(store: Store, other: Store) -> None:
    Results(store, "digest")
    assert other.in_use(store.root / "state/results/digest.jsonl")


def test_a_run_uses_all_that_its_build_needs(store: Store, other: Store) -> None:
    sdk = replace(made.sdk(), archive=archive_of("s"))
    cpython = replace(made.cell().build.cpython, archive=archive_of("c"))
    cell = made.cell()
    cell = replace(cell, build=replace(cell.build, sdk=sdk, cpython=cpython))
    matrix = made.matrix(sdks=(sdk,), cpythons=(cpython,))
    with_archives = [f"{sdk.id}-release-ssssssssssss", f"{cpython.id}-release-cccccccccccc"]
    for name in with_archives:
        Store(store.root).obtain(name, make)
    preparer = Preparer(matrix, store, Options(jobs=1), Silent(), lambda message: None)
    preparer.plans(cell)
    used = {item.kind: {i.name for i in survey(other) if i.kind is item.kind and i.in_use} for item in survey(other)}
    assert used[Kind.ENTRY] == set(with_archives)
    assert {name.rpartition("-")[0] for name in used[Kind.BUILD]} == {f"native_{cpython.id}", cell.build.id}
    assert prune(survey(other), Limits(max_size=0), NOW, lambda item: upkeep.remove(other, item)) == []
    del preparer


# --- what there is


def test_every_item_is_listed_with_what_is_known_of_it(store: Store, other: Store, sdk: Path) -> None:
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
def test_an_entry_whose_manifest_is_damaged_is_listed_all_the_same(store: Store, sdk: Path, manifest: str) -> None:
    (sdk / ".manifest.json").unlink() if manifest is None else (sdk / ".manifest.json").write_text(manifest)
    (entry,) = (item for item in survey(store) if item.kind is Kind.ENTRY)
    assert (entry.name, entry.provider) == ("sdk", "")


def test_a_new_cache_holds_next_to_nothing(store: Store) -> None:
    assert [item.name for item in survey(store)] == ["locks"]


def test_sizes_are_of_the_disk_and_count_a_file_once(tmp_path: Path) -> None:
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


def test_what_vanishes_takes_nothing(tmp_path: Path) -> None:
    assert disk_usage(tmp_path / "gone") == 0


def item(name: str = "a", days: float = 0, size: int = 1, kind: Kind = Kind.ENTRY, *, in_use: bool = False) -> Item:
    return Item(kind=kind, name=name, path=Path("cache") / name, size=size, used=NOW - days * DAY, in_use=in_use)


def test_small_things_are_summed_and_the_largest_is_first() -> None:
    lines = summed(
        [
            item("a", size=5),
            item("b", size=4, days=9, kind=Kind.COMPILED),
            item("c", size=4, days=3, kind=Kind.COMPILED, in_use=True),
            item("d", size=7, kind=Kind.BUILD),
            item("e", size=1, kind=Kind.STATE),
        ]
    )
    assert [(line.kind, line.name, line.count, line.size) for line in lines] == [
        (Kind.COMPILED, "", 2, 8),
        (Kind.BUILD, "d", 1, 7),
        (Kind.ENTRY, "a", 1, 5),
        (Kind.STATE, "", 1, 1),
    ]
    assert lines[0].used == NOW - 3 * DAY
    assert lines[0].in_use


# --- what goes


def pruned(items: list[Item], **limits: object) -> str:
    """The names of what is removed, in that order."""
    return "".join(item.name for item in prune(items, replace(Limits(), **limits), NOW, lambda item: True))


ITEMS = [item("a", 1, 10), item("b", 40, 10), item("c", 20, 10), item("d", 31, 10)]


def test_what_was_not_used_for_longer_goes() -> None:
    assert pruned(ITEMS, older_than=30 * DAY) == "bd"
    assert pruned(ITEMS, older_than=31 * DAY) == "b"
    assert pruned(ITEMS, older_than=50 * DAY) == ""


def test_the_oldest_goes_until_the_rest_is_small_enough() -> None:
    assert pruned(ITEMS, max_size=40) == ""
    assert pruned(ITEMS, max_size=39) == "b"
    assert pruned(ITEMS, max_size=20) == "bd"
    assert pruned(ITEMS, max_size=0) == "bdca"


def test_both_limits_hold() -> None:
    assert pruned(ITEMS, max_size=10, older_than=30 * DAY) == "bdc"
    assert pruned(ITEMS, max_size=30, older_than=30 * DAY) == "bd"


def test_what_is_used_and_the_state_stay() -> None:
    items = [item("a", 90, in_use=True), item("b", 80, kind=Kind.STATE), item("c", 70)]
    assert pruned(items, max_size=0, older_than=DAY) == "c"


def test_what_killed_runs_left_goes_first_and_always() -> None:
    items = [item("a", 90, 10), item("b", 0, 10, Kind.UNFINISHED), item("c", 0, 10, Kind.UNFINISHED, in_use=True)]
    assert pruned(items, max_size=100) == "b"
    assert pruned(items, max_size=20) == "b"
    assert pruned(items, max_size=19) == "ba"


def test_what_cannot_be_removed_does_not_count_as_removed() -> None:
    gone = prune(ITEMS, Limits(max_size=20), NOW, lambda item: item.name != "b")
    assert [item.name for item in gone] == ["d", "c"]


@given(
    st.lists(
        st.builds(
            item,
            st.text("ab", max_size=2),
            st.floats(0, 99),
            st.integers(0, 50),
            st.sampled_from(Kind),
            in_use=st.booleans(),
        )
    ),
    st.none() | st.integers(0, 300),
    st.none() | st.integers(0, 60).map(lambda days: days * DAY),
)
def test_limits_hold_or_nothing_is_left_that_may_go(
    items: list[Item], max_size: int | None, older_than: datetime.timedelta | None
) -> None:
    gone = prune(items, Limits(max_size=max_size, older_than=older_than), NOW, lambda item: True)
    assert not any(item.in_use or item.kind is Kind.STATE for item in gone)
    free = [item for item in items if not (item.in_use or item.kind is Kind.STATE)]
    kept = [item for item in free if not any(item is other for other in gone)]
    if max_size is not None and upkeep.total(items) - upkeep.total(gone) > max_size:
        assert not kept
    assert older_than is None or all(NOW - item.used <= older_than for item in kept)
    dated = [item.used for item in gone if item.kind is not Kind.UNFINISHED]
    assert dated == sorted(dated)
    assert all(item.used >= max(dated) for item in kept if dated)


def test_what_was_used_since_it_was_seen_stays(store: Store, sdk: Path) -> None:
    os.utime(store.root / "locks/entries-sdk.use", (LONG_AGO, LONG_AGO))
    (entry,) = (item for item in survey(store) if item.kind is Kind.ENTRY)
    Store(store.root).use(sdk)
    assert not upkeep.remove(store, entry)
    assert sdk.exists()


def test_what_is_made_again_since_it_was_seen_stays(store: Store) -> None:
    part = put(store, "state/compiled/a.part")
    os.utime(part, (LONG_AGO, LONG_AGO))
    (unfinished,) = (item for item in survey(store) if item.kind is Kind.UNFINISHED)
    assert not unfinished.in_use
    os.utime(part)
    assert not upkeep.remove(store, unfinished)
    os.utime(part, (LONG_AGO, LONG_AGO))
    assert upkeep.remove(store, unfinished)
    assert not part.exists()


# --- sizes and ages


@pytest.mark.parametrize(
    ("text", "size"), [("20G", 20 << 30), ("500M", 500 << 20), ("1.5G", 3 << 29), ("0K", 0), ("2T", 2 << 40)]
)
def test_sizes_are_understood(text: str, size: int) -> None:
    assert size_of(text) == size


@pytest.mark.parametrize(
    "text", ["", "20", "G", "20g", "20GB", "-1G", "1e3G", "1,5G", "nan", "infG", " 1G", "1G\n", "٣G"]
)
def test_what_is_no_size_is_refused_with_what_is(text: str) -> None:
    with pytest.raises(UsageError, match=r"(?s)is no size.*K, M, G or T: 20G, 500M, 1\.5G"):
        size_of(text)


@pytest.mark.parametrize(("text", "days"), [("30d", 30), ("12h", 0.5), ("2w", 14), ("1.5d", 1.5), ("0d", 0)])
def test_ages_are_understood(text: str, days: float) -> None:
    assert age_of(text) == days * DAY


@pytest.mark.parametrize("text", ["", "30", "d", "30D", "30 d", "-1d", "5m", "1y", "9" * 30 + "d", "1d\n", "٣d"])
def test_what_is_no_age_is_refused_with_what_is(text: str) -> None:
    with pytest.raises(UsageError, match=r"(?s)is no age.*h, d or w.*30d, 12h"):
        age_of(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0"), (512, "0.5K"), (4096, "4.0K"), (10 << 10, "10K"), (3 << 29, "1.5G"), (342 << 20, "342M")],
)  # fmt: skip
def test_sizes_are_written(size: int, text: str) -> None:
    assert human_size(size) == text


@given(st.integers(103, 1 << 55))
def test_written_sizes_are_understood(size: int) -> None:
    assert size_of(human_size(size)) == pytest.approx(size, rel=0.06, abs=52)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "just now"), (60, "1 min ago"), (7199, "1 h ago"), (86_399, "23 h ago"), (86_400, "1 d ago")],
)  # fmt: skip
def test_ages_are_written(seconds: float, text: str) -> None:
    assert human_age(datetime.timedelta(seconds=seconds)) == text


# --- the command


def said(*words: str) -> str:
    """What `python -m harness cache` prints."""
    console = Console(file=io.StringIO(), width=160)
    assert cache(words, console) == 0
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_command_lists_items_and_the_total(store: Store, sdk: Path) -> None:
    put(store, "builds/wasi_[red]build/python.wasm")
    store.use(sdk)
    lines = [line.split() for line in said().splitlines()]
    assert lines[0] == ["kind", "name", "size", "last", "use", "provider"]
    assert ["entry", "sdk", human_size(disk_usage(sdk)), "now", "a", "provider"] in lines
    assert ["build", "wasi_[red]build", human_size(disk_usage(store.root / "builds/wasi_[red]build"))] in [
        line[:3] for line in lines
    ]
    assert lines[-1] == [human_size(upkeep.total(survey(store))), "in", "all,", "in", str(store.root)]


def test_the_list_as_json(store: Store, sdk: Path) -> None:
    store.use(sdk)
    document = json.loads(said("--json"))
    assert document["root"] == str(store.root)
    assert document["total"] == sum(row["size"] for row in document["items"])
    (entry,) = (row for row in document["items"] if row["kind"] == "entry")
    used = datetime.datetime.fromisoformat(entry.pop("used"))
    assert abs(datetime.datetime.now(datetime.UTC) - used) < 10 * DAY
    assert entry == {
        "kind": "entry",
        "name": "sdk",
        "path": str(sdk),
        "size": disk_usage(sdk),
        "in_use": True,
        "provider": "a provider",
        "count": 1,
    }


def test_pruning_removes_what_is_old(store: Store, sdk: Path) -> None:
    young = put(store, "builds/young/python.wasm").parent
    os.utime(store.root / "locks/entries-sdk.use", (LONG_AGO, LONG_AGO))
    size = human_size(disk_usage(sdk))
    text = said("prune", "--older-than", "30d")
    assert f"removed entries/sdk: {size}, last use " in text
    assert f"\n{size} freed, " in text
    assert not sdk.exists()
    assert young.exists()


def test_a_dry_run_removes_nothing(store: Store, sdk: Path) -> None:
    put(store, "entries/.sdk-abc/clang")
    text = said("prune", "--max-size", "0K", "--dry-run")
    assert text.startswith("would remove entries/.sdk-abc: ")
    assert "would remove entries/sdk: " in text
    assert " would be freed, " in text
    assert store.manifest("sdk") is not None
    assert (store.root / "entries/.sdk-abc/clang").exists()


def test_a_limit_that_cannot_hold_is_said(store: Store, sdk: Path) -> None:
    store.use(sdk)
    text = said("prune", "--max-size", "0K")
    assert "that is more than it was to be: the rest is in use, or the cache's own state" in text
    assert store.manifest("sdk") is not None
    assert "more than" not in said("prune", "--max-size", "1T")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["prune"], "takes a limit"),
        (["prune", "--dry-run"], "--max-size 20G, or --older-than 30d, or both"),
        (["prune", "--max-size", "much"], "'much' is no size"),
        (["prune", "--max-size", "-1G"], "expected one argument"),
        (["prune", "--older-than", "much"], "'much' is no age"),
        (["prune", "--max", "1G"], "unrecognized arguments: --max 1G\n  -> python -m harness cache prune --help"),
        (["--max-size", "1G"], "unrecognized arguments: --max-size 1G\n  -> python -m harness cache --help"),
        (["purge"], "unrecognized arguments: purge"),
    ],
)
def test_mistakes_are_usage_errors_and_remove_nothing(store: Store, sdk: Path, words: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        said(*words)
    assert message in str(caught.value)
    assert store.manifest("sdk") is not None
