"""`report --runtimes FILE`: the comparison of a run's runtimes as a document."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.cells.sets import cells_of_set, set_of_cells
from harness.runs.records import StartedRun, write_files
from harness.runs.request import RunRequest
from harness.runs.runtimes import command_again, write_runtimes
from harness.suite.request import SuiteRequest
from matrix.errors import UsageError
from matrix.resolve import ResolvedCell
from reports.render import summary_files
from reports.summary import Summary
from tests.unit.reports.test_render_runtimes import differing, run_with
from tests.unit.requests import run_request
from tests.unit.summaries import cell_of, run_of
from tests.unit.test_docs import broken_links, missing_paths

SET = cells_of_set("runtimes")


def started(request: RunRequest) -> StartedRun:
    return StartedRun(run_id="a-run", started="", request=request, harness="0123456789abcdef")


@pytest.fixture
def run(tmp_path: Path) -> StartedRun:
    return started(run_request(tmp_path))


def written(run: StartedRun, summary: Summary, path: Path, cells: tuple[ResolvedCell, ...] = SET) -> str:
    directory = path.parent / run.run_id
    write_files(directory, summary_files(summary))
    write_runtimes(path, directory, run, cells)
    return path.read_text("utf-8")


def test_the_document_names_versions_and_the_line_that_makes_it_again(run: StartedRun, tmp_path: Path) -> None:
    path = tmp_path / "runtimes.md"
    text = written(run, run_with(differing()), path)
    again = f"nox -s nightly -- --set runtimes --new --no-reuse; nox -s report -- --runtimes {path}"
    assert f"\n    {again}\n" in text
    assert "(code 0123456789ab) |" in text


def test_the_document_s_links_lead_to_the_list_wherever_it_lies(run: StartedRun, tmp_path: Path) -> None:
    path = tmp_path / "runtimes.md"
    text = written(run, run_with(differing(limitation="no-subprocess")), path)
    assert "[no-subprocess](../" in text  # no path of this machine
    assert broken_links(path) == []
    assert not missing_paths(text)


def test_tests_that_were_asked_for_are_asked_for_again(tmp_path: Path) -> None:
    suite = SuiteRequest(names=("test_json", "test_os.A.test one"))
    again = command_again(started(replace(run_request(tmp_path), suite=suite)), SET, Path("a b.md"))
    line = "nox -s nightly -- --set runtimes --new --no-reuse test_json 'test_os.A.test one'; "
    assert again == line + "nox -s report -- --runtimes 'a b.md'"


def test_cells_that_are_no_set_are_named(run: StartedRun) -> None:
    again = command_again(run, SET[:2], Path("x.md")).partition(";")[0]
    cells = [word for cell in SET[:2] for word in ("--cell", cell.id)]
    assert shlex.split(again) == ["python", "-m", "harness", "test", "--no-reuse", *cells]


def test_a_set_is_known_by_its_cells() -> None:
    ids = [cell.id for cell in SET]
    assert set_of_cells(reversed(ids)) == "runtimes"
    assert set_of_cells([*ids, "another"]) == ""


@pytest.mark.parametrize(
    ("summary", "problem"),
    [
        (replace(run_with(), interrupted=True), "a-run is not complete"),
        (run_of(cell_of()), "a-run has no build that was tested with several runtimes"),
    ],
)
def test_a_run_that_compares_nothing_is_refused(
    run: StartedRun, tmp_path: Path, summary: Summary, problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        written(run, summary, tmp_path / "runtimes.md")
    assert not (tmp_path / "runtimes.md").exists()


def test_a_document_that_cannot_be_written_is_said(run: StartedRun, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    write_files(tmp_path / "a-run", summary_files(run_with()))
    with pytest.raises(UsageError, match=r"file/x\.md cannot be written"):
        write_runtimes(tmp_path / "file/x.md", tmp_path / "a-run", run, SET)
