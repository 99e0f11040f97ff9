from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matrix.errors import HistoryUnusable, MatrixError, UsageError
from matrix.outcome import ModuleResult, Status
from reports import history
from reports.history import RecordedCell, SeenTest, opened, record
from reports.summary import CellStatus
from reports.verdict import Rate
from tests.unit.nights import CELL, OTHER, came_to, cell_summary, module, recorded, results, summary

P, F = Status.PASSED, Status.FAILED
ONE = "test.test_a.A.test_one"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / history.NAME


def cells(path: Path) -> list[RecordedCell]:
    with opened(path) as found:
        return found.cells()


def came_to_there(path: Path, cell: RecordedCell) -> dict[str, Counter[tuple[str, Status]]]:
    """What the modules of a cell came to, by the history."""
    with opened(path) as found:
        return {name: Counter(zip(one.tests, one.statuses, strict=True)) for name, one in found.modules(cell).items()}


def seen(path: Path, test: str = ONE, **options: tuple[str, ...]) -> list[SeenTest]:
    with opened(path) as found:
        return found.seen(test, **options)


def rows(path: Path, question: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(question).fetchall()


def dump(path: Path) -> list[str]:
    """All that a history holds, but for the numbers that its rows have."""
    tables = ("runs", "cells", "modules", "tests", "cell_runs", "test_lists", "listed_tests", "module_runs")
    counts = [f"{table}: {rows(path, f'SELECT count(*) FROM {table}')}" for table in tables]
    return [*counts, *(str(one) for cell in cells(path) for one in came_to_there(path, cell).items())]


# --- what is recorded


def test_a_run_is_recorded_with_what_it_used(path: Path) -> None:
    recorded(path, "run-01", module(came_to()))
    (cell,) = cells(path)
    assert (cell.run, cell.started, cell.cell, cell.status) == ("run-01", "2026-01-01T00:00:01+00:00", CELL, "ok")
    assert (cell.tested, cell.whole, cell.complete) == (True, True, True)
    assert cell.used == {
        "sdk": "sdk-24 (a directory: clang 19)",
        "cpython": "3.13.5 (an archive: a detail)",
        "runtime": "wasmtime 50 (PyPI: a wheel)",
    }


def test_the_tables_can_be_asked_by_others(path: Path) -> None:
    recorded(path, "run-01", module(came_to(), came_to(F, f"{ONE}_more"), digest="d7", reused="run-00"))
    assert rows(path, "SELECT run, started, duration, exit_status, schema FROM runs") == [
        ("run-01", "2026-01-01T00:00:01+00:00", 12.5, 0, 1)
    ]
    assert rows(path, "SELECT cell, target FROM cells") == [(CELL, "wasi")]
    assert rows(path, "SELECT counts, verdicts FROM cell_runs") == [('{"passed":1}', '{"ok":1}')]
    assert rows(path, "SELECT digest, reused, statuses, duration FROM module_runs") == [("d7", "run-00", "pf", 1.5)]
    assert rows(path, "PRAGMA user_version") == [(history.SCHEMA,)]


def test_the_newest_run_comes_first(path: Path) -> None:
    for run in ("run-02", "run-03", "run-01"):
        recorded(path, run, module(came_to()))
    assert [cell.run for cell in cells(path)] == ["run-03", "run-02", "run-01"]


def test_a_cell_without_outcomes_is_recorded(path: Path) -> None:
    record(path, summary("run-01", cell_summary(status=CellStatus.BUILD_FAILED)), {})
    (cell,) = cells(path)
    assert (cell.status, cell.tested, cell.whole, cell.complete) == ("build-failed", False, False, False)
    assert came_to_there(path, cell) == {}


def test_every_status_comes_back(path: Path) -> None:
    outcomes = [came_to(status, f"{ONE}_{status}") for status in Status]
    recorded(path, "run-01", module(*outcomes))
    (cell,) = cells(path)
    assert came_to_there(path, cell) == {"test_a": Counter((one.test, one.status) for one in outcomes)}


def test_durations_come_back_with_their_tests(path: Path) -> None:
    recorded(path, "run-01", module(came_to(F, "test.b", 4.0), came_to(P, "test.a", 0.5), came_to(P, "test.b", 2.0)))
    with opened(path) as found:
        one = found.modules(found.cells()[0])["test_a"]
    assert list(zip(one.tests, one.statuses, one.durations, strict=True)) == [
        ("test.a", P, 0.5),
        ("test.b", F, 4.0),
        ("test.b", P, 2.0),
    ]
    assert one.duration == 1.5


@pytest.mark.parametrize("seconds", [-1.0, 1e300])
def test_a_duration_that_no_test_can_have_keeps_nothing_from_being_recorded(path: Path, seconds: float) -> None:
    recorded(path, "run-01", module(came_to(seconds=seconds)))
    assert [one.outcome for one in seen(path)] == ["passed"]


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
MODULES = st.dictionaries(
    NAMES, st.lists(st.tuples(NAMES, st.sampled_from(list(Status))), max_size=5), min_size=1, max_size=4
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(MODULES, min_size=1, max_size=3))
def test_any_multisets_of_outcomes_come_back(tmp_path: Path, runs: list[dict[str, list[tuple[str, Status]]]]) -> None:
    path = tmp_path / history.NAME
    path.unlink(missing_ok=True)
    for number, modules in enumerate(runs):
        results = [module(*(came_to(status, test) for test, status in outcomes), name=name)
                   for name, outcomes in modules.items()]  # fmt: skip
        recorded(path, f"run-{number:02}", *results)
    found = [came_to_there(path, cell) for cell in reversed(cells(path))]
    assert found == [{name: Counter(outcomes) for name, outcomes in modules.items()} for modules in runs]


# --- recorded again


def test_a_run_that_is_recorded_again_is_there_once(path: Path) -> None:
    recorded(path, "run-01", module(came_to()), module(came_to(F), name="test_b"))
    before = dump(path)
    recorded(path, "run-01", module(came_to()), module(came_to(F), name="test_b"))
    assert dump(path) == before


def test_a_run_that_is_recorded_again_is_replaced(path: Path) -> None:
    recorded(path, "run-01", module(came_to(), came_to(F, "test.test_a.gone")), module(came_to(), name="test_b"))
    recorded(path, "run-02", module(came_to(), name="test_b"))
    recorded(path, "run-01", module(came_to(F)), cells=(OTHER,))
    assert [(cell.run, cell.cell) for cell in cells(path)] == [("run-02", CELL), ("run-01", OTHER)]
    assert [came_to_there(path, cell) for cell in cells(path)] == [
        {"test_b": Counter([(ONE, P)])},
        {"test_a": Counter([(ONE, F)])},
    ]
    assert rows(path, "SELECT count(*) FROM test_lists") == [(1,)], "lists that no run has any more are gone"
    assert rows(path, "SELECT count(*) FROM listed_tests") == [(1,)]


def test_what_fails_in_the_middle_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(path, "run-01", module(came_to()))
    before = path.read_bytes()
    monkeypatch.setattr(history, "note_glance", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        recorded(path, "run-01", module(came_to(F)))
    assert path.read_bytes() == before
    assert not Path(f"{path}-journal").exists()


def test_a_first_run_that_fails_in_the_middle_leaves_no_half_of_a_history(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(history, "note_glance", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            recorded(path, "run-01", module(came_to()))
    with pytest.raises(UsageError, match="there is no history"), opened(path):
        pass
    recorded(path, "run-01", module(came_to()))
    assert len(cells(path)) == 1


# --- several at once


def test_those_that_record_at_once_wait_for_each_other(path: Path) -> None:
    runs = [f"run-{number:02}" for number in range(12)]
    failed: list[BaseException] = []
    together = threading.Barrier(len(runs))

    def work(run: str) -> None:
        try:
            together.wait()
            recorded(path, run, module(came_to(), came_to(F, f"test.{run}")))
        except BaseException as exc:
            failed.append(exc)

    threads = [threading.Thread(target=work, args=[run]) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(cell.run for cell in cells(path)) == runs


def test_waiting_has_an_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_WAIT", 0.05)
    recorded(path, "run-01", module(came_to()))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        message = refusal(path)
    assert f"another process has been using the history {path}" in message
    assert "`python -m harness report RUN` adds the run" in message


def test_what_is_read_is_of_one_state(path: Path) -> None:
    recorded(path, "run-01", module(came_to()))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other, opened(path) as found:
        assert len(found.cells()) == 1
        other.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("DELETE FROM runs")
        assert len(found.cells()) == 1


# --- a history that cannot be used: it stays as it is


def refusal(path: Path) -> str:
    """The message of recording."""
    with pytest.raises(HistoryUnusable) as caught:
        recorded(path, "run-02", module(came_to()))
    assert caught.value.exit_status == 4
    return str(caught.value)


def refusals(path: Path) -> str:
    """The message of recording; reading is refused, too."""
    before = path.read_bytes()
    message = refusal(path)
    with pytest.raises(HistoryUnusable, match="move it away"):
        read(path)
    assert path.read_bytes() == before
    assert str(path) in message
    return message


def read(path: Path) -> None:
    """Read all that there is."""
    with opened(path) as found:
        for cell in found.cells():
            found.modules(cell)
        for test in found.tests():
            found.seen(test)
        found.flakes()


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"this is no database, but a text that is longer than a header" * 20)
    message = refusals(path)
    assert "is damaged: file is not a database" in message
    assert "move it away: the next run begins a new one, and `python -m harness report RUN` adds an earlier" in message


def test_the_history_of_a_newer_version_is_refused(path: Path) -> None:
    recorded(path, "run-01", module(came_to()))
    rows(path, f"PRAGMA user_version = {history.SCHEMA + 1}")
    message = refusals(path)
    assert f"is of a newer version of the harness: it has schema {history.SCHEMA + 1}, and this one knows" in message


def test_a_database_of_something_else_is_refused(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE runs (id)")
    assert "is a database, but not a history of this harness" in refusals(path)


def test_a_history_without_a_table_is_refused(path: Path) -> None:
    recorded(path, "run-01", module(came_to()))
    rows(path, "DROP TABLE tests")
    assert "is damaged" in refusals(path)


def test_a_history_that_was_cut_off_is_refused(path: Path) -> None:
    recorded(path, "run-01", *(module(came_to(test=f"test.{number}"), name=f"test_{number}") for number in range(99)))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 8192 * 4096])
    assert "is damaged" in refusals(path)


def test_damage_that_neither_reading_nor_recording_meets_is_found_before_anything_is_written(path: Path) -> None:
    modules = [module(came_to(test=f"test.number_{number}"), name=f"test_{number}") for number in range(999)]
    recorded(path, "run-01", *modules)
    data = bytearray(path.read_bytes())
    page = data.index(b"test.number_500") // 4096
    data[page * 4096 : page * 4096 + 8] = bytes(8)
    path.write_bytes(data)
    assert len(cells(path)) == 1
    with pytest.raises(HistoryUnusable, match="is damaged"):
        recorded(path, "run-02", modules[0])
    assert path.read_bytes() == data


def test_a_status_that_there_is_not_is_damage(path: Path) -> None:
    recorded(path, "run-01", module(came_to()))
    with contextlib.closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE module_runs SET statuses = 'x'")
    with pytest.raises(HistoryUnusable, match="is damaged: 'x' is no status"), opened(path) as found:
        found.seen(ONE)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_damage_anywhere_is_met_with_a_message_or_not_at_all(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / history.NAME
    if not (intact := tmp_path / "intact").exists():
        for run in ("run-01", "run-02"):
            recorded(path, run, module(came_to(), came_to(F)), module(came_to(test="test.b"), name="test_b"))
        path.rename(intact)
    content = bytearray(intact.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[place : place + 8] = data.draw(st.binary(min_size=8, max_size=8))
    path.write_bytes(content)
    with contextlib.suppress(MatrixError):
        read(path)
    with contextlib.suppress(MatrixError):
        recorded(path, "run-03", module(came_to()))


def test_a_directory_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    assert "cannot be read or written" in refusal(tmp_path / "nowhere" / history.NAME)
    path = tmp_path / history.NAME
    path.mkdir()
    assert "cannot be read or written" in refusal(path)


def test_a_full_disk_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(path, "run-01", module(came_to()))
    before = dump(path)
    connect = sqlite3.connect

    def with_little_room(*arguments: object, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)  # type: ignore[call-overload]
        connection.execute(f"PRAGMA max_page_count = {path.stat().st_size // 4096}")
        return connection

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", with_little_room)
        with pytest.raises(HistoryUnusable, match="the disk is full") as caught:
            recorded(path, "run-02", *(module(came_to(test=f"test.{n}"), name=f"test_{n}") for n in range(999)))
    assert "free some room; then `python -m harness report RUN` adds the run" in str(caught.value)
    assert dump(path) == before


def test_a_python_without_sqlite_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "sqlite3", None)
    assert "this Python has no sqlite3" in refusal(path)


def test_no_history_is_made_by_reading(path: Path) -> None:
    with pytest.raises(UsageError, match="there is no history in") as caught, opened(path):
        pass
    assert "`python -m harness report RUN` adds an earlier one" in str(caught.value)
    assert not path.exists()


def test_an_empty_file_is_no_history_yet(path: Path) -> None:
    path.touch()
    with pytest.raises(UsageError, match="there is no history in"), opened(path):
        pass
    recorded(path, "run-01", module(came_to()))
    assert len(cells(path)) == 1


def test_names_that_uris_have_other_meanings_for(tmp_path: Path) -> None:
    directory = tmp_path / "a b?mode=memory#%41"
    directory.mkdir()
    recorded(directory / history.NAME, "run-01", module(came_to()))
    assert len(cells(directory / history.NAME)) == 1
    assert [path.name for path in directory.iterdir()] == [history.NAME]


# --- one test over time


def test_a_test_is_shown_over_runs_and_cells(path: Path) -> None:
    recorded(path, "run-02", module(came_to(F, seconds=2.0)), cells=(CELL, OTHER))
    recorded(path, "run-01", module(came_to(seconds=0.5), reused="run-00"))
    assert [(one.run, one.cell, one.outcome, one.duration, one.reused) for one in seen(path)] == [
        ("run-01", CELL, "passed", 0.5, True),
        ("run-02", CELL, "failed", 2.0, False),
        ("run-02", OTHER, "failed", 2.0, False),
    ]
    assert [(one.run, one.cell) for one in seen(path, cells=(OTHER,))] == [("run-02", OTHER)]


def test_a_test_that_a_module_has_twice_has_both_outcomes(path: Path) -> None:
    recorded(path, "run-01", module(came_to(P, seconds=3.0), came_to(F, seconds=1.0)))
    (one,) = seen(path)
    assert (one.outcome, one.duration) == ("failed, passed", 3.0)


def test_a_test_of_several_modules_is_shown_for_each(path: Path) -> None:
    recorded(path, "run-01", module(came_to(), name="test_x"), module(came_to(F), name="test_x_c"))
    assert [(one.module, one.outcome) for one in seen(path)] == [("test_x", "passed"), ("test_x_c", "failed")]


def test_a_test_that_was_never_seen_has_no_history(path: Path) -> None:
    recorded(path, "run-01", module(came_to()))
    assert seen(path, "test.test_a.A") == []


# --- flakes and rates


def flaky(path: Path, *, cells: tuple[str, ...] = ()) -> dict[tuple[str, str, str], Rate]:
    with opened(path) as found:
        return {(one.cell, one.digest, one.test): one.rate for one in found.flakes(cells=cells)}


def nights(path: Path, *statuses: Status, digest: str = "d1", first: int = 1) -> None:
    for number, status in enumerate(statuses, first):
        recorded(path, f"run-{number:02}", module(came_to(status), came_to(P, "test.b"), digest=digest))


def test_different_outcomes_of_one_digest_are_a_flake(path: Path) -> None:
    nights(path, P, F, P, P)
    assert flaky(path) == {(CELL, "d1", ONE): Rate(bad=1, all=4)}


def test_different_outcomes_of_different_digests_are_none(path: Path) -> None:
    nights(path, P, P)
    nights(path, F, F, digest="d2", first=3)
    assert flaky(path) == {}


def test_without_a_digest_nothing_is_flaky(path: Path) -> None:
    nights(path, P, F, digest="")
    assert flaky(path) == {}


@pytest.mark.parametrize("changes", [{"reused": "run-00"}, {"fault": "the disk is full"}])
def test_what_was_not_observed_does_not_count(path: Path, changes: dict[str, str]) -> None:
    nights(path, P, P)
    recorded(path, "run-03", module(came_to(F), came_to(P, "test.b"), **changes))
    assert flaky(path) == {}


def test_cells_are_not_mixed(path: Path) -> None:
    recorded(path, "run-01", module(came_to()))
    recorded(path, "run-02", module(came_to(F)), cells=(OTHER,))
    assert flaky(path) == {}
    recorded(path, "run-03", module(came_to()), cells=(OTHER,))
    assert flaky(path) == {(OTHER, "d1", ONE): Rate(bad=1, all=2)}
    assert flaky(path, cells=(CELL,)) == {}


def rates(path: Path, *results: ModuleResult, runs: tuple[str, ...] = ("run-99",), cell: str = CELL) -> dict[str, Rate]:
    with opened(path) as found:
        return {test: rate for (_, test), rate in found.rates(cell, runs, results).items()}


def test_rates_count_what_was_observed_before_and_now(path: Path) -> None:
    nights(path, P, F, P)
    assert rates(path, module(came_to(F))) == {ONE: Rate(bad=2, all=4)}
    assert rates(path, module(came_to(F), reused="run-02")) == {ONE: Rate(bad=1, all=3)}


def test_rates_are_those_of_one_digest_and_cell(path: Path) -> None:
    nights(path, P, F, P)
    assert rates(path, module(came_to(), digest="d2")) == {ONE: Rate(bad=0, all=1)}
    assert rates(path, module(came_to()), cell=OTHER) == {ONE: Rate(bad=0, all=1)}
    assert rates(path, module(came_to(), digest="")) == {}


def test_a_run_that_is_judged_again_does_not_count_twice(path: Path) -> None:
    nights(path, P, F, P)
    assert rates(path, module(came_to(F)), runs=("run-02",)) == {ONE: Rate(bad=1, all=3)}


def test_results_without_modules_are_recorded(path: Path) -> None:
    record(path, summary("run-01"), {CELL: results(complete=False)})
    assert [cell.tested for cell in cells(path)] == [False]


def test_what_was_put_together_of_recorded_parts_does_not_count_twice(path: Path) -> None:
    nights(path, P, F)
    whole = [module(came_to(F), came_to(P, "test.b"))]
    merged = {CELL: results(*whole)}
    parts = ("elsewhere", "run-02")
    assert rates(path, *whole, runs=("merged", *parts)) == {ONE: Rate(bad=1, all=2), "test.b": Rate(bad=0, all=2)}
    record(path, summary("merged", cell_summary()), merged, parts)
    assert flaky(path) == {(CELL, "d1", ONE): Rate(bad=1, all=2)}
    assert [(one.run, one.reused) for one in seen(path)] == [("run-01", False), ("run-02", False), ("merged", True)]
    record(path, summary("of others", cell_summary()), merged, ("elsewhere",))
    assert flaky(path) == {(CELL, "d1", ONE): Rate(bad=2, all=3)}
