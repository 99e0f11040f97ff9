"""What a run says on the terminal at its end."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec.structs import replace

from reports.summary import CellStatus
from tests.unit.hostile import UNSEEN
from tests.unit.summaries import MARK, cell_of, comparing, comparison_of, hostile, hostile_run, row_of, run_of, shown


def test_unexplained_skips_are_counted_with_the_command_that_lists_them(tmp_path: Path) -> None:
    assert "no limitation explains" not in shown(run_of(cell_of()), tmp_path)
    text = shown(run_of(cell_of(unattributed_skips=30), cell_of(unattributed_skips=5)), tmp_path)
    assert "35 skips that no limitation explains: nox -s triage -- queue 20261122-120301-wasi-3f9a" in text


@hostile
def test_hostile_text_neither_breaks_nor_steers_the_terminal(tmp_path: Path, text: str) -> None:
    said = shown(hostile_run(text), tmp_path)
    assert MARK in said
    assert not re.search(UNSEEN, said)


def test_the_end_of_a_run_lists_red_outcomes_with_commands(tmp_path: Path) -> None:
    said = shown(run_of(cell_of(), unexpected=(row_of("test.test_a"),), exit_status=1), tmp_path)
    assert "1 unexpected" in said
    assert "regression failed test.test_a" in said
    assert "again: nox test.test_a" in said
    assert "index.html" in said


def test_a_red_row_is_shown_by_what_was_raised_and_not_by_the_end_of_a_diff(tmp_path: Path) -> None:
    detail = "Traceback (most recent call last):\n  File 'a'\nAssertionError: 'a' != 'b'\n- a\n+ b\n? ^\n"
    row = replace(row_of("test.test_a"), detail=detail)
    said = shown(run_of(cell_of(), unexpected=(row,), exit_status=1), tmp_path)
    assert "AssertionError: 'a' != 'b'" in said
    assert "+ b" not in said


def test_the_end_of_a_run_shows_the_first_red_rows_and_counts_the_rest(tmp_path: Path) -> None:
    rows = tuple(row_of(f"test.test_a.A.test_{number}.") for number in range(20))
    said = shown(run_of(cell_of(), unexpected=rows), tmp_path)
    assert "20 unexpected" in said
    assert "test_14." in said
    assert "test_15." not in said
    assert "and 5 more in summary.md" in said


def test_the_end_of_a_run_counts_what_differs(tmp_path: Path) -> None:
    said = shown(comparing(comparison_of("test.test_a.A.test_one")), tmp_path)
    assert "1 of 1000 tests differ between the 3 cells of cpython-3.11.2: see index.html" in said


def test_the_reason_of_an_untested_cell_is_shown(tmp_path: Path) -> None:
    said = shown(run_of(cell_of("no such release", CellStatus.UNOBTAINABLE)), tmp_path)
    assert "unobtainable" in said
    assert "no such release" in said
