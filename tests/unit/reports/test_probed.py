"""The squares of the matrix of limitations, and the versions that lift a limitation."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from matrix.conditions import Condition
from matrix.limitations import Limitation, State
from matrix.model import Cell
from reports.limitation_matrix import as_markdown
from reports.probed import Square, lifted_from, square, without_probe
from tests.unit import made

WASI = Condition(target=("wasi",))
ENTRY = Limitation(id="no-fork", title="There is no fork", section="processes", when=WASI, probe="a.py")
CELL = made.cell()


@pytest.mark.parametrize(
    ("state", "listed", "wrong"),
    [
        (State("holds"), True, ""),
        (State("holds"), False, "the list does not say that it holds"),
        (State("partly"), True, ""),
        (State("partly"), False, "the list does not say that it holds"),
        (State("lifted"), True, "the list says that it holds"),
        (State("lifted"), False, ""),
        (State("cannot be tried"), True, ""),
        (State("cannot be tried"), False, ""),
        (State("broken"), True, "its probe is broken, matrix/probes/a.py"),
        (State("broken"), False, "its probe is broken, matrix/probes/a.py"),
    ],
)
def test_a_probe_that_disagrees_with_the_list_is_wrong(state: State, listed: bool, wrong: str) -> None:
    entry = ENTRY if listed else replace(ENTRY, when=Condition(target=("node",)))
    found = square(entry, CELL, state, "seen")
    assert (found.listed, found.wrong) == (listed, wrong)


def test_neutral_causes_need_no_probe() -> None:
    neutral = replace(ENTRY, id="without-zlib", section="neutral", probe="")
    assert without_probe([ENTRY, neutral, replace(ENTRY, id="no-exec", probe="")]) == ["no-exec"]


def cell(sdk: str) -> Cell:
    return replace(CELL, build=replace(CELL.build, sdk=made.sdk(sdk)))


def squares(*states: tuple[str, str]) -> list[Square]:
    return [square(ENTRY, cell(sdk), State(state), f"saw {state}") for sdk, state in states]


def test_the_version_that_lifts_a_limitation_is_found() -> None:
    cells = {cell(sdk).id: cell(sdk) for sdk in ("16", "24", "33")}
    found = squares(("16", "holds"), ("24", "partly"), ("33", "lifted"))
    assert [str(one) for one in lifted_from(found, cells)] == ["from wasi-sdk 33 on (not with 24)"]


def test_the_matrix_shows_states_and_disagreements() -> None:
    found = squares(("16", "holds"), ("33", "lifted"))
    text = as_markdown([ENTRY], [cell("16"), cell("33")], found)
    assert "| [no-fork](#no-fork) | ● | ○! |" in text
    assert "- ● holds (1): saw holds" in text
    assert "- ○ lifted (2): saw lifted **the list says that it holds**" in text
    assert "- lifted from wasi-sdk 33 on (not with 16)" in text
