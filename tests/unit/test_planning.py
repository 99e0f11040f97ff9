"""Planning scales: what `nox -s bench -- planning` measures has bounds that hold on a busy machine, too."""

from __future__ import annotations

import io

from rich.console import Console

from benchmarks import planning
from matrix.expand import expand


def test_ten_thousand_cells_are_expanded_and_selected_from_within_the_bounds() -> None:
    found = planning.measure()
    assert found.cells == 10_000
    assert sum(found.seconds.values()) < 5.0
    assert found.peak_mib < 500.0
    counts = dict(name.split(": ") for name in found.seconds)
    assert counts == {
        "expand": "10000",
        "select all": "10000",
        "select ranges": "15",
        "select the default": "1",
        "select ids": "100",
    }
    said = io.StringIO()
    planning.show(found, Console(file=said, width=200))
    assert "10000 cells" in said.getvalue()


def test_the_synthetic_matrix_has_rules_that_are_looked_at() -> None:
    matrix = planning.synthetic()
    assert len(matrix.exclusions) == planning.RULES
    assert len(expand(matrix).rejected) == planning.CELLS // planning.SDKS
