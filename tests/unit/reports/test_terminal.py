"""What a run says on the terminal at its end."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec.structs import replace

from reports.summary import CellStatus, Modules, SdkUsed
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


def test_the_end_of_a_run_lists_causes_with_a_command_each(tmp_path: Path) -> None:
    rows = (row_of("test.test_a"), replace(row_of("test.test_a"), test="test.test_b", cell="b"))
    said = shown(run_of(cell_of(), cell_of(id="b"), cell_of(id="c"), unexpected=rows, exit_status=1), tmp_path)
    assert "2 unexpected, 1 cause\n" in said
    assert "regression failed test.test_a" in said
    assert "2 tests in 2 of 3 cells: test.test_a, test.test_b" in said
    assert said.count("again: ") == 1
    assert "again: nox test.test_a" in said
    assert "index.html" in said


def test_a_red_row_is_shown_by_what_was_raised_and_not_by_the_end_of_a_diff(tmp_path: Path) -> None:
    detail = "Traceback (most recent call last):\n  File 'a'\nAssertionError: 'a' != 'b'\n- a\n+ b\n? ^\n"
    row = replace(row_of("test.test_a"), detail=detail)
    said = shown(run_of(cell_of(), unexpected=(row,), exit_status=1), tmp_path)
    assert "AssertionError: 'a' != 'b'" in said
    assert "+ b" not in said


def test_the_end_of_a_run_shows_the_first_causes_and_counts_the_rest(tmp_path: Path) -> None:
    rows = tuple(row_of(f"test.test_a.A.test_{number}.") for number in range(20))
    said = shown(run_of(cell_of(), unexpected=rows), tmp_path)
    assert "20 unexpected, 20 causes" in said
    assert "test_7." in said
    assert "test_8." not in said
    assert "and 12 more causes in summary.md" in said


def test_the_end_of_a_run_counts_what_differs(tmp_path: Path) -> None:
    said = shown(comparing(comparison_of("test.test_a.A.test_one")), tmp_path)
    assert "1 of 1000 tests differ between the 3 cells of cpython-3.11.2" in said


def test_the_reason_of_an_untested_cell_is_shown(tmp_path: Path) -> None:
    said = shown(run_of(cell_of("no such release", CellStatus.UNOBTAINABLE)), tmp_path)
    assert "unobtainable" in said
    assert "no such release" in said


def test_a_nightly_of_fourteen_cells_ends_with_one_screen(tmp_path: Path) -> None:
    archive = "release archive: https://example.org/{}.tar.gz cannot be fetched: no connection"
    cells = [
        cell_of(
            id=f"cell-{number}",
            sdk=SdkUsed(id=f"wasi-sdk-{number % 2}", version=""),
            notes=(archive.format(number % 2), f"wasi-sdk-{number % 2}: composed of parts", "2 of 5 modules have ..."),
            modules=Modules(planned=5, run=5, reused=number % 5),
        )
        for number in range(14)
    ]
    detail = 'Traceback (most recent call last):\n  File "/Lib/test/test_a.py", line 3, in test_b\nValueError: {}\n'
    rows = [
        replace(row_of(f"test.test_a.A.test_{number}"), detail=detail.format(number), cell=f"cell-{number % 14}")
        for number in range(400)
    ]
    said = shown(run_of(*cells, unexpected=tuple(rows)), tmp_path)
    assert said.count("release archive") == 1
    assert "note: all 14 cells: release archive: https://example.org/0.tar.gz and 1 other address cannot" in said
    assert "note: 7 cells (wasi-sdk-1): wasi-sdk-1: composed of parts" in said
    assert "400 unexpected, 1 cause\n" in said
    assert "ValueError: 0  (test/test_a.py, line 3, in test_b)" in said
    assert len(said.splitlines()) <= 40


def test_of_one_cell_the_notes_do_not_repeat_its_name(tmp_path: Path) -> None:
    assert "note: a note\n" in shown(run_of(cell_of()), tmp_path)


def test_cells_that_were_not_tested_for_one_reason_are_said_once(tmp_path: Path) -> None:
    cells = [cell_of("make failed", CellStatus.BUILD_FAILED, id=name, expected=True) for name in ("a", "b")]
    said = shown(run_of(*cells), tmp_path)
    assert "both cells: does not build, as expected: make failed" in said
    assert said.count("make failed\n") == 1 + said.count("note: both cells: make failed\n")


def test_a_reason_of_many_lines_does_not_fill_the_screen(tmp_path: Path) -> None:
    reason = "\n".join(f"line {number}." for number in range(100))
    said = shown(run_of(cell_of(reason, CellStatus.BUILD_FAILED, notes=())), tmp_path)
    assert "line 0." in said
    assert "line 99." in said
    assert "line 50." not in said
