"""What the history records of a run."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matrix.errors import UsageError
from matrix.outcome import Status
from reports import history
from reports.history import file, opened, record, recorder
from reports.summary import CellStatus
from tests.unit.nights import CELL, OTHER, cell_summary, module, observed, record_run, results, summary
from tests.unit.recordings import cells, dump, outcomes_of, rows, seen

P, F = Status.PASSED, Status.FAILED
ONE = "test.test_a.A.test_one"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / history.NAME


# --- what is recorded


def test_a_run_is_recorded_with_what_it_used(path: Path) -> None:
    record_run(path, "run-01", module(observed()))
    (cell,) = cells(path)
    assert (cell.run, cell.started, cell.cell, cell.status) == ("run-01", "2026-01-01T00:00:01+00:00", CELL, "ok")
    assert (cell.tested, cell.whole, cell.complete) == (True, True, True)
    assert cell.used == {
        "sdk": "sdk-24 (a directory: clang 19)",
        "cpython": "3.13.5 (an archive: a detail)",
        "runtime": "wasmtime 50 (PyPI: a wheel)",
    }


def test_other_programs_can_query_the_tables(path: Path) -> None:
    record_run(path, "run-01", module(observed(), observed(F, f"{ONE}_more"), digest="d7", reused="run-00"))
    assert rows(path, "SELECT run, started, duration, exit_status, schema FROM runs") == [
        ("run-01", "2026-01-01T00:00:01+00:00", 12.5, 0, 1)
    ]
    assert rows(path, "SELECT cell, target FROM cells") == [(CELL, "wasi")]
    assert rows(path, "SELECT counts, verdicts FROM cell_runs") == [('{"passed":1}', '{"ok":1}')]
    assert rows(path, "SELECT digest, reused, statuses, duration FROM module_runs") == [("d7", "run-00", "pf", 1.5)]
    assert rows(path, "PRAGMA user_version") == [(file.SCHEMA,)]


def test_the_newest_run_comes_first(path: Path) -> None:
    for run in ("run-02", "run-03", "run-01"):
        record_run(path, run, module(observed()))
    assert [cell.run for cell in cells(path)] == ["run-03", "run-02", "run-01"]


def test_a_cell_without_outcomes_is_recorded(path: Path) -> None:
    record(path, summary("run-01", cell_summary(status=CellStatus.BUILD_FAILED)), {})
    (cell,) = cells(path)
    assert (cell.status, cell.tested, cell.whole, cell.complete) == ("build-failed", False, False, False)
    assert outcomes_of(path, cell) == {}


def test_every_status_is_read_back(path: Path) -> None:
    outcomes = [observed(status, f"{ONE}_{status}") for status in Status]
    record_run(path, "run-01", module(*outcomes))
    (cell,) = cells(path)
    assert outcomes_of(path, cell) == {"test_a": Counter((one.test, one.status) for one in outcomes)}


def test_durations_are_read_back_with_their_tests(path: Path) -> None:
    record_run(
        path, "run-01", module(observed(F, "test.b", 4.0), observed(P, "test.a", 0.5), observed(P, "test.b", 2.0))
    )
    with opened(path) as found:
        one = found.modules(found.cells()[0])["test_a"]
    assert list(zip(one.tests, one.statuses, one.durations, strict=True)) == [
        ("test.a", P, 0.5),
        ("test.b", F, 4.0),
        ("test.b", P, 2.0),
    ]
    assert one.duration == 1.5


@pytest.mark.parametrize("seconds", [-1.0, 1e300])
def test_an_impossible_duration_does_not_prevent_recording(path: Path, seconds: float) -> None:
    record_run(path, "run-01", module(observed(seconds=seconds)))
    assert [one.outcome for one in seen(path)] == ["passed"]


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
MODULES = st.dictionaries(
    NAMES, st.lists(st.tuples(NAMES, st.sampled_from(list(Status))), max_size=5), min_size=1, max_size=4
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(MODULES, min_size=1, max_size=3))
def test_any_multiset_of_outcomes_is_read_back(tmp_path: Path, runs: list[dict[str, list[tuple[str, Status]]]]) -> None:
    path = tmp_path / history.NAME
    path.unlink(missing_ok=True)
    for number, modules in enumerate(runs):
        results = [module(*(observed(status, test) for test, status in outcomes), name=name)
                   for name, outcomes in modules.items()]  # fmt: skip
        record_run(path, f"run-{number:02}", *results)
    found = [outcomes_of(path, cell) for cell in reversed(cells(path))]
    assert found == [{name: Counter(outcomes) for name, outcomes in modules.items()} for modules in runs]


def test_results_without_modules_are_recorded(path: Path) -> None:
    record(path, summary("run-01"), {CELL: results(complete=False)})
    assert [cell.tested for cell in cells(path)] == [False]


# --- recorded again


def test_a_run_recorded_twice_is_stored_once(path: Path) -> None:
    record_run(path, "run-01", module(observed()), module(observed(F), name="test_b"))
    before = dump(path)
    record_run(path, "run-01", module(observed()), module(observed(F), name="test_b"))
    assert dump(path) == before


def test_recording_a_run_again_replaces_it(path: Path) -> None:
    record_run(path, "run-01", module(observed(), observed(F, "test.test_a.gone")), module(observed(), name="test_b"))
    record_run(path, "run-02", module(observed(), name="test_b"))
    record_run(path, "run-01", module(observed(F)), cells=(OTHER,))
    assert [(cell.run, cell.cell) for cell in cells(path)] == [("run-02", CELL), ("run-01", OTHER)]
    assert [outcomes_of(path, cell) for cell in cells(path)] == [
        {"test_b": Counter([(ONE, P)])},
        {"test_a": Counter([(ONE, F)])},
    ]
    assert rows(path, "SELECT count(*) FROM test_lists") == [(1,)], "lists that no run has any more are gone"
    assert rows(path, "SELECT count(*) FROM listed_tests") == [(1,)]


def test_a_failure_while_recording_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record_run(path, "run-01", module(observed()))
    before = path.read_bytes()
    monkeypatch.setattr(recorder, "note_glance", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        record_run(path, "run-01", module(observed(F)))
    assert path.read_bytes() == before
    assert not Path(f"{path}-journal").exists()


def test_a_failure_while_recording_the_first_run_leaves_no_history(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(recorder, "note_glance", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            record_run(path, "run-01", module(observed()))
    with pytest.raises(UsageError, match="there is no history"), opened(path):
        pass
    record_run(path, "run-01", module(observed()))
    assert len(cells(path)) == 1
