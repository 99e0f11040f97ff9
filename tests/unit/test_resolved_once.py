"""What the matrix says about a cell is looked up once (`matrix.resolve`); later stages read it from the record."""

from __future__ import annotations

import ast

import pytest

from tests.unit.test_imports import SOURCES, imports_of, tree

RESOLVERS = {
    "harness/cells/selection.py",
    "harness/cells/sets.py",
    "harness/cells/wanted.py",  # looks at every SDK that could be selected
    "harness/commands/cells.py",  # lists an expansion, whether selected or not
    "harness/commands/triage/bisect.py",  # walks along an axis, beyond the cells that were selected
    "harness/commands/triage/bisect_commits.py",  # the same, along the commits of a checkout
}
"""the modules that turn cells into resolved cells"""

LOOKUPS = {
    "series_of",
    "runtime",
    "series",
    "exclusions",
    "allowed_to_fail",
    "repairs",
    "expected_build_failures",
    "runtime_flags",
    "ports",
}
"""the members of `Matrix` that say something about single cells"""

PIN_UPDATES = "harness/commands/update_pins.py"
"""rewrites the matrix's tables, and so reads them as tables"""

BELOW = [source for source in SOURCES if not source.startswith("matrix/") and source != PIN_UPDATES]


def lookups(module: ast.Module) -> set[str]:
    """The lookups in a matrix that a module makes: `matrix.series_of`, `self._matrix.ports`, `load().runtime`."""
    return {
        node.attr
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute) and node.attr in LOOKUPS and _is_matrix(node.value)
    }


def _is_matrix(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in ("load", "matrix_of")
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name.lstrip("_") == "matrix"


@pytest.mark.parametrize("source", BELOW)
def test_no_later_stage_looks_a_cell_up_in_the_matrix(source: str) -> None:
    assert not lookups(tree(source))


@pytest.mark.parametrize("source", BELOW)
def test_cells_are_resolved_where_they_are_selected(source: str) -> None:
    assert source in RESOLVERS or "matrix.resolve.resolve" not in imports_of(source)


@pytest.mark.parametrize("source", sorted(RESOLVERS))
def test_those_are_the_modules_that_resolve(source: str) -> None:
    assert "matrix.resolve.resolve" in imports_of(source)


@pytest.mark.parametrize(
    "text", ["matrix.series_of(build)", "self._matrix.ports", "chosen.matrix.runtime('x')", "load().repairs"]
)
def test_every_form_of_lookup_is_seen(text: str) -> None:
    assert lookups(ast.parse(text))


@pytest.mark.parametrize("text", ["matrix.sdks", "settings.runtime_flags", "cell.ports", "matrix.expired(today)"])
def test_other_attributes_are_no_lookups(text: str) -> None:
    assert not lookups(ast.parse(text))
