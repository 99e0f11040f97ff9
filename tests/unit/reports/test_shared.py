"""What cells of a run share."""

from __future__ import annotations

import itertools

import pytest

from reports.shared import in_words, shared_notes, untested
from reports.summary import CellStatus, CellSummary, CPythonUsed, Modules, RuntimeUsed, SdkUsed, reuse_in_words
from tests.unit.summaries import cell_of

CELLS = [
    cell_of(
        id=f"{sdk}-{cpython}-{runtime}",
        sdk=SdkUsed(id=f"sdk-{sdk}", version=""),
        cpython=CPythonUsed(version=cpython),
        runtime=RuntimeUsed(name="wasmtime", version=runtime),
    )
    for sdk, cpython, runtime in itertools.product(("16", "24", "33"), ("3.11", "3.13"), ("49", "50"))
]


def these(*parts: str) -> list[str]:
    return [cell.id for cell in CELLS if all(part in cell.id.split("-") for part in parts)]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([cell.id for cell in CELLS], "all 12 cells"),
        (["16-3.11-49"], "16-3.11-49"),
        (these("24"), "4 cells (sdk-24)"),
        (these("3.13"), "6 cells (cpython-3.13)"),
        (these("24", "50"), "2 cells (sdk-24, wasmtime-50)"),
        (these("16") + these("33"), "8 cells (sdk-16 or sdk-33)"),
        (["16-3.11-49", "24-3.13-50"], "2 of 12 cells"),
    ],
    ids=str,
)
def test_cells_are_named_by_the_fewest_parts_that_they_alone_have(cells: list[str], words: str) -> None:
    assert in_words(cells, CELLS) == words


def noted(*notes: str, reused: int = 0) -> CellSummary:
    return cell_of(id=f"{len(notes)}-{reused}", notes=notes, modules=Modules(run=9, planned=9, reused=reused))


def test_a_note_is_listed_once_with_its_cells_and_the_most_common_first() -> None:
    found = shared_notes([noted("rare", "common"), noted("common")])
    assert [(note.text, note.cells) for note in found] == [("common", ("2-0", "1-0")), ("rare", ("2-0",))]


def test_notes_that_differ_in_an_address_are_one() -> None:
    first, second, third = (f"https://example.org/{number}.tar cannot be fetched" for number in range(3))
    (note,) = shared_notes([noted(first, second), noted(third)])
    assert note.text == "https://example.org/0.tar and 2 other addresses cannot be fetched"
    assert note.cells == ("2-0", "1-0")


def test_the_number_of_reused_results_is_no_shared_note() -> None:
    assert shared_notes([noted(reuse_in_words(3, 9), reused=3)]) == []


def test_cells_are_untested_for_the_same_reason_only_in_the_same_state() -> None:
    failed, missing = CellStatus.BUILD_FAILED, CellStatus.UNOBTAINABLE
    cells = [
        cell_of("why", failed, id="a"),
        cell_of("why", failed, id="b"),
        cell_of("why", failed, id="c", expected=True),
        cell_of("why", missing, id="d"),
        cell_of(id="e"),
    ]
    assert [one.cells for one in untested(cells)] == [("a", "b"), ("c",), ("d",)]
