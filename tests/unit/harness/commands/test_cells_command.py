"""Which cells `cells` lists."""

from __future__ import annotations

import pytest

from harness.commands.cells import usual
from matrix.expand import expand
from matrix.load import load
from matrix.outline import usual_cells
from matrix.select import Selection, listed


@pytest.mark.parametrize(
    ("selection", "there", "absent"),
    [
        (Selection(), {"wasmtime-50.0.1", "wasmtime-36.0.0"}, {"wasmtime-30.0.0", "wasmtime-48.0.0"}),
        (Selection(target=("wasi",)), {"wasmtime-50.0.1"}, {"wasmtime-36.0.0", "wasmtime-48.0.0"}),
        (Selection(target=("wasi",), runtime=("wasmtime",)), {"wasmtime-50.0.1", "wasmtime-48.0.0"}, set()),
    ],
)
def test_what_is_for_bisecting_is_listed_when_it_is_asked_for(
    selection: Selection, there: set[str], absent: set[str]
) -> None:
    matrix = load()
    found = usual(listed(expand(matrix), selection), matrix, selection)
    runtimes = {cell.runtime.id for cell in found.cells}
    assert there <= runtimes
    assert not absent & runtimes


def test_without_a_selection_the_list_is_that_of_nox() -> None:
    matrix = load()
    found = usual(listed(expand(matrix), Selection()), matrix, Selection())
    assert len(found.cells) == len(usual_cells())
