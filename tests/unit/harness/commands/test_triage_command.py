"""`triage` on a run on disk: entries added to the list and removed from it, and mistakes."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import Console

from harness.cells.request import CellRequest
from harness.cells.selection import matrix_of, selected_cells
from harness.commands.test import TEST, request_of
from harness.commands.triage.main import TRIAGE
from harness.machine.store import VARIABLE
from harness.runs.records import STARTED, SUMMARY, CellRecord, StartedRun, cell_directory, point_latest, write_record
from harness.suite.files import OUTCOMES
from harness.suite.results import append_result
from matrix import json_records
from matrix.errors import UsageError
from matrix.limitations import Limitations
from matrix.outcome import Status
from matrix.resolve import ResolvedCell
from reports.summary import CellStatus, Summary, untested_cell
from reports.unexpected import Unexpected
from reports.verdict import Verdict
from tests.unit import made

LIST = """\
# What there is not.
[[limitation]]
id = "no-fork"
title = "There is no fork"
section = "processes"
skip_reasons = [
    "needs fork$",
    "nobody says it$", # any more
]

[[limitation.tests]]
match = "test.test_gone.*"
expect = "failed"
reason = "seen"

[[limitation]]
id = "not-enabled"
title = "It is not enabled"
section = "neutral"
skip_reasons = ["not enabled$", "not on a Monday$"]
"""
ON_THE_LIST = ("queue", "accept", "retire")
"""the subcommands that hold a run against the list"""
Said = Callable[..., tuple[int, str]]


@pytest.fixture
def limitations(tmp_path: Path) -> Path:
    directory = tmp_path / "limitations"
    directory.mkdir()
    (directory / "processes.toml").write_text(LIST)
    return directory


@cache
def the_cell(request: CellRequest) -> ResolvedCell:
    (cell,) = selected_cells(request, matrix_of(request))
    return cell


@pytest.fixture
def said(tmp_path: Path, limitations: Path, monkeypatch: pytest.MonkeyPatch) -> Said:
    """`triage` on a run of the default cell that has a regression, two stale entries, and some skips."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    request = request_of(TEST.parse(["--target", "wasi", "--out", str(tmp_path)]))
    cell = the_cell(request.cells)
    run = tmp_path / "run-1"
    run.mkdir()
    started = StartedRun(run_id="run-1", started="2026-11-22T12:03:01+00:00", request=request, cells=(cell.id,))
    (run / STARTED).write_bytes(json_records.encode(started))
    base = replace(untested_cell(cell, CellStatus.OK, ""), status=CellStatus.UNEXPECTED)
    write_record(run, CellRecord(base=base, tested=True, planned=("test_a",), suite=1, whole=True))
    skip = made.outcome("test.test_a.A.test_two", Status.SKIPPED, "needs fork")
    moon = made.outcome("test.test_a.A.test_three", Status.SKIPPED, "needs a moon")
    results = made.result(made.outcome(status=Status.FAILED), skip, moon)
    append_result(cell_directory(run, cell.id) / OUTCOMES, results)
    red = [
        Unexpected(
            cell=cell.id, test="test.test_a.A.test_one", outcome="failed", verdict=Verdict.REGRESSION, detail="OSError"
        ),
        Unexpected(cell=cell.id, test="test.test_gone.*", outcome="", verdict=Verdict.STALE, limitation="no-fork"),
        Unexpected(
            cell=cell.id,
            test="",
            outcome="",
            verdict=Verdict.STALE,
            limitation="no-fork",
            skip_reason="nobody says it$",
        ),
    ]
    summary = Summary(run_id="run-1", started="", duration_s=1.0, exit_status=1, cells=(base,), unexpected=tuple(red))
    (run / "summary.json").write_bytes(json_records.encode(summary))

    def say(*words: str) -> tuple[int, str]:
        file = io.StringIO()
        more = ["--limitations", str(limitations)] if words[0] in ON_THE_LIST and "--limitations" not in words else []
        out = ["--out", str(tmp_path)] if words[0] in ("show", "explain", *ON_THE_LIST) else []
        status = TRIAGE.execute([*words, *out, *more], Console(file=file, width=200, highlight=False))
        return status, file.getvalue()

    return say


def test_stale_entries_are_shown_and_removed_with_write(said: Said, limitations: Path) -> None:
    status, text = said("retire", "run-1")
    assert status == 0
    assert "retired: no-fork: test.test_gone.*" in text
    assert "retired: no-fork: skip reason 'nobody says it$'" in text
    assert '-    "nobody says it$", # any more' in text
    assert "no test gave this reason on 1 cells: not-enabled: not on a Monday$" in text
    assert (limitations / "processes.toml").read_text() == LIST

    said("retire", "run-1", "--write")
    fork, _ = Limitations.load(limitations).entries
    assert ([one.match for one in fork.reasons], fork.tests) == (["needs fork$"], ())
    assert (limitations / "processes.toml").read_text().startswith("# What there is not.\n")


def test_during_a_run_the_newest_run_with_a_report_is_shown(
    said: Said, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    going_on = tmp_path / "run-2"
    going_on.mkdir()
    shutil.copyfile(tmp_path / "run-1" / STARTED, going_on / STARTED)
    point_latest(tmp_path, "run-2")
    status, text = said("show", "test_a.A.test_one")
    assert status == 0
    assert "regression" in text
    assert "the newest run has no report yet: this is run-1" in capsys.readouterr().err
    with pytest.raises(UsageError, match="run-2 has no report"):
        said("show", "test_a.A.test_one", "--run", "run-2")
    (tmp_path / "run-1" / SUMMARY).unlink()
    with pytest.raises(UsageError, match="has a report yet"):
        said("show", "test_a.A.test_one")


def test_the_commands_of_an_issue_have_what_decides_the_outcome(said: Said, tmp_path: Path) -> None:
    path = tmp_path / "run-1" / STARTED
    words = ["--target", "wasi", "--known-bad", "--build-python", "/opt/python"]
    words += ["-u", "cpu", "--randseed", "3", "--isolate"]
    started = replace(json_records.decode(path.read_bytes(), StartedRun), request=request_of(TEST.parse(words)))
    path.write_bytes(json_records.encode(started))
    (cell,) = started.cells
    _, text = said("explain", "test_a.A.test_one", "--run", "run-1")
    same = f"--cell {cell} --known-bad --build-python /opt/python"
    assert f"\n    python -m harness test {same} -u cpu --randseed 3 --isolate test.test_a.A.test_one\n" in text
    assert f"\n    python -m harness triage repro {same} -u cpu --randseed 3 test.test_a.A.test_one\n" in text
    assert f"\n    python -m harness build --dry-run {same}    # " in text


def test_an_issue_says_what_a_runtimes_maintainers_want_to_know(said: Said, tmp_path: Path) -> None:
    _, text = said("explain", "test_a.A.test_one", "--run", "run-1")
    assert "The test passes. No known limitation explains the outcome." in text
    assert "The run has it under wasmtime 50.0.1 only." in text
    assert "- host: not recorded\n- harness: cpython-wasm-matrix, code not recorded\n" in text
    assert "Without the harness" not in text, "the cache has nothing of the cell"
    assert not (tmp_path / "reproductions").exists()
    with pytest.raises(UsageError, match="does not fail on x, but on wasi_"):
        said("explain", "test_a.A.test_one", "--run", "run-1", "--cell", "x")


def test_unexpected_failures_are_added_to_an_entry(said: Said, limitations: Path) -> None:
    status, text = said("accept", "run-1", "--limitation", "no-fork", "--reason", "fork gives ENOSYS", "--write")
    assert status == 0
    assert '+match = "test.test_a.A.test_one"' in text
    added = Limitations.load(limitations).entries[0].tests[-1]
    assert (added.globs, added.expect, added.reason) == (("test.test_a.A.test_one",), "failed", "fork gives ENOSYS")


def test_unexplained_skips_are_listed_and_added_to_an_entry(said: Said, limitations: Path) -> None:
    status, text = said("queue", "run-1")
    assert status == 0
    assert "needs a moon: 1 test, such as test.test_a.A.test_three" in text
    assert text.endswith("reasons that no limitation explains: 1\n")
    assert "explains: 0\n" in said("queue", "run-1", "test_b")[1]

    said("accept", "run-1", "--skips", "--limitation", "no-fork", "--write")
    added = Limitations.load(limitations).entries[0].reasons[-1]
    assert (added.match, added.seen.target, len(added.seen.cpython)) == ("needs a moon$", ("wasi",), 1)
    assert "explains: 0\n" in said("queue", "run-1")[1]


def test_nobody_is_asked_without_a_terminal(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(UsageError, match="nobody can be asked"):
        said("accept", "run-1")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("accept", "run-1", "test_b", "--limitation", "no-fork"), "no selected test failed unexpectedly"),
        (("accept", "run-1", "--limitation", "no-frok", "--reason", "seen"), "there is no limitation 'no-frok'"),
        (
            ("accept", "run-1", "test_b", "--skips", "--limitation", "no-fork"),
            "a limitation explains every selected skip",
        ),
        (("queue", "run-1", "--write"), "--write"),
        (("retire", "run-1", "test_b"), "no selected entry is stale"),
        (("retire", "run-2"), "there is no run 'run-2'"),
        (("queue", "run-1", "--limitations", "gone"), "--limitations gone: there are no TOML files"),
        (("retire", "run-1", "--wrte"), "has no option '--wrte'"),
        (("rerun", "test_bool", "--times", "0"), "--times"),
        (("bisect", "test_bool"), "--axis"),
        (("bisect", "test_bool", "--axis", "browser"), "--axis"),
        (("repro", "test_bool", "--shell", "--debugger"), "--debugger"),
        (("reproduce", "test_bool"), "reproduce"),
        (("minimise", "test_bool", "--sdk", "no-such-sdk"), "no-such-sdk"),
        (
            ("check", "test_bool", "--target", "wasi", "--sdk", "16", "--sdk", "24"),
            "but these are 2",
        ),
        (("check", "test_bool", "-x"), "`triage check` has no option '-x'"),
    ],
)
def test_mistakes_are_explained(said: Said, words: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        said(*words)
    assert message in f"{caught.value} {caught.value.hint}"
