"""Squares of the matrix of limitations, and the versions that part them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from matrix.limitations import Limitation
from matrix.model import Cell, Condition, Facts
from reports.limitation_matrix import as_markdown, plain
from reports.probed import Boundary, Square, boundaries, lifted_from, square, without_probe
from tests.unit import made

WASI = Condition(target=("wasi",))
ENTRY = Limitation(id="no-fork", title="There is no fork", section="processes", when=WASI, probe="a.py")
CELL = made.cell()


@pytest.mark.parametrize(
    ("state", "listed", "wrong"),
    [
        ("holds", True, ""),
        ("holds", False, "the list does not say that it holds"),
        ("partly", True, ""),
        ("partly", False, "the list does not say that it holds"),
        ("lifted", True, "the list says that it holds"),
        ("lifted", False, ""),
        ("cannot be tried", True, ""),
        ("cannot be tried", False, ""),
        ("broken", True, "the probe is broken"),
        ("broken", False, "the probe is broken"),
    ],
)
def test_a_probe_that_disagrees_with_the_list_is_wrong(state: str, listed: bool, wrong: str) -> None:
    entry = ENTRY if listed else replace(ENTRY, when=Condition(target=("node",)))
    found = square(entry, CELL, state, "seen")
    assert (found.listed, found.wrong) == (listed, wrong)


def test_neutral_causes_need_no_probe() -> None:
    neutral = replace(ENTRY, id="without-zlib", section="neutral", probe="")
    assert without_probe([ENTRY, neutral, replace(ENTRY, id="no-exec", probe="")]) == ["no-exec"]


FACTS = made.FACTS


def versions(**changes: str) -> Facts:
    return replace(FACTS, **changes)


def test_the_version_of_an_axis_that_parts_cells_is_found() -> None:
    yes = [versions(sdk_version="24"), versions(sdk_version="33", cpython="3.11.2")]
    no = [versions(sdk_version="16"), versions(sdk_version="9", cpython="3.11.2")]
    assert boundaries(yes, no) == [Boundary(axis="SDK", name="wasi-sdk", first="24", last="16")]
    assert str(boundaries(yes, no)[0]) == "from wasi-sdk 24 on (not with 16)"


def test_cells_that_are_mixed_have_no_boundary() -> None:
    assert boundaries([versions(sdk_version="16")], [versions(sdk_version="9"), versions(sdk_version="33")]) == []
    assert boundaries([FACTS], []) == []


def test_other_targets_and_names_are_not_compared() -> None:
    assert boundaries([versions(target="node", sdk_version="33")], [versions(sdk_version="16")]) == []
    assert boundaries([versions(runtime="node", runtime_version="99")], [FACTS]) == []


def cell(sdk: str) -> Cell:
    return replace(CELL, build=replace(CELL.build, sdk=made.sdk(sdk)))


def squares(*states: tuple[str, str]) -> list[Square]:
    return [square(ENTRY, cell(sdk), state, f"saw {state}") for sdk, state in states]


def test_a_limitation_is_lifted_from_a_version_on() -> None:
    cells = {cell(sdk).id: cell(sdk) for sdk in ("16", "24", "33")}
    found = squares(("16", "holds"), ("24", "partly"), ("33", "lifted"))
    assert [str(one) for one in lifted_from(found, cells)] == ["from wasi-sdk 33 on (not with 24)"]


def test_the_matrix_shows_states_and_what_disagrees() -> None:
    found = squares(("16", "holds"), ("33", "lifted"))
    text = as_markdown([ENTRY], [cell("16"), cell("33")], found)
    assert "| [no-fork](#no-fork) | ● | ○! |" in text
    assert "- ● holds (1): saw holds" in text
    assert "- ○ lifted (2): saw lifted **the list says that it holds**" in text
    assert "- lifted from wasi-sdk 33 on (not with 16)" in text


def test_what_a_guest_wrote_does_not_format() -> None:
    assert plain("<b>|`a`\n\x1b[31m *x*") == r"\<b\>\|\`a\` \[31m \*x\*"
    assert plain("x" * 1000) == "x" * 300 + "..."
