"""Items in use are kept, and items no longer in use can be removed."""

from __future__ import annotations

import datetime
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.build.manifest import Contents
from harness.build.watcher import Silent
from harness.cells.prepare import PrepareOptions, Preparer
from harness.guests.adapter import GuestRun
from harness.guests.runtimes.wasmtime_cli import WasmtimeCli
from harness.guests.runtimes.wasmtime_embedded import WasmtimeEmbedded
from harness.machine import store as storing
from harness.machine import upkeep, uses
from harness.machine.store import Provenance, Store
from harness.machine.upkeep import CacheLimits, ItemKind, prune, survey
from harness.provide import release
from harness.provide.obtain import obtain
from harness.provide.provider import Obtained
from harness.provide.release import ReleaseArchive
from harness.suite.edits import Tree
from harness.suite.files import SuiteFile
from harness.suite.plugin import ModuleRunner
from harness.suite.reuse import KeptResults
from matrix.archives import Archive
from matrix.errors import HarnessFault
from matrix.resolve import resolve
from tests.unit import made
from tests.unit.harness.guests.test_digest import settings
from tests.unit.stored import fill, put

NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
LONG_AGO = 1_000_000_000


def marks(store: Store) -> list[str]:
    return sorted(path.name for path in (store.root / "locks").glob("*.use"))


# --- use


def test_a_store_that_is_released_uses_nothing_and_can_go_on(store: Store) -> None:
    run = Store(store.root)
    path, _ = run.obtain("sdk", fill)
    run.release()
    assert not store.in_use(path)
    run.use(path)
    assert store.in_use(path)
    run.release()
    assert not store.in_use(path)


def test_a_new_entry_is_in_use_while_the_run_lives(store: Store) -> None:
    run = Store(store.root)
    path, _ = run.obtain("sdk", fill)
    assert store.in_use(path)
    assert not store.remove(path)
    assert store.manifest("sdk") is not None
    del run
    assert not store.in_use(path)
    assert store.remove(path)
    assert not path.exists()


def test_several_runs_can_use_an_item_at_once(store: Store, sdk: Path) -> None:
    runs = [Store(store.root) for _ in range(3)]
    assert all(run.use(sdk) for run in runs)
    while runs:
        assert not store.remove(sdk)
        runs.pop()
    assert store.remove(sdk)


def test_a_run_does_not_remove_an_item_that_it_uses_itself(store: Store, sdk: Path) -> None:
    store.use(sdk)
    assert store.in_use(sdk)
    assert not store.remove(sdk)


def test_using_a_path_within_an_item_uses_the_item(store: Store, other: Store, sdk: Path) -> None:
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


def test_items_with_the_same_name_in_different_places_are_independent(store: Store, other: Store) -> None:
    entry, build = put(store, "entries/a/file").parent, put(store, "builds/a/file").parent
    other.use(entry)
    assert store.remove(build)
    assert not store.remove(entry)


def test_a_path_outside_all_items_is_not_marked_and_not_removed(store: Store, tmp_path: Path) -> None:
    assert store.use(tmp_path)
    assert store.use(put(store, "state/steps.json"))
    assert not store.use(tmp_path / "gone")
    assert marks(store) == []
    with pytest.raises(ValueError, match="is in none of"):
        store.remove(tmp_path)
    assert tmp_path.exists()


def test_an_item_can_be_used_before_it_exists(store: Store, other: Store) -> None:
    build = store.root / "builds/build"
    assert not other.use(build)
    build.mkdir()
    assert not store.remove(build)


def test_a_use_is_dated_at_its_beginning_and_at_its_end(store: Store, sdk: Path) -> None:
    mark = store.root / "locks/entries-sdk.use"
    run = Store(store.root)
    os.utime(mark, (LONG_AGO, LONG_AGO))
    assert store.last_use(sdk) == LONG_AGO
    run.use(sdk)
    assert time.time() - store.last_use(sdk) < 60
    os.utime(mark, (LONG_AGO, LONG_AGO))
    del run
    assert time.time() - store.last_use(sdk) < 60


def test_looking_at_an_item_is_not_a_use(store: Store, sdk: Path) -> None:
    os.utime(store.root / "locks/entries-sdk.use", (LONG_AGO, LONG_AGO))
    before = sdk.stat().st_mtime
    store.manifest("sdk")
    store.in_use(sdk)
    survey(store)
    assert store.last_use(sdk) == LONG_AGO
    assert sdk.stat().st_mtime == before


def test_an_unused_item_is_as_old_as_its_last_change(store: Store) -> None:
    build = put(store, "builds/build/python").parent
    os.utime(build, (LONG_AGO, LONG_AGO))
    assert store.last_use(build) == LONG_AGO
    assert store.last_use(store.root / "builds/gone") == 0
    assert marks(store) == []


# --- removal


def test_removal_leaves_nothing(store: Store, sdk: Path) -> None:
    assert store.remove(sdk)
    assert list((store.root / "entries").iterdir()) == []
    assert marks(store) == []


def test_removing_a_missing_item_succeeds(store: Store) -> None:
    assert store.remove(store.entry("gone"))
    assert marks(store) == []


def test_a_removed_entry_can_be_made_again(store: Store, sdk: Path) -> None:
    store.remove(sdk)
    again, _ = store.obtain("sdk", fill)
    assert (again / "clang").read_text() == "a compiler"
    assert store.in_use(sdk)


def test_an_item_is_gone_even_if_its_removal_was_killed(
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


def test_a_removal_without_permission_is_an_error(store: Store, sdk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(HarnessFault, match=r"entries/sdk cannot be removed: .*Permission denied"):
        store.remove(sdk)
    assert store.manifest("sdk") is not None


def test_after_waiting_for_a_removal_the_lock_is_on_a_mark_that_exists(store: Store) -> None:
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


def test_only_one_of_two_removals_gets_the_mark(store: Store) -> None:
    mark = store.root / "locks/entries-sdk.use"
    with uses.claimed(mark) as first, uses.claimed(mark) as second:
        assert (first, second) == (True, False)
    with uses.claimed(mark) as third:
        assert third


def test_an_unfinished_entry_is_left_over_once_no_run_fills_it(store: Store) -> None:
    seen: list[list[Path]] = []

    def watched(directory: Path) -> Provenance:
        (store.root / "entries/.sdk-of_a_killed_run").mkdir()
        (store.root / "entries/.other-0123456").mkdir()
        seen.append(sorted(store.left_over()))
        return fill(directory)

    store.obtain("sdk", watched)
    assert seen == [[store.root / "entries/.other-0123456"]]
    assert sorted(path.name for path in store.left_over()) == [".other-0123456", ".sdk-of_a_killed_run"]


# --- which items a run uses


class Vanishing:
    """A provider whose entry another run removes between `cached` and `use`."""

    name = "a provider"

    def __init__(self, other: Store) -> None:
        self.other = other
        self.looks = 0

    def obstacle(self, store: Store) -> str | None:
        return None

    def cached(self, store: Store) -> Obtained | None:
        self.looks += 1
        if store.manifest("sdk") is None:
            return None
        assert self.other.remove(store.entry("sdk"))
        return Obtained(path=store.entry("sdk"), provider=self.name, detail="", digest="d")

    def obtain(self, store: Store, say: Callable[[str], None]) -> Obtained:
        path, _ = store.obtain("sdk", fill)
        return Obtained(path=path, provider=self.name, detail="", digest="d")


def test_an_entry_that_is_removed_before_its_use_is_obtained_again(store: Store, other: Store, sdk: Path) -> None:
    provider = Vanishing(other)
    found = obtain("sdk", [provider], store, lambda message: None)
    assert provider.looks == 1
    assert (found.path / "clang").is_file()
    assert other.in_use(sdk)


def test_an_entry_that_is_found_in_the_cache_is_in_use(store: Store, other: Store, sdk: Path) -> None:
    archive = ReleaseArchive("sdk", archive_of("s"), lambda directory: None)
    Store(store.root).obtain("sdk-release-ssssssssssss", fill)
    obtain("sdk", [archive], store, lambda message: None)
    assert other.in_use(store.entry("sdk-release-ssssssssssss"))
    assert not other.in_use(sdk)


def archive_of(letter: str) -> Archive:
    return Archive(url=f"https://example.org/{letter}.tar.gz", sha256={"any": letter * 64})


def test_a_download_is_in_use_until_it_is_unpacked(store: Store, other: Store, monkeypatch: pytest.MonkeyPatch) -> None:
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
        fill(directory)

    monkeypatch.setattr(release, "download", download)
    monkeypatch.setattr(release, "unpack_tar", unpack)
    ReleaseArchive("sdk", archive_of("s"), lambda directory: None).obtain(store, lambda message: None)
    assert downloads == 2


@pytest.mark.parametrize("adapter", [WasmtimeEmbedded(Path(), "d"), WasmtimeCli(Path("wasmtime"), "d")])
def test_a_compiled_module_is_in_use(
    store: Store, other: Store, adapter: WasmtimeEmbedded | WasmtimeCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compile(argv: list[str], timeout: float) -> None:
        (part,) = {word for word in " ".join(argv).replace('"', " ").split() if word.endswith(".part")}
        Path(part).write_text("compiled")

    monkeypatch.setattr(f"{type(adapter).__module__}.capture", compile)
    run = GuestRun(
        wasm=Path("python.wasm"), wasm_digest="d", argv=("",), env={}, preopens=(), wasm_stack=1, memory_limit=1
    )
    compiled = adapter.compile(run, store)
    assert other.in_use(compiled)
    assert [item.name for item in survey(other) if item.kind is ItemKind.COMPILED] == [compiled.name]


def test_the_parts_of_a_running_suite_are_in_use(store: Store, other: Store, sdk: Path, tmp_path: Path) -> None:
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
    cell = ModuleRunner(file, tmp_path, "gw0")
    assert [other.remove(path) for path in (sdk, store.root / "builds/build", compiled)] == [False] * 3
    del cell


def test_results_are_in_use(store: Store, other: Store) -> None:
    KeptResults(store, "digest", "without-sources", Tree(directory=store.root, contents=Contents({})))
    assert other.in_use(store.root / "state/results/without-sources.jsonl")
    assert other.in_use(store.root / "state/results/digest.json")


def fill_with_sources(directory: Path) -> Provenance:
    """Fill an entry with the files that planning a build looks for."""
    for name in ("Include/patchlevel.h", "Tools/wasm/config.site-wasm32-wasi"):
        (directory / name).parent.mkdir(parents=True)
        (directory / name).write_text("")
    return fill(directory)


def test_everything_that_a_build_needs_is_in_use(store: Store, other: Store) -> None:
    sdk = replace(made.sdk(), archive=archive_of("s"))
    cpython = replace(made.cell().build.cpython, archive=archive_of("c"))
    cell = made.cell()
    cell = replace(cell, build=replace(cell.build, sdk=sdk, cpython=cpython))
    matrix = made.matrix(sdks=(sdk,), cpythons=(cpython,))
    with_archives = [f"{sdk.id}-release-ssssssssssss", f"{cpython.id}-release-cccccccccccc"]
    for name in with_archives:
        Store(store.root).obtain(name, fill_with_sources)
    preparer = Preparer(store, PrepareOptions(jobs=1), Silent(), lambda message: None)
    preparer.plans(resolve(matrix, cell))
    used = {item.kind: {i.name for i in survey(other) if i.kind is item.kind and i.in_use} for item in survey(other)}
    assert used[ItemKind.ENTRY] == set(with_archives)
    assert {name.rpartition("-")[0] for name in used[ItemKind.BUILD]} == {f"native_{cpython.id}", cell.build.id}
    assert prune(survey(other), CacheLimits(max_size=0), NOW, lambda item: upkeep.remove(other, item)) == []
    del preparer
