"""Timelines and points of cells, and the upgrade of an older history."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from matrix.outcome import Status
from reports import history
from reports.history import opened
from tests.unit.nights import CELL, OTHER, cell_summary, module, observed, record_run, results, summary

P, F = Status.PASSED, Status.FAILED


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / history.NAME


def test_a_timeline_stores_only_changes(path: Path) -> None:
    for run, status in (("run-01", P), ("run-02", P), ("run-03", F), ("run-04", F)):
        record_run(path, run, module(observed(status)))
    with opened(path) as found:
        timeline = found.timeline(CELL)
    assert timeline.runs == ["run-01", "run-02", "run-03", "run-04"]
    assert timeline.modules == ["test_a"]
    assert timeline.tenths == [(15,)] * 4
    assert [(place, letters) for place, _, letters in timeline.spans[0]] == [(0, "p"), (2, "f")]
    assert {timeline.lists[number] for _, number, _ in timeline.spans[0]} == {("test.test_a.A.test_one",)}


def test_an_unchanged_module_is_stored_once_while_others_change(path: Path) -> None:
    same = module(observed(test="test.test_b.B.test_two"), name="test_b")
    for run, status in (("run-01", P), ("run-02", F)):
        record_run(path, run, module(observed(status)), same)
    with opened(path) as found:
        timeline = found.timeline(CELL)
    assert [len(spans) for spans in timeline.spans] == [2, 1]


def test_a_timeline_knows_where_a_module_was_not_run(path: Path) -> None:
    record_run(path, "run-01", module(observed()), module(observed(test="test.test_b.B.test_two"), name="test_b"))
    record_run(path, "run-02", module(observed()), complete=False)
    record_run(path, "run-03", module(observed()), cells=(OTHER,))
    with opened(path) as found:
        timeline = found.timeline(CELL)
        assert found.timeline("no such cell").runs == []
    assert timeline.runs == ["run-01", "run-02"]
    assert timeline.modules == ["test_a", "test_b"]
    assert timeline.tenths == [(15, 15), (15, None)]


def test_a_module_that_was_not_run_for_a_while_has_not_changed(path: Path) -> None:
    same = module(observed(test="test.test_b.B.test_two"), name="test_b")
    record_run(path, "run-01", module(observed()), same)
    record_run(path, "run-02", module(observed(F)), complete=False)
    record_run(path, "run-03", module(observed()), same)
    with opened(path) as found:
        timeline = found.timeline(CELL)
    assert timeline.modules == ["test_a", "test_b"]
    assert [[(run, letters) for run, _, letters in spans] for spans in timeline.spans] == [
        [(0, "p"), (1, "f"), (2, "p")],
        [(0, "p")],
    ]


def test_modules_that_differ_between_two_cells_are_named_and_read(path: Path) -> None:
    same = module(observed(test="test.test_b.B.test_two"), name="test_b")
    only = module(observed(test="test.test_c.C.test_three"), name="test_c")
    record_run(path, "run-01", module(observed()), same)
    record_run(path, "run-02", module(observed(F)), same, only)
    with opened(path) as found:
        newer, older = found.cells()
        names = found.differing(older, newer)
        assert names == ["test_a", "test_c"]
        assert found.differing(older, older) == []
        assert [sorted(found.modules(cell, names)) for cell in (older, newer)] == [["test_a"], ["test_a", "test_c"]]
        assert sorted(found.modules(older)) == ["test_a", "test_b"]


def test_another_list_of_tests_is_a_change(path: Path) -> None:
    record_run(path, "run-01", module(observed()))
    record_run(path, "run-02", module(observed(test="test.test_a.A.test_new")))
    with opened(path) as found:
        timeline = found.timeline(CELL)
    names = [timeline.lists[number] for _, number, _ in timeline.spans[0]]
    assert names == [("test.test_a.A.test_one",), ("test.test_a.A.test_new",)]


def test_points_are_in_order_of_time(path: Path) -> None:
    record_run(path, "run-02", module(observed()))
    record_run(path, "run-01", module(observed()))
    with opened(path) as found:
        points = found.points()
    assert [(point.run, point.cell, point.tested) for point in points] == [
        ("run-01", CELL, True),
        ("run-02", CELL, True),
    ]
    assert points[0].counts == {"passed": 1}
    assert points[0].unattributed == 0


def test_the_size_of_the_module_and_the_start_of_a_guest_are_read_back(path: Path) -> None:
    record_sized(path, "run-01")
    record_run(path, "run-02", module(observed()))
    with opened(path) as found:
        assert [(one.wasm_bytes, one.startup) for one in found.points()] == [(28_345_678, 0.125), (None, None)]


def record_sized(path: Path, run: str) -> None:
    """Record a run that knows the size of its module, and how long its guests took to start."""
    found = results(module(observed()), startup=0.125)
    history.record(path, summary(run, cell_summary(wasm_bytes=28_345_678)), {CELL: found})


@pytest.mark.parametrize("schema", [1, 2])
def test_an_older_history_has_neither_of_them_until_the_next_run(path: Path, schema: int) -> None:
    record_run(path, "run-01", module(observed()))
    make_older(path, schema)
    with opened(path) as found:
        (point,) = found.points()
        assert (point.counts, point.wasm_bytes, point.startup) == ({"passed": 1}, None, None)
    record_sized(path, "run-02")
    with opened(path) as found:
        assert [(one.wasm_bytes, one.startup) for one in found.points()] == [(None, None), (28_345_678, 0.125)]


def test_an_older_history_is_upgraded_by_the_next_run_too(path: Path) -> None:
    record_run(path, "run-01", module(observed()))
    make_older(path, 2)
    record_sized(path, "run-02")
    with opened(path) as found:
        assert [one.startup for one in found.points()] == [None, 0.125]


_SINCE = {1: ("unattributed", "durations", "glance", "wasm_bytes", "startup"), 2: ("wasm_bytes", "startup")}
"""the columns that a history of a schema does not have"""


def make_older(path: Path, schema: int) -> None:
    """Make a history what it was in an earlier version of the harness."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        for column in _SINCE[schema]:
            database.execute(f"ALTER TABLE cell_runs DROP COLUMN {column}")
        database.execute(f"PRAGMA user_version = {schema}")
        database.commit()


def test_a_history_of_schema_1_is_upgraded(path: Path) -> None:
    record_run(path, "run-01", module(observed()))
    make_older(path, 1)
    with opened(path) as found:
        (point,) = found.points()
    assert (point.unattributed, point.durations) == (None, {})
    record_run(path, "run-02", module(observed(F)))
    with opened(path) as found:
        assert [one.unattributed for one in found.points()] == [None, 0]
        assert [span[0] for span in found.timeline(CELL).spans[0]] == [0, 1]
        assert [one.outcome for one in found.seen("test.test_a.A.test_one")] == ["passed", "failed"]
