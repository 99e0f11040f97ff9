"""The SDK and the Node that a tree asks for, and what stands in for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cells import wanted
from harness.cells.request import CellRequest
from harness.cells.selection import expansion_of, matrix_of, selected_cells
from harness.cells.wanted import nearest_first, settled
from harness.machine.store import Store
from matrix.errors import Unobtainable
from matrix.model import Sdk, SdkFamily
from matrix.select import Selection
from tests.unit.harness.provide.directories import cpython_tree


@pytest.fixture
def main(tmp_path: Path) -> Path:
    """A tree with main's configuration files."""
    tree = cpython_tree(tmp_path / "cpython", "3.16.0a2+")
    for name, text in {
        "WASI/config.toml": '[targets]\nwasi-sdk = 34\nhost-triple = "wasm32-wasip1"\n',
        "emscripten/config.toml": 'emscripten-version = "6.0.10"\nnode-version = "24"\n',
    }.items():
        path = tree / "Platforms" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tree


@pytest.fixture
def have(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The ids of the SDKs that are available."""
    ids: set[str] = set()
    monkeypatch.setattr(wanted, "_is_available", lambda sdk, store: sdk.id in ids)
    return ids


def cells(store: Store, said: list[str], *paths: Path, **selection: tuple[str, ...]) -> list[tuple[str, str]]:
    """The SDK and the runtime of each selected cell."""
    request = CellRequest(selection=Selection(**selection), cpython_paths=paths)
    matrix = matrix_of(request)
    settled_request = settled(request, matrix, expansion_of(request, matrix), store, said.append)
    return [(cell.build.sdk.id, cell.runtime.id) for cell in selected_cells(settled_request, matrix)]


def sdk(version: str) -> Sdk:
    return Sdk(id=f"wasi-sdk-{version}", family=SdkFamily.WASI_SDK, version=version)


def test_the_nearest_is_the_next_newer_then_the_next_older() -> None:
    order = nearest_first("24", [sdk(version) for version in ("16.0", "20.0", "33.0", "25.0", "24.0")])
    assert [each.version for each in order] == ["24.0", "25.0", "33.0", "20.0", "16.0"]


def test_a_tree_has_the_sdk_that_it_asks_for(main: Path, store: Store, have: set[str]) -> None:
    said: list[str] = []
    have |= {"wasi-sdk-34", "wasi-sdk-33"}
    assert cells(store, said, main, target=("wasi",)) == [("wasi-sdk-34", "wasmtime-50.0.1")]
    assert said == []


def test_what_stands_in_is_said(main: Path, store: Store, have: set[str]) -> None:
    said: list[str] = []
    have |= {"wasi-sdk-33", "wasi-sdk-24"}
    assert cells(store, said, main, target=("wasi",)) == [("wasi-sdk-33", "wasmtime-50.0.1")]
    assert said == ["cpython-3.16.0a2-cpython asks for wasi-sdk 34: wasi-sdk-33 is the nearest that is available here"]


def test_the_one_that_is_asked_for_is_tried_when_none_is_available(main: Path, store: Store, have: set[str]) -> None:
    assert cells(store, [], main, target=("wasi",)) == [("wasi-sdk-34", "wasmtime-50.0.1")]


def test_an_sdk_that_was_named_wins(main: Path, store: Store, have: set[str]) -> None:
    have |= {"wasi-sdk-34"}
    assert cells(store, [], main, target=("wasi",), sdk=("24",)) == [("wasi-sdk-24", "wasmtime-50.0.1")]


def test_emscripten_trees_ask_for_a_node_too(main: Path, store: Store, have: set[str]) -> None:
    have |= {"emscripten-6.0.5"}
    ((sdk_id, runtime),) = cells(store, [], main, target=("node-dl",))
    assert sdk_id == "emscripten-6.0.5"
    assert runtime.startswith("node-24.")


def test_a_runtime_that_was_named_wins(main: Path, store: Store, have: set[str]) -> None:
    have |= {"emscripten-6.0.5"}
    ((_, runtime),) = cells(store, [], main, target=("node-dl",), runtime=("node==22.*",))
    assert runtime.startswith("node-22.")


def test_a_series_asks_where_its_trees_say_nothing(tmp_path: Path, store: Store, have: set[str]) -> None:
    tree = cpython_tree(tmp_path / "cpython", "3.14.0rc1")
    have |= {"emscripten-6.0.5", "emscripten-3.1.69"}
    ((sdk_id, runtime),) = cells(store, [], tree, target=("node-dl",))
    assert (sdk_id, runtime.partition(".")[0]) == ("emscripten-6.0.5", "node-24")


def test_other_requests_stay_as_they_are(tmp_path: Path, store: Store, have: set[str]) -> None:
    tree = cpython_tree(tmp_path / "cpython", "3.13.5")
    for request in (
        CellRequest(selection=Selection(target=("wasi",))),
        CellRequest(selection=Selection(target=("wasi", "node"), cpython=("3.11.2", "3.13.5"))),
        CellRequest(selection=Selection(target=("wasi",)), cpython_paths=(tree,)),
    ):
        matrix = matrix_of(request)
        assert settled(request, matrix, expansion_of(request, matrix), store, print) == request


def test_a_settled_request_does_not_change_with_what_is_available(main: Path, store: Store, have: set[str]) -> None:
    request = CellRequest(selection=Selection(target=("wasi",)), cpython_paths=(main,))
    matrix = matrix_of(request)
    have |= {"wasi-sdk-33"}
    first = settled(request, matrix, expansion_of(request, matrix), store, print)
    have |= {"wasi-sdk-34"}
    assert settled(first, matrix, expansion_of(first, matrix), store, print) == first
    assert [cell.build.sdk.id for cell in selected_cells(first, matrix)] == ["wasi-sdk-33"]


def test_a_malformed_config_is_named(main: Path, store: Store, have: set[str]) -> None:
    (main / "Platforms/WASI/config.toml").write_text("[targets")
    with pytest.raises(Unobtainable, match=r"Platforms/WASI/config\.toml cannot be read"):
        cells(store, [], main, target=("wasi",))


def test_several_trees_have_each_their_own(main: Path, tmp_path: Path, store: Store, have: set[str]) -> None:
    other = cpython_tree(tmp_path / "old", "3.13.5")
    have |= {"wasi-sdk-34", "wasi-sdk-24"}
    found = cells(store, [], main, other, target=("wasi",))
    assert sorted(found) == [("wasi-sdk-24", "wasmtime-50.0.1"), ("wasi-sdk-34", "wasmtime-50.0.1")]


def test_the_cell_of_a_series_that_was_named_exactly_is_kept(store: Store, have: set[str]) -> None:
    request = CellRequest(selection=Selection(cell=("wasi_wasi-sdk-24_cpython-3.13.5_wasmtime-50.0.1",)))
    matrix = matrix_of(request)
    assert settled(request, matrix, expansion_of(request, matrix), store, print) == request
