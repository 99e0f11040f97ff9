"""Which library serves a tree: its pin, else what stands in, which is said and remembered."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.build.tree import LibraryPin
from harness.cells import libraries
from harness.cells.libraries import FoundLibrary, choices, obtain_libraries
from harness.machine.store import Provenance, Store
from harness.provide.obtain import ask_again
from harness.provide.provider import Obtained, Say, silently
from matrix.archives import Archive
from matrix.errors import Unobtainable
from matrix.model import Library, SdkFamily
from matrix.resolve import ResolvedCell
from tests.unit import made

SHA = {version: f"{number}" * 64 for number, version in enumerate(("3.4.6", "3.4.7", "3.4.8", "3.5.0"))}
CONFIG = """
[dependencies.libffi]
url = "{url}"
version = "{version}"
shasum = "{sha}"
"""


def row(version: str) -> Library:
    archive = Archive(url=f"https://example.org/libffi-{version}.tar.gz", sha256={"any": SHA[version]})
    return Library(name="libffi", version=version, archive=archive)


ROWS = (row("3.4.6"), row("3.4.7"), row("3.4.8"))
SERIES = made.series(sdk_family=SdkFamily.EMSCRIPTEN, libraries={"libffi": "3.4.6"})
CELL: ResolvedCell = replace(made.resolved(), series=SERIES, libraries=ROWS)


def tree(path: Path, version: str, *, url: str = "https://tree.example/libffi-{version}.tar.gz", sha: str = "") -> Path:
    home = path / "Platforms/emscripten"
    home.mkdir(parents=True)
    (home / "config.toml").write_text(CONFIG.format(url=url, version=version, sha=sha or SHA.get(version, "e" * 64)))
    return path


class Shelves:
    """Providers that have some versions; each counts how often it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *available: str) -> None:
        self.available = set(available)
        self.asked: list[str] = []
        monkeypatch.setattr(libraries, "library_providers", lambda library: [Shelf(self, library)])


class Shelf:
    name = "shelf"

    def __init__(self, shelves: Shelves, library: Library) -> None:
        self._shelves = shelves
        self._library = library

    def obstacle(self, store: Store) -> str | None:
        return None

    def cached(self, store: Store) -> Obtained | None:
        entry = store.entry(self._library.id)
        return Obtained(path=entry, provider=self.name, detail=self._where(), digest="d") if entry.is_dir() else None

    def obtain(self, store: Store, say: Say) -> Obtained:
        if (found := self.cached(store)) is not None:
            return found
        self._shelves.asked.append(self._library.version)
        if self._library.version not in self._shelves.available:
            raise Unobtainable("no connection")
        store.obtain(self._library.id, lambda directory: Provenance(provider="shelf", detail="", digest="d"))
        found = self.cached(store)
        assert found is not None
        return found

    def _where(self) -> str:
        return self._library.archive.url if self._library.archive is not None else ""


def found(store: Store, source: Path, *, refresh: bool = False) -> FoundLibrary:
    (library,) = obtain_libraries(CELL, source, store, silently, refresh=refresh)
    return library


def test_a_cell_without_libraries_asks_nobody(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelves = Shelves(monkeypatch)
    cell = replace(CELL, series=replace(SERIES, libraries={}))
    assert obtain_libraries(cell, tree(tmp_path, "3.4.6"), store, silently) == ()
    assert shelves.asked == []


def test_a_tree_without_pins_has_what_its_series_says(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Shelves(monkeypatch, "3.4.6", "3.4.7", "3.4.8")
    one = found(store, tmp_path)
    assert (one.name, one.version, one.asked) == ("libffi", "3.4.6", "3.4.6")
    assert one.note("3.14.0") == "linked with libffi 3.4.6 (https://example.org/libffi-3.4.6.tar.gz)"


def test_the_tree_s_own_archive_comes_first(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelves = Shelves(monkeypatch, "3.5.0", "3.4.6")
    one = found(store, tree(tmp_path, "3.5.0"))
    assert (one.version, one.obtained.detail) == ("3.5.0", "https://tree.example/libffi-3.5.0.tar.gz")
    assert shelves.asked == ["3.5.0"]


def test_another_tree_s_library_in_the_cache_is_not_taken(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Shelves(monkeypatch, "3.5.0", "3.4.6")
    assert found(store, tmp_path).version == "3.4.6"
    assert found(store, tree(tmp_path / "newer", "3.5.0")).version == "3.5.0"


def test_the_newest_other_version_stands_in_and_that_is_said(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelves = Shelves(monkeypatch, "3.4.7", "3.4.8")
    one = found(store, tree(tmp_path, "3.5.0"))
    assert shelves.asked == ["3.5.0", "3.4.8"]
    assert one.note("3.15.0a1") == (
        "CPython 3.15.0a1 asks for libffi 3.5.0: libffi 3.4.8 (https://example.org/libffi-3.4.8.tar.gz) stands in"
    )


def test_what_stood_in_is_used_without_asking_until_refresh(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelves = Shelves(monkeypatch, "3.4.8")
    first = found(store, tree(tmp_path, "3.5.0"))
    asked = list(shelves.asked)
    shelves.available.add("3.5.0")
    ask_again(store)
    assert found(store, tmp_path) == first
    assert shelves.asked == asked
    assert found(store, tmp_path, refresh=True).version == "3.5.0"
    assert found(store, tmp_path).version == "3.5.0"


def test_what_stood_in_and_was_pruned_is_looked_for_anew(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelves = Shelves(monkeypatch, "3.4.8")
    assert found(store, tree(tmp_path, "3.5.0")).version == "3.4.8"
    (store.entry("libffi-3.4.8") / ".manifest.json").unlink()
    store.entry("libffi-3.4.8").rmdir()
    shelves.available.add("3.5.0")
    assert found(store, tmp_path).version == "3.5.0"


def test_a_library_that_nobody_has_is_named_with_every_version(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Shelves(monkeypatch)
    with pytest.raises(Unobtainable) as caught:
        found(store, tree(tmp_path, "3.5.0"))
    lines = [line for line in caught.value.message.splitlines() if "not available here" in line]
    assert [line.split()[0] for line in lines] == [f"libffi-{name}" for name in ("3.5.0", "3.4.8", "3.4.7", "3.4.6")]


def test_a_pin_that_the_matrix_has_too_is_asked_for_once(tmp_path: Path) -> None:
    pin = LibraryPin(version="3.4.6", url="https://tree.example/x.tar.gz", sha256=SHA["3.4.6"])
    assert choices("libffi", pin, ROWS, tmp_path) == [ROWS[0], ROWS[2], ROWS[1]]
    other = choices("libffi", replace(pin, sha256="f" * 64), ROWS, tmp_path)
    assert [library.archive.url for library in other if library.archive] == [
        "https://tree.example/x.tar.gz",
        *(f"https://example.org/libffi-{version}.tar.gz" for version in ("3.4.6", "3.4.8", "3.4.7")),
    ]


@pytest.mark.parametrize(
    ("pin", "said"),
    [
        (LibraryPin(version="../3"), r"asks for libffi '\.\./3', which is no version"),
        (LibraryPin(version="3.5.0", url="file:///etc", sha256="e" * 64), r"pins libffi 3\.5\.0 in a way .*url"),
        (LibraryPin(version="3.5.0", url="https://x.example/", sha256="abc"), r"pins libffi 3\.5\.0 in a way .*sha256"),
    ],
)
def test_a_malformed_pin_is_named_with_its_file(tmp_path: Path, pin: LibraryPin, said: str) -> None:
    with pytest.raises(Unobtainable, match=said) as caught:
        choices("libffi", pin, ROWS, tmp_path)
    assert "Platforms/emscripten/config.toml" in caught.value.hint
