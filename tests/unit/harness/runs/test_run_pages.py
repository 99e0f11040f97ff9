"""The content of a run's pages: rejected combinations, limitations by cell, tasks, probes."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.runs import pages
from harness.runs.pages import excluded, limitation_rows, newest_probes, task_bars
from harness.runs.tasks import TIMELINE, Span, TaskKind
from matrix import json_records
from matrix.conditions import Condition
from matrix.expand import expand
from matrix.limitations import Limitations, State
from matrix.outcome import Status
from matrix.rules import Exclusion
from matrix.versions import Requirement
from reports.gathered import Gathered
from reports.probed import PROBES, Probes, Square
from reports.verdict import judge_cell
from tests.unit import made
from tests.unit.made import explaining, outcome, result

CELL = made.cell()


@pytest.fixture(autouse=True)
def _matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = Exclusion(when=Condition(cpython=(Requirement.parse("3.11.2"),)), reason="it is too old")
    matrix = made.matrix(exclusions=(rule,))
    expansion = expand(matrix)
    monkeypatch.setattr(pages, "load", lambda: matrix)
    monkeypatch.setattr(pages, "whole_expansion", lambda known_bad=False: expansion)


def gathered() -> Gathered:
    """One cell with a test that passed and one that a limitation skips."""
    results = {"test_a": result(outcome(), outcome("test.test_a.A.test_two", Status.SKIPPED, "no threads"))}
    verdicts = judge_cell(["test_a"], results, made.listed(explaining("no threads", name="no-threads")), full=False)
    found = Gathered()
    found.add(CELL.id, verdicts, results, durations={"test": 2.0}, whole=True, complete=False)
    return found


def test_a_limitation_counts_what_it_explains() -> None:
    limitations = Limitations((explaining("no threads", name="no-threads"), explaining("x", name="elsewhere")))
    threads, elsewhere = limitation_rows(limitations, [CELL], gathered(), None)
    assert [(one.listed, one.failing, one.skipped, one.probe) for one in threads.squares] == [(True, 0, 1, None)]
    assert [one.skipped for one in elsewhere.squares] == [0]


def test_a_limitation_has_what_its_probe_saw() -> None:
    square = Square(
        limitation="no-threads", cell=CELL.id, state=State.LIFTED, saw="a thread", listed=True, wrong="it holds"
    )
    probes = Probes(run_id="probe-1", cells=(CELL.id,), squares=(square,))
    limitations = Limitations((explaining("no threads", name="no-threads"),))
    (row,) = limitation_rows(limitations, [CELL], gathered(), probes)
    assert (row.squares[0].probe, row.squares[0].saw, row.squares[0].wrong) == ("lifted", "a thread", "it holds")


def test_the_newest_readable_probes_count(tmp_path: Path) -> None:
    assert newest_probes(tmp_path) is None
    one, two = (json_records.encode(Probes(run_id=name, cells=(), squares=())) for name in "12")
    for name, data in (("1", one), ("2", two), ("3", b"{}")):
        (tmp_path / name).mkdir()
        (tmp_path / name / PROBES).write_bytes(data)
    found = newest_probes(tmp_path)
    assert found is not None
    assert found.run_id == "2"


def test_tasks_become_bars_and_a_torn_line_is_ignored(tmp_path: Path) -> None:
    assert task_bars(tmp_path) == []
    span = Span(task="build a", kind=TaskKind.BUILD, started=10.0, ended=12.0, cores=2, cpu=3.0, code=0)
    (tmp_path / TIMELINE).write_bytes(json_records.encode(span) + b'\n{"task": "to')
    (bar,) = task_bars(tmp_path)
    assert (bar.name, bar.kind, bar.started, bar.ended, bar.cores) == ("build a", "build", 10.0, 12.0, 2)


def test_rejected_combinations_of_the_shown_axes_are_listed() -> None:
    old = replace(CELL, build=replace(CELL.build, cpython=replace(CELL.build.cpython, version="3.11.2")))
    assert excluded([CELL]) == [], "no cell has that CPython, so that there is no such column"
    (found,) = excluded([CELL, replace(old, runtime=CELL.runtime)])
    assert (found.cpython, found.sdk, found.reason) == ("3.11.2", "wasi-sdk-24", "it is too old")
