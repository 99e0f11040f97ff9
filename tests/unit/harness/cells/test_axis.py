"""The cells that differ in one version only."""

from __future__ import annotations

import pytest

from harness.cells.axis import Axis, between, row_of
from matrix.errors import UsageError
from matrix.expand import expand
from tests.unit import made


def test_a_row_has_the_cells_that_differ_on_its_axis_only() -> None:
    expansion = expand(made.matrix())
    row = row_of(expansion.cells[0], Axis.SDK, expansion)
    assert [cell.build.sdk.version for cell in row] == ["16", "24"]
    assert len({(cell.build.cpython.id, cell.runtime.id, cell.build.options) for cell in row}) == 1


@pytest.mark.parametrize(("first", "last"), [("wasi-sdk-16", "24"), ("", ""), ("16", "")])
def test_a_part_of_a_row_has_both_its_ends(first: str, last: str) -> None:
    expansion = expand(made.matrix())
    row = row_of(expansion.cells[0], Axis.SDK, expansion)
    assert between(row, Axis.SDK, first, last) == row


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        ("24", "", "two versions"),
        ("", "16", "two versions"),
        ("24", "16", "two versions"),
        ("25", "", "--first 25: there is no such version"),
        (">=x", "", "--first: "),
    ],
)
def test_a_part_without_two_versions_is_refused(first: str, last: str, message: str) -> None:
    expansion = expand(made.matrix())
    with pytest.raises(UsageError, match=message):
        between(row_of(expansion.cells[0], Axis.SDK, expansion), Axis.SDK, first, last)
