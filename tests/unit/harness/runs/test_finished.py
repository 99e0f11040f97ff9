from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.machine.store import Store
from harness.runs.finished import CellProgress, Progress, TaskSeconds, is_finished
from harness.runs.records import CellRecord, cell_directory, write_files, write_record
from harness.suite.files import OUTCOMES
from harness.suite.results import append_result
from reports import render
from reports.summary import CellStatus, run_summary, untested_cell
from tests.unit import made
from tests.unit.made import outcome, result

CELL = made.cell()


def progress(run: Path, status: CellStatus = CellStatus.OK, modules: int = 0, **changes: Any) -> CellProgress:
    """How far a cell is that has a record like this and results of so many modules, 1.5 seconds each."""
    place = cell_directory(run, CELL.id)
    place.mkdir(parents=True)
    for name in ("test_a", "test_b")[:modules]:
        append_result(place / OUTCOMES, result(outcome(), module=name))
    write_record(run, CellRecord(base=untested_cell(CELL, status, ""), **changes))
    return Progress(run).of(CELL.id)


BOTH = ("test_a", "test_b")


def test_a_cell_without_a_record_is_not_finished(tmp_path: Path) -> None:
    assert not Progress(tmp_path).of(CELL.id).finished


@pytest.mark.parametrize(("modules", "finished"), [(0, False), (1, False), (2, True)])
def test_a_tested_cell_is_finished_when_each_planned_module_has_a_result(
    tmp_path: Path, modules: int, finished: bool
) -> None:
    found = progress(tmp_path, modules=modules, tested=True, planned=BOTH)
    assert found == CellProgress(finished=finished, seconds=1.5 * modules)


@pytest.mark.parametrize("why", [{"interrupted": True}, {"fault": "a worker died"}])
def test_a_cell_that_was_cut_short_is_not_finished(tmp_path: Path, why: dict[str, Any]) -> None:
    assert not progress(tmp_path, modules=2, tested=True, planned=BOTH, **why).finished


@pytest.mark.parametrize(
    ("status", "finished"), [(CellStatus.BUILD_FAILED, True), (CellStatus.UNOBTAINABLE, False), (CellStatus.OK, False)]
)
def test_an_untested_cell_is_finished_when_its_build_failed(tmp_path: Path, status: CellStatus, finished: bool) -> None:
    assert progress(tmp_path, status, tested=False).finished is finished


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_run_is_finished_when_its_report_says_so(tmp_path: Path, interrupted: bool) -> None:
    assert not is_finished(tmp_path)
    write_files(tmp_path, render.summary_files(run_summary("r", "2026", 1.0, (), (), (), interrupted=interrupted)))
    assert is_finished(tmp_path) is not interrupted


def test_the_seconds_of_tasks_are_kept(tmp_path: Path) -> None:
    seconds = TaskSeconds(Store(tmp_path))
    assert seconds.load() == {}
    seconds.remember("build a", 12.34)
    seconds.remember("test a", 5.0)
    assert TaskSeconds(Store(tmp_path)).load() == {"build a": 12.3, "test a": 5.0}
    (tmp_path / "state" / "tasks.json").write_text("[torn")
    assert seconds.load() == {}
