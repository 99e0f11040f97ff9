from __future__ import annotations

import datetime
import io
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import Console

from harness.cells.prepare import Preparer
from harness.runs import publish as publishing
from harness.runs.one_by_one import build_cells
from harness.runs.publish import publish
from harness.runs.records import CellRecord, StartedRun, write_record
from matrix import json_records
from matrix.conditions import Condition
from matrix.errors import BuildFailed
from matrix.limitations import Limitations
from matrix.model import Matrix
from matrix.resolve import ResolvedCell, resolve
from matrix.rules import AllowedToFail
from reports.summary import CellStatus, CellSummary, Summary, untested_cell
from tests.unit import made
from tests.unit.requests import run_request

BEFORE = datetime.date(2020, 1, 31)


def summary_of(status: CellStatus) -> CellSummary:
    return untested_cell(made.cell(), status, "because")


def matrix_with(*rules: AllowedToFail) -> Matrix:
    return made.matrix(allowed_to_fail=rules)


@pytest.fixture
def run(tmp_path: Path) -> StartedRun:
    return StartedRun(run_id="r", started="2026-11-22T12:03:01+00:00", request=run_request(tmp_path))


@pytest.mark.parametrize(
    ("rules", "status", "reason", "red"),
    [
        ((), 3, "", []),
        ((AllowedToFail(when=Condition(), reason="it hangs"),), 0, "it hangs", []),
        ((AllowedToFail(when=Condition(target=("node",)), reason="it hangs"),), 3, "", []),
        ((AllowedToFail(when=Condition(), reason="it hangs", expires=BEFORE),), 1, "it hangs", ["expired"]),
    ],
)
def test_a_run_is_reported_by_the_rules_of_today(
    run: StartedRun,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rules: tuple[AllowedToFail, ...],
    status: int,
    reason: str,
    red: list[str],
) -> None:
    matrix = matrix_with(*rules)
    monkeypatch.setattr(publishing, "load", lambda: matrix)
    before = replace(summary_of(CellStatus.BUILD_FAILED), allowed_to_fail="a rule that is gone")
    write_record(tmp_path / run.run_id, CellRecord(base=before, tested=False))
    directory = tmp_path / run.run_id
    cells = [resolve(matrix, made.cell())]
    shown = publish(directory, run, cells, Limitations(()), 1.0, Console(file=io.StringIO()))
    assert shown.summary.exit_status == status
    summary = json_records.decode((directory / "summary.json").read_bytes(), Summary)
    assert summary.exit_status == status
    assert [cell.allowed_to_fail for cell in summary.cells] == [reason]
    assert [row.outcome for row in summary.unexpected] == red


@pytest.mark.parametrize(("optional", "status"), [(True, 0), (False, 3)])
def test_a_cell_that_may_be_missing_does_not_decide_the_exit_status(
    run: StartedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, optional: bool, status: int
) -> None:
    monkeypatch.setattr(publishing, "load", made.matrix)
    cell = resolve(made.matrix(), made.cell())
    if optional:
        run = replace(run, request=replace(run.request, may_be_missing=(cell.id,)))
    directory = tmp_path / run.run_id
    write_record(directory, CellRecord(base=summary_of(CellStatus.UNOBTAINABLE), tested=False))
    shown = publish(directory, run, [cell], Limitations(()), 1.0, Console(file=io.StringIO()))
    assert shown.summary.exit_status == status
    summary = json_records.decode((directory / "summary.json").read_bytes(), Summary)
    assert [cell.missing for cell in summary.cells] == [optional]


class NothingBuilds(Preparer):
    """A preparer whose builds all fail."""

    def __init__(self) -> None:
        pass

    def build(self, cell: ResolvedCell) -> Path:
        raise BuildFailed("make: error 1")


@pytest.mark.parametrize(
    ("rules", "status"), [((), 3), ((AllowedToFail(when=Condition(), reason="hangs on exit"),), 0)]
)
def test_an_allowed_build_failure_is_shown_and_does_not_decide(rules: tuple[AllowedToFail, ...], status: int) -> None:
    said = io.StringIO()
    console = Console(file=said, width=200)
    assert build_cells([resolve(matrix_with(*rules), made.cell())], NothingBuilds(), console) == status
    assert "make: error 1" in said.getvalue()
    assert ("allowed to fail: hangs on exit" in said.getvalue()) is bool(rules)
