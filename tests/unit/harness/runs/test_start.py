"""A run begins, is continued by its name, or is resumed with what it was started with."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.cells.request import TreeCommit
from harness.machine.files import write_atomically
from harness.runs.records import STARTED, StartedRun, read_started
from harness.runs.request import RunRequest
from harness.runs.start import check_resumed, locked, named_run, new_run, resumable
from matrix import json_records
from matrix.errors import UsageError
from reports.summary import Summary
from tests.unit import made
from tests.unit.requests import run_request

CELLS = (made.resolved(),)
OLD = b'{"schema":1,"run_id":"r","started":"","arguments":{"command":"test","selection":{}},"cells":[]}'


def finish(out: Path, run: StartedRun, *, interrupted: bool) -> None:
    summary = Summary(
        run_id=run.run_id, started="", duration_s=1.0, exit_status=0, cells=(), unexpected=(), interrupted=interrupted
    )
    write_atomically(out / run.run_id / "summary.json", json_records.encode(summary))


def test_a_new_run_is_called_after_its_targets(tmp_path: Path) -> None:
    run = new_run(run_request(tmp_path), CELLS)
    assert "-wasi-" in run.run_id
    assert run.cells == (CELLS[0].id,)


def test_an_unfinished_run_of_the_same_name_and_request_is_continued(tmp_path: Path) -> None:
    first = named_run("nightly-small", run_request(tmp_path), CELLS, print, new=False)
    assert (tmp_path / "latest").resolve().name == first.run_id
    assert named_run("nightly-small", run_request(tmp_path), CELLS, print, new=False) == first
    finish(tmp_path, first, interrupted=True)
    assert named_run("nightly-small", run_request(tmp_path), CELLS, print, new=False) == first


def test_a_run_that_is_finished_or_was_asked_for_something_else_is_not_continued(tmp_path: Path) -> None:
    first = named_run("nightly-small", run_request(tmp_path), CELLS, print, new=False)
    ids = {first.run_id}
    ids.add(named_run("nightly-small", run_request(tmp_path), CELLS, print, new=True).run_id)
    ids.add(named_run("nightly-other", run_request(tmp_path), CELLS, print, new=False).run_id)
    ids.add(named_run("nightly-small", run_request(tmp_path, names=("test_json",)), CELLS, print, new=False).run_id)
    assert len(ids) == 4
    last = named_run("nightly-done", run_request(tmp_path), CELLS, print, new=False)
    finish(tmp_path, last, interrupted=False)
    assert named_run("nightly-done", run_request(tmp_path), CELLS, print, new=False) != last


def test_a_run_of_another_version_of_the_harness_is_not_continued(tmp_path: Path) -> None:
    write_atomically(tmp_path / "20260101-000000-nightly-small-abcd" / STARTED, OLD)
    assert named_run("nightly-small", run_request(tmp_path), CELLS, print, new=False).run_id != "r"


def test_an_unfinished_run_of_another_harness_is_not_continued_and_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = named_run("nightly-small", run_request(tmp_path), CELLS, print, new=False)
    monkeypatch.setattr("harness.runs.start.code_digest", lambda roots: "of another harness")
    said: list[str] = []
    assert named_run("nightly-small", run_request(tmp_path), CELLS, said.append, new=False) != first
    assert said == [f"{first.run_id} is unfinished, but of another harness: starting a new run"]


def test_a_run_of_another_version_of_the_harness_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / STARTED).write_bytes(OLD)
    with pytest.raises(UsageError) as caught:
        read_started(tmp_path)
    assert caught.value.message == (
        f"{tmp_path / STARTED} was written by another version of the harness (schema 1, this one reads 3)"
    )


@pytest.mark.parametrize("content", [b"", b"[]", b'{"schema":3}', b'{"schema":"x"}', b"{}"])
def test_a_file_that_describes_no_run_is_named_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / STARTED).write_bytes(content)
    with pytest.raises(UsageError, match=r"run\.json does not describe a run: ") as caught:
        read_started(tmp_path)
    assert "\n" not in caught.value.message


def test_only_one_process_works_at_a_run(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(UsageError, match="another process is working at this run"), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


def test_a_resumed_run_takes_no_other_options(tmp_path: Path) -> None:
    defaults = run_request(tmp_path)
    run = new_run(run_request(tmp_path, "a-cell", names=("test_json",), isolate=True), CELLS)
    check_resumed(defaults, defaults, run)
    check_resumed(run_request(tmp_path, "a-cell"), defaults, run)
    check_resumed(run_request(tmp_path, isolate=True), defaults, run)
    check_resumed(run_request(tmp_path / "elsewhere"), defaults, run)
    for asked, name in (
        (run_request(tmp_path, "another"), "cell"),
        (run_request(tmp_path, names=("test_os",)), "names"),
        (run_request(tmp_path, workers=4), "workers"),
        (replace(defaults, options=replace(defaults.options, jobs=9)), "jobs"),
    ):
        with pytest.raises(UsageError, match=f"was started with other values of: {name}\n") as caught:
            check_resumed(asked, defaults, run)
        assert "leave them out" in caught.value.hint


def test_a_run_that_was_moved_is_continued_where_it_lies_now(tmp_path: Path) -> None:
    run = new_run(run_request(tmp_path / "before"), CELLS)
    write_atomically(tmp_path / "now" / run.run_id / STARTED, json_records.encode(run))
    assert resumable(tmp_path / "now" / run.run_id).request == run_request(tmp_path / "now")


def test_a_run_is_not_continued_under_another_name(tmp_path: Path) -> None:
    run = new_run(run_request(tmp_path), CELLS)
    write_atomically(tmp_path / "another" / STARTED, json_records.encode(run))
    with pytest.raises(UsageError, match=f"has the run {run.run_id}: it cannot be continued under another name"):
        resumable(tmp_path / "another")


def test_a_run_of_a_branch_is_resumed_wherever_the_branch_is_now(tmp_path: Path) -> None:
    def asked(name: str, commit: str) -> RunRequest:
        request = run_request(tmp_path)
        one = TreeCommit(directory=tmp_path, name=name, commit=commit)
        return replace(request, cells=replace(request.cells, cpython_commits=(one,)))

    run = new_run(asked("main", "a"), CELLS)
    check_resumed(asked("main", "b"), run_request(tmp_path), run)
    with pytest.raises(UsageError, match="cpython_commits"):
        check_resumed(asked("side", "a"), run_request(tmp_path), run)
