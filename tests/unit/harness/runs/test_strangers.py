"""A run's directory may come from another machine: what it holds decides no path outside of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.runs.cell_report import read_cell
from harness.runs.records import CELL, CellRecord, cell_directory, read_record, write_record
from harness.suite.files import OUTCOMES
from harness.suite.results import append_result
from matrix import json_records
from matrix.errors import UsageError
from matrix.outcome import ModuleResult, Outcome, Status
from reports.summary import BuildStep, CellStatus, untested_cell
from tests.unit import made

ODD = ["../../elsewhere", "/etc", "..", ".", "", "a/b", "a\\b", ".hidden", "a\0b", "a" * 300, "a b", "-x"]


@pytest.mark.parametrize("cell", ODD)
def test_an_id_that_is_no_name_of_a_directory_is_refused(tmp_path: Path, cell: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a directory"):
        cell_directory(tmp_path, cell)


def test_the_ids_of_cells_are_names_of_directories(tmp_path: Path) -> None:
    assert cell_directory(tmp_path, made.cell().id) == tmp_path / "cells" / made.cell().id


@pytest.mark.parametrize("other", ["../../elsewhere", "another-cell"])
def test_a_record_belongs_to_the_cell_of_its_directory(tmp_path: Path, other: str) -> None:
    cell = made.cell()
    record = CellRecord(base=untested_cell(cell, CellStatus.OK, ""), tested=False)
    write_record(tmp_path, record)
    assert read_record(tmp_path, cell.id) == record
    stranger = replace(record, base=replace(record.base, id=other))
    (cell_directory(tmp_path, cell.id) / CELL).write_bytes(json_records.encode(stranger))
    with pytest.raises(UsageError, match="record of another cell"):
        read_record(tmp_path, cell.id)


@pytest.mark.parametrize("log", ["javascript:alert(1)", "../../x.log", "/etc/passwd", "logs/../x", "logs/", "//h/logs"])
def test_a_page_links_to_no_log_outside_of_the_cell(log: str) -> None:
    written = {"title": "make", "command": "make", "seconds": 1.0, "log": log}
    assert json_records.decode(json_records.encode(written), BuildStep).log == ""


def test_a_page_links_to_the_logs_of_a_build() -> None:
    assert BuildStep(title="t", command="c", seconds=1.0, log="logs/wasi_x-make.log").log == "logs/wasi_x-make.log"


@pytest.mark.parametrize("number", ["1e308", "-1", "-1e308", "1e11"])
def test_a_number_of_seconds_that_cannot_be_costs_only_itself(number: str) -> None:
    line = (
        f'{{"module":"test_a","duration":{number},"startup":{number},"finished":{number},'
        f'"outcomes":[{{"test":"t","status":"failed","duration":{number}}}]}}'
    )
    outcome = Outcome(test="t", status=Status.FAILED)
    found = json_records.decode(line.encode(), ModuleResult)
    assert found == ModuleResult(module="test_a", duration=0.0, outcomes=(outcome,))


def test_lines_that_do_not_count_are_said(tmp_path: Path) -> None:
    cell = made.resolved()
    base = untested_cell(cell, CellStatus.OK, "")
    write_record(tmp_path, CellRecord(base=base, tested=True, planned=("test_a", "test_b"), suite=2))
    outcomes = cell_directory(tmp_path, cell.id) / OUTCOMES
    append_result(outcomes, made.result(made.outcome(status=Status.FAILED)))
    append_result(outcomes, made.result(made.outcome(), module="test_b"))
    outcomes.write_bytes(outcomes.read_bytes().replace(b"failed", b"passed"))
    found = read_cell(tmp_path, cell, interrupted=False)
    assert found.results.keys() == {"test_b"}
    assert found.record.base.notes == (
        "1 lines of outcomes.jsonl are damaged, or have no seal: what they said does not count",
    )
