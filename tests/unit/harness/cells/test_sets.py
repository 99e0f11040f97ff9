"""Named sets of cells, and which of them may be missing."""

from __future__ import annotations

import re

import pytest

from harness.cells import sets
from harness.cells.sets import cells_of_set, may_be_missing_of_set
from matrix.files import CellSet
from matrix.load import load_sets
from matrix.select import Selection


def test_the_set_has_the_cells_that_may_be_missing() -> None:
    cells = {cell.id for cell in cells_of_set("default")}
    optional = set(may_be_missing_of_set("default"))
    assert optional
    assert optional < cells


def test_what_the_default_set_requires_comes_from_suites_that_do_not_move() -> None:
    optional = set(may_be_missing_of_set("default"))
    for cell in cells_of_set("default"):
        wasi, emscripten = cell.build.sdk.composed, cell.build.sdk.composed_emscripten
        suites = {*wasi.suites, wasi.libc.suite} if wasi else {emscripten.suite} if emscripten else set()
        assert suites, f"{cell.id}: its SDK is not composed"
        moves = [suite for suite in suites if not re.fullmatch("(bookworm|trixie)(-security)?", suite)]
        assert not moves or cell.id in optional, f"{cell.id}: {moves} moves"


@pytest.mark.parametrize("name", [row.name for row in load_sets()])
def test_no_set_has_a_runtime_that_is_only_for_bisecting(name: str) -> None:
    assert not [cell.id for cell in cells_of_set(name) if cell.runtime.for_bisecting]


def test_a_cell_that_is_also_required_may_not_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    wasi = Selection(target=("wasi",), sdk=("24",))
    both = CellSet(name="both", cells=(wasi,), may_be_missing=(wasi,))
    monkeypatch.setattr(sets, "load_sets", lambda: (both,))
    assert may_be_missing_of_set("both") == ()


def test_the_weekly_set_has_the_debug_build_that_upstream_s_buildbots_test() -> None:
    (cell,) = cells_of_set("weekly")
    assert cell.id == "wasi_wasi-sdk-24_cpython-3.13.5_debug_wasmtime-50.0.1"
