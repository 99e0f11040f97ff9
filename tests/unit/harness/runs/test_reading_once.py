"""A nightly has a million outcomes: each stage of a run reads the outcomes of a cell from disk once."""

from __future__ import annotations

import builtins
import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.runs import publish as publishing
from harness.runs.finished import CellProgress, Progress
from harness.runs.publish import publish
from harness.runs.records import CELL as RECORD
from harness.runs.records import CellRecord, StartedRun, cell_directory, write_record
from harness.suite.files import OUTCOMES
from harness.suite.results import append_result
from matrix.limitations import Expectation, Limitations
from matrix.outcome import Status
from matrix.resolve import ResolvedCell
from reports.summary import CellStatus, untested_cell
from tests.unit import made
from tests.unit.made import outcome, result
from tests.unit.requests import run_request

CELL = made.resolved()
FLAKY = Limitations((made.expecting("test.test_a.*", Expectation.FLAKY, rate=0.2),))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file was opened for reading, by the names of its directory and itself."""
    counts: Counter[str] = Counter()
    real: Callable[..., Any] = io.open

    def spy(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        if "r" in mode and not isinstance(file, int):
            counts["/".join(Path(file).parts[-2:])] += 1
        return real(file, mode, *args, **options)

    monkeypatch.setattr(io, "open", spy)
    monkeypatch.setattr(builtins, "open", spy)
    return counts


def write_run(directory: Path, *cells: ResolvedCell) -> StartedRun:
    """A run in which every cell has one flaky test that passed."""
    for cell in cells:
        place = cell_directory(directory, cell.id)
        place.mkdir(parents=True)
        append_result(place / OUTCOMES, result(outcome(status=Status.PASSED), digest="d1"))
        base = untested_cell(cell, CellStatus.OK, "")
        write_record(directory, CellRecord(base=base, tested=True, planned=("test_a",), suite=1, whole=True))
    return StartedRun(run_id=directory.name, started="2026-01-01T00:00:00+00:00", request=run_request(directory.parent))


def test_publishing_a_run_reads_each_cell_once(
    tmp_path: Path, opened: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "load", made.matrix)
    run = write_run(tmp_path / "run-01", CELL)
    for time in (1, 2):  # the second time there is a history to ask for the rates of flaky tests
        shown = publish(tmp_path / "run-01", run, [CELL], FLAKY, 1.0, Console(file=io.StringIO()))
        assert shown.summary.exit_status == 0
        assert (opened[f"{CELL.id}/{OUTCOMES}"], opened[f"{CELL.id}/{RECORD}"]) == (time, time)


def test_a_nightly_reads_a_cell_again_only_after_a_task_of_it(tmp_path: Path, opened: Counter[str]) -> None:
    write_run(tmp_path, CELL)
    progress = Progress(tmp_path)
    for _ in range(3):  # there is more than one task that asks for a cell
        assert progress.of(CELL.id) == CellProgress(finished=True, seconds=1.5)
    assert opened[f"{CELL.id}/{OUTCOMES}"] == 1
    progress.forget([CELL.id])
    assert progress.of(CELL.id).finished
    assert opened[f"{CELL.id}/{OUTCOMES}"] == 2
