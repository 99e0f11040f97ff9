from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from harness.guests.settings import Limits
from harness.machine.files import write_atomically
from harness.runs.describing import read_description, write_description
from harness.runs.merge import merge
from harness.runs.records import STARTED, CellRecord, StartedRun, cell_directory, read_record, write_record
from harness.suite.files import OUTCOMES
from harness.suite.results import append_result, read_results
from matrix import json_records
from matrix.errors import UsageError
from matrix.expand import expand
from matrix.load import load
from matrix.model import Cell
from matrix.outcome import ModuleResult, Outcome, Status
from reports.build_facts import BuildDescription, BuildFacts
from reports.summary import CellStatus, untested_cell
from tests.unit.requests import run_request

CELLS: tuple[Cell, ...] = expand(load()).cells[:2]


def run(
    top: Path,
    name: str,
    modules: dict[str, Status],
    *,
    cell: Cell = CELLS[0],
    **changes: Any,
) -> Path:
    """Write a run of one cell with four modules, some of which were tested."""
    directory = top / name
    given = {key: changes.pop(key) for key in ("limits", "isolate") if key in changes}
    request = run_request(top, cell.id, shard=(1, 2), **given)
    started = StartedRun(run_id=name, started="2026-11-22", request=request, cells=(cell.id,))
    write_atomically(directory / STARTED, json_records.encode(started))
    place = cell_directory(directory, cell.id)
    place.mkdir(parents=True)
    for module, status in modules.items():
        outcome = Outcome(test=f"test.{module}.T.test", status=status)
        append_result(place / OUTCOMES, ModuleResult(module=module, outcomes=(outcome,), duration=1.0, finished=1.0))
    record = CellRecord(
        base=untested_cell(cell, CellStatus.OK, ""),
        tested=True,
        planned=tuple(sorted(modules)),
        suite=4,
        whole=True,
        durations={"test": 2.0},
    )
    write_record(directory, replace(record, **changes))
    return directory


def passing(*modules: str) -> dict[str, Status]:
    return dict.fromkeys(modules, Status.PASSED)


def merged(directory: Path) -> CellRecord:
    record = read_record(directory, CELLS[0].id)
    assert record is not None
    return record


def test_shards_make_a_full_cell(tmp_path: Path) -> None:
    parts = [run(tmp_path, "a", passing("test_a", "test_b")), run(tmp_path, "b", passing("test_c", "test_d"))]
    target = merge(parts, tmp_path / "out")
    record = merged(target)
    assert record.full
    assert record.planned == ("test_a", "test_b", "test_c", "test_d")
    assert record.durations == {"test": 4.0}
    assert set(read_results(cell_directory(target, CELLS[0].id) / OUTCOMES)) == set(record.planned)


def test_a_missing_shard_leaves_the_cell_incomplete(tmp_path: Path) -> None:
    parts = [run(tmp_path, "a", passing("test_a", "test_b")), run(tmp_path, "b", passing("test_c"))]
    assert not merged(merge(parts, tmp_path / "out")).full


def test_cells_of_several_machines_stand_side_by_side(tmp_path: Path) -> None:
    parts = [run(tmp_path, "a", passing("test_a")), run(tmp_path, "b", passing("test_a"), cell=CELLS[1])]
    target = merge(parts, tmp_path / "out")
    assert all(read_record(target, cell.id) is not None for cell in CELLS)


def test_merging_does_not_change_the_merged_runs(tmp_path: Path) -> None:
    parts = [run(tmp_path, "a", passing("test_a")), run(tmp_path, "b", passing("test_b"))]
    before = {path: path.read_bytes() for part in parts for path in part.rglob("*") if path.is_file()}
    merge(parts, tmp_path / "out")
    assert before == {path: path.read_bytes() for part in parts for path in part.rglob("*") if path.is_file()}


def test_what_the_build_is_comes_from_the_first_part_that_says_it(tmp_path: Path) -> None:
    parts = [run(tmp_path, name, passing(f"test_{name}")) for name in ("a", "b", "c")]
    for part, system in zip(parts[1:], ("wasi", "other"), strict=True):
        facts = BuildFacts(platform={"sys.platform": system})
        write_description(part, CELLS[0].id, BuildDescription(facts=facts, pythoninfo=f"sys.platform: {system}\n"))
    found = read_description(merge(parts, tmp_path / "out"), CELLS[0].id)
    assert found is not None
    assert (found.facts.platform, found.pythoninfo) == ({"sys.platform": "wasi"}, "sys.platform: wasi\n")


def test_the_newest_result_of_a_module_counts(tmp_path: Path) -> None:
    parts = [run(tmp_path, "a", passing("test_a")), run(tmp_path, "b", {"test_a": Status.FAILED})]
    target = merge(parts, tmp_path / "out")
    (result,) = read_results(cell_directory(target, CELLS[0].id) / OUTCOMES).values()
    assert result.outcomes[0].status is Status.FAILED


def test_runs_with_different_options_are_refused(tmp_path: Path) -> None:
    parts = [run(tmp_path, "a", passing("test_a")), run(tmp_path, "b", passing("test_b"), limits=Limits(seconds=1.0))]
    with pytest.raises(UsageError, match="of different runs: limits differ"):
        merge(parts, tmp_path / "out")


def test_parts_of_different_versions_are_refused(tmp_path: Path) -> None:
    base = untested_cell(CELLS[0], CellStatus.OK, "")
    other = replace(base, sdk=replace(base.sdk, detail="clang 22"))
    parts = [run(tmp_path, "a", passing("test_a")), run(tmp_path, "b", passing("test_b"), base=other)]
    with pytest.raises(UsageError, match=r"(?s)its parts had different versions.*clang 22"):
        merge(parts, tmp_path / "out")


def test_parts_of_different_suites_are_refused(tmp_path: Path) -> None:
    parts = [run(tmp_path, "a", passing("test_a")), run(tmp_path, "b", passing("test_b"), suite=5)]
    with pytest.raises(UsageError, match="suites of 4 and 5 modules"):
        merge(parts, tmp_path / "out")


def test_a_directory_that_is_not_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing is not the directory of a run: it has no run\.json"):
        merge([run(tmp_path, "a", {}), tmp_path / "nothing"], tmp_path / "out")


def test_a_run_of_another_schema_is_refused(tmp_path: Path) -> None:
    part = run(tmp_path, "a", {})
    path = part / STARTED
    path.write_bytes(path.read_bytes().replace(b'"schema":3', b'"schema":1'))
    with pytest.raises(UsageError, match=r"by another version of the harness \(schema 1, this one reads 3\)"):
        merge([part, part], tmp_path / "out")
