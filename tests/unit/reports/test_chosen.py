from __future__ import annotations

import pytest

from matrix.errors import UsageError
from reports.chosen import Chosen, choose, narrowed
from reports.history import RecordedCell

A, B, C = "wasi_a", "wasi_b", "node_c"


def cell(run: str, name: str, *, tested: bool = True) -> RecordedCell:
    return RecordedCell(
        key=0, run=run, started=run, cell=name, status="ok", tested=tested, whole=True, complete=True, used={}
    )


RUNS = [
    cell("run-5", A, tested=False),
    cell("run-4", A),
    cell("run-4", B),
    cell("run-3", C),
    cell("run-2", A),
    cell("run-2", C),
    cell("run-1", A),
    cell("run-1", B, tested=False),
]
"""the newest run first; the newest one built nothing"""


def pairs(before: str, after: str, cells: list[RecordedCell] = RUNS) -> list[tuple[str, str]]:
    return [(f"{old.run}:{old.cell}", f"{new.run}:{new.cell}") for old, new in choose(cells, before, after).pairs]


def refusal(before: str, after: str, cells: list[RecordedCell] = RUNS) -> str:
    with pytest.raises(UsageError) as caught:
        choose(cells, before, after)
    return str(caught.value)


def test_runs_are_compared_in_the_cells_that_both_have() -> None:
    assert pairs("run-1", "run-4") == [("run-1:wasi_a", "run-4:wasi_a"), ("run-1:wasi_b", "run-4:wasi_b")]
    assert pairs("run-2", "run-4") == [("run-2:wasi_a", "run-4:wasi_a")]


def test_cells_of_one_run_only_are_listed() -> None:
    found = choose(RUNS, "run-2", "run-4")
    assert (found.only_before, found.only_after) == ((C,), (B,))


def test_the_latest_run_is_the_newest_that_has_outcomes() -> None:
    assert pairs("run-1", "latest")[0] == ("run-1:wasi_a", "run-4:wasi_a")


def test_the_previous_run_is_the_newest_before_it_with_outcomes_of_one_of_its_cells() -> None:
    assert pairs("previous", "latest") == [("run-2:wasi_a", "run-4:wasi_a")]
    assert pairs("latest", "previous") == [("run-4:wasi_a", "run-2:wasi_a")]


def test_the_previous_run_is_the_one_before_the_other() -> None:
    assert pairs("previous", "run-3") == [("run-2:node_c", "run-3:node_c")]
    assert pairs("previous", "run-2") == [("run-1:wasi_a", "run-2:wasi_a")]
    assert "no run before run-1 has outcomes of one of its cells: wasi_a\n  -> no earlier" in refusal(
        "previous", "run-1"
    )


def test_without_a_previous_run_of_the_cell_it_is_said_which_run_has_which_cells_and_what_to_type() -> None:
    said = refusal("previous", "latest", [cell("run-9", B), *RUNS[4:]])
    assert "no run before run-9 has outcomes of one of its cells: wasi_b" in said
    assert "the run before it, run-2, has node_c, wasi_a" in said
    assert "-> to compare two cells: nox -s diff -- run-2:node_c run-9:wasi_b" in said


def test_a_run_without_outcomes_is_compared_with_none_before_it() -> None:
    assert "run run-5 has no outcomes" in refusal("previous", "run-5")


def test_two_cells_are_those_of_the_newest_run_that_has_outcomes_of_both() -> None:
    assert pairs(A, B) == [("run-4:wasi_a", "run-4:wasi_b")]
    assert pairs(C, A) == [("run-2:node_c", "run-2:wasi_a")]
    assert "no run has outcomes of both wasi_b and node_c" in refusal(B, C)


def test_run_and_cell_select_one_cell() -> None:
    assert pairs("run-1:wasi_a", "run-3:node_c") == [("run-1:wasi_a", "run-3:node_c")]
    assert pairs("run-2:wasi_a", "run-2:node_c") == [("run-2:wasi_a", "run-2:node_c")]


def test_latest_and_previous_mean_runs_that_have_the_cell() -> None:
    assert pairs("previous:node_c", "latest:node_c") == [("run-2:node_c", "run-3:node_c")]


def test_a_cell_without_outcomes_is_compared_when_its_run_is_named() -> None:
    assert pairs("latest", "run-5") == [("run-4:wasi_a", "run-5:wasi_a")]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("run-1", "run-44", "there is no run 'run-44' in the history\n  -> did you mean run-4"),
        ("latst", "latest", "did you mean latest?"),
        ("run-1:wasi_x", "run-4:wasi_a", "no run has the cell 'wasi_x'\n  -> did you mean wasi_"),
        ("run-3:wasi_a", "run-4:wasi_a", "there is no run 'run-3'"),
        ("run-1:wasi_a", "run-4", "a cell is named on one side only"),
        ("run-1", "run-3", "run-1 and run-3 have no cell in common: wasi_a, wasi_b; node_c"),
        (A, "run-4", "there is no run 'wasi_a'"),
    ],
)
def test_an_unknown_name_is_refused(before: str, after: str, message: str) -> None:
    assert message in refusal(before, after)


def test_without_outcomes_there_is_no_latest_run() -> None:
    assert "no run has outcomes" in refusal("previous", "latest", RUNS[:1])
    assert "no run has outcomes" in refusal("previous", "latest", [])


def test_only_named_cells_are_left() -> None:
    assert [one.run for one in narrowed(RUNS, [C])] == ["run-3", "run-2"]
    assert narrowed(RUNS, []) == RUNS
    assert choose(narrowed(RUNS, [C]), "previous", "latest") == Chosen(pairs=((RUNS[5], RUNS[3]),))
    with pytest.raises(UsageError, match="no run has the cell 'wasi_x'"):
        narrowed(RUNS, ["wasi_x"])
