"""The file of the history: several processes, damage, other versions."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matrix.errors import HistoryUnusable, MatrixError, UsageError
from matrix.outcome import Status
from reports import history
from reports.history import file, opened
from tests.unit.nights import module, observed, record_run
from tests.unit.recordings import cells, dump, rows

P, F = Status.PASSED, Status.FAILED
ONE = "test.test_a.A.test_one"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / history.NAME


# --- several at once


def test_processes_that_record_at_the_same_time_wait_for_each_other(path: Path) -> None:
    runs = [f"run-{number:02}" for number in range(12)]
    failed: list[BaseException] = []
    together = threading.Barrier(len(runs))

    def work(run: str) -> None:
        try:
            together.wait()
            record_run(path, run, module(observed(), observed(F, f"test.{run}")))
        except BaseException as exc:
            failed.append(exc)

    threads = [threading.Thread(target=work, args=[run]) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(cell.run for cell in cells(path)) == runs


def test_waiting_for_another_process_ends(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "_WAIT", 0.05)
    record_run(path, "run-01", module(observed()))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        message = refusal(path)
    assert f"another process has been using the history {path}" in message
    assert "`python -m harness report RUN` adds the run" in message


def test_all_reads_see_one_state(path: Path) -> None:
    record_run(path, "run-01", module(observed()))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other, opened(path) as found:
        assert len(found.cells()) == 1
        other.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("DELETE FROM runs")
        assert len(found.cells()) == 1


# --- a history that cannot be used: it stays as it is


def refusal(path: Path) -> str:
    """The error message when a run is recorded."""
    with pytest.raises(HistoryUnusable) as caught:
        record_run(path, "run-02", module(observed()))
    assert caught.value.exit_status == 4
    return str(caught.value)


def refusals(path: Path) -> str:
    """The error message when a run is recorded; checks that reading fails, too."""
    before = path.read_bytes()
    message = refusal(path)
    with pytest.raises(HistoryUnusable, match="move it away"):
        read(path)
    assert path.read_bytes() == before
    assert str(path) in message
    return message


def read(path: Path) -> None:
    """Read everything."""
    with opened(path) as found:
        for cell in found.cells():
            found.modules(cell)
        for test in found.tests():
            found.seen(test)
        found.flakes()


def test_a_file_that_is_not_a_database_is_refused(path: Path) -> None:
    path.write_bytes(b"this is no database, but a text that is longer than a header" * 20)
    message = refusals(path)
    assert "is damaged: file is not a database" in message
    assert "move it away: the next run begins a new one, and `python -m harness report RUN` adds an earlier" in message


def test_the_history_of_a_newer_version_is_refused(path: Path) -> None:
    record_run(path, "run-01", module(observed()))
    rows(path, f"PRAGMA user_version = {file.SCHEMA + 1}")
    message = refusals(path)
    assert f"is of a newer version of the harness: it has schema {file.SCHEMA + 1}, and this one knows" in message


def test_the_database_of_another_program_is_refused(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE runs (id)")
    assert "is a database, but not a history of this harness" in refusals(path)


def test_a_history_without_a_table_is_refused(path: Path) -> None:
    record_run(path, "run-01", module(observed()))
    rows(path, "DROP TABLE tests")
    assert "is damaged" in refusals(path)


def test_a_truncated_history_is_refused(path: Path) -> None:
    record_run(
        path, "run-01", *(module(observed(test=f"test.{number}"), name=f"test_{number}") for number in range(99))
    )
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 8192 * 4096])
    assert "is damaged" in refusals(path)


def test_hidden_damage_is_found_before_anything_is_written(path: Path) -> None:
    modules = [module(observed(test=f"test.number_{number}"), name=f"test_{number}") for number in range(999)]
    record_run(path, "run-01", *modules)
    data = bytearray(path.read_bytes())
    page = data.index(b"test.number_500") // 4096
    data[page * 4096 : page * 4096 + 8] = bytes(8)
    path.write_bytes(data)
    assert len(cells(path)) == 1
    with pytest.raises(HistoryUnusable, match="is damaged"):
        record_run(path, "run-02", modules[0])
    assert path.read_bytes() == data


def test_an_unknown_status_is_damage(path: Path) -> None:
    record_run(path, "run-01", module(observed()))
    with contextlib.closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE module_runs SET statuses = 'x'")
    with pytest.raises(HistoryUnusable, match="is damaged: 'x' is no status"), opened(path) as found:
        found.seen(ONE)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_damage_anywhere_causes_a_message_or_nothing(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / history.NAME
    if not (intact := tmp_path / "intact").exists():
        for run in ("run-01", "run-02"):
            record_run(path, run, module(observed(), observed(F)), module(observed(test="test.b"), name="test_b"))
        path.rename(intact)
    content = bytearray(intact.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[place : place + 8] = data.draw(st.binary(min_size=8, max_size=8))
    path.write_bytes(content)
    with contextlib.suppress(MatrixError):
        read(path)
    with contextlib.suppress(MatrixError):
        record_run(path, "run-03", module(observed()))


def test_an_unwritable_directory_has_a_message(tmp_path: Path) -> None:
    assert "cannot be read or written" in refusal(tmp_path / "nowhere" / history.NAME)
    path = tmp_path / history.NAME
    path.mkdir()
    assert "cannot be read or written" in refusal(path)


def test_a_full_disk_has_a_message(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record_run(path, "run-01", module(observed()))
    before = dump(path)
    connect = sqlite3.connect

    def with_little_room(*arguments: object, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)  # type: ignore[call-overload]
        connection.execute(f"PRAGMA max_page_count = {path.stat().st_size // 4096}")
        return connection

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", with_little_room)
        with pytest.raises(HistoryUnusable, match="the disk is full") as caught:
            record_run(path, "run-02", *(module(observed(test=f"test.{n}"), name=f"test_{n}") for n in range(999)))
    assert "free some room; then `python -m harness report RUN` adds the run" in str(caught.value)
    assert dump(path) == before


def test_a_python_without_sqlite_has_a_message(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "sqlite3", None)
    assert "this Python has no sqlite3" in refusal(path)


def test_reading_does_not_make_a_history(path: Path) -> None:
    with pytest.raises(UsageError, match="there is no history in") as caught, opened(path):
        pass
    assert "`python -m harness report RUN` adds an earlier one" in str(caught.value)
    assert not path.exists()


def test_an_empty_file_is_not_yet_a_history(path: Path) -> None:
    path.touch()
    with pytest.raises(UsageError, match="there is no history in"), opened(path):
        pass
    record_run(path, "run-01", module(observed()))
    assert len(cells(path)) == 1


def test_a_path_may_have_characters_that_are_special_in_uris(tmp_path: Path) -> None:
    directory = tmp_path / "a b?mode=memory#%41"
    directory.mkdir()
    record_run(directory / history.NAME, "run-01", module(observed()))
    assert len(cells(directory / history.NAME)) == 1
    assert [path.name for path in directory.iterdir()] == [history.NAME]
