"""The synthetic matrix of `nox -s bench -- planning`; tests/integration/test_planning.py plans with it."""

from __future__ import annotations

from benchmarks import planning
from matrix.expand import expand


def test_the_synthetic_matrix_has_rules_that_are_looked_at() -> None:
    matrix = planning.synthetic()
    assert len(matrix.exclusions) == planning.RULES
    assert len(expand(matrix).rejected) == planning.CELLS // planning.SDKS
