"""Which cells a condition holds for."""

from __future__ import annotations

import pytest

from matrix.conditions import Condition
from matrix.versions import Requirement
from tests.unit.made import FACTS


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (Condition(), True),
        (Condition(target=("wasi",)), True),
        (Condition(target=("node", "browser")), False),
        (Condition(sdk=(Requirement.parse("16"), Requirement.parse("24"))), True),
        (Condition(sdk=(Requirement.parse("emscripten>=1"),)), False),
        (Condition(cpython=(Requirement.parse("3.13"),)), True),
        (Condition(cpython=(Requirement.parse("cpython>=3.14"),)), False),
        (Condition(runtime=(Requirement.parse("wasmtime-5*"),)), True),
        (Condition(runtime=(Requirement.parse("wasmtime-cli-*"),)), False),
        (Condition(runtime=(Requirement.parse("!node"),)), True),
        (Condition(runtime=(Requirement.parse("!wasmtime<60"),)), False),
        (Condition(runtime=(Requirement.parse("wasmtime"), Requirement.parse("!50"))), False),
        (Condition(target=("wasi",), cpython=(Requirement.parse("<3.13"),)), False),
    ],
)
def test_a_condition_holds_if_every_axis_that_it_names_matches(condition: Condition, holds: bool) -> None:
    assert condition.holds(FACTS) is holds
