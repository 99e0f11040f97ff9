"""A run's directory may come from another machine: what it holds decides no path outside of it."""

from __future__ import annotations

import html
import posixpath
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.commands.test import TEST, request_of
from harness.machine.files import LARGEST_DOCUMENT, read_limited
from harness.runs.cell_report import read_cell
from harness.runs.describing import FACTS, read_description
from harness.runs.finished import is_finished
from harness.runs.merge import merge
from harness.runs.observed import read_summary
from harness.runs.pages import newest_probes, task_bars
from harness.runs.records import (
    CELL,
    STARTED,
    SUMMARY,
    CellRecord,
    StartedRun,
    cell_directory,
    read_record,
    read_started,
    run_directory,
    write_record,
)
from harness.runs.tasks import TIMELINE
from harness.suite import results
from harness.suite.files import OUTCOMES
from harness.suite.results import append_result
from matrix import json_records
from matrix.errors import UsageError
from matrix.outcome import ModuleResult, Outcome, Status
from reports import page
from reports.probed import PROBES
from reports.summary import BuildStep, CellStatus, Modules, Summary, untested_cell
from reports.unexpected import Unexpected
from reports.verdict import Verdict
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
        f'{{"module":"test_a","duration":{number},"startup":{number},"cpu":{number},"finished":{number},'
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


def test_results_beyond_the_size_that_is_read_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = made.resolved()
    write_record(tmp_path, CellRecord(base=untested_cell(cell, CellStatus.OK, ""), tested=True, suite=2))
    for module in ("test_a", "test_b"):
        append_result(cell_directory(tmp_path, cell.id) / OUTCOMES, made.result(made.outcome(), module=module))
    monkeypatch.setattr(results, "LARGEST_FILE", 10)
    found = read_cell(tmp_path, cell, interrupted=False)
    assert found.results.keys() == {"test_a"}
    assert found.record.base.notes == ("outcomes.jsonl has more than 1024 MiB: what comes after them does not count",)


def started(run: Path, run_id: str) -> Path:
    """A run's directory with a run.json."""
    request = request_of(TEST.parse(["--target", "wasi"]))
    run.mkdir(parents=True, exist_ok=True)
    (run / STARTED).write_bytes(json_records.encode(StartedRun(run_id=run_id, started="", request=request)))
    return run


def larger_than_is_read(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(LARGEST_DOCUMENT + 1)


def test_a_file_that_is_too_large_is_refused_or_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_limited, "__defaults__", (1000,))
    cell = made.cell().id
    run = started(tmp_path / "run-1", "run-1")
    for name in (STARTED, SUMMARY, f"cells/{cell}/{CELL}", f"cells/{cell}/{FACTS}", TIMELINE, PROBES):
        larger_than_is_read(run / name)
    for read in (read_started, read_summary, lambda run: read_record(run, cell)):
        with pytest.raises(UsageError, match="has more than"):
            read(run)
    assert not is_finished(run)
    assert read_description(run, cell) is None
    assert newest_probes(tmp_path) is None
    assert task_bars(run) == []


@pytest.mark.parametrize("run_id", ODD)
def test_the_id_of_a_run_leads_nowhere(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a directory"):
        read_started(started(tmp_path, run_id))


PLACES = ["cells", "cells/x", "cells/x/logs", "cells/x/logs/make.log", "cells/x/tests.js", "page", "junit.xml"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("to", ["/etc", "/etc/passwd", "../../../../.."])
def test_a_run_with_a_link_that_leads_out_of_it_is_refused(tmp_path: Path, place: str, to: str) -> None:
    run = started(tmp_path / "out/run-1", "run-1")
    (run / place).parent.mkdir(parents=True, exist_ok=True)
    (run / place).symlink_to(to)
    with pytest.raises(UsageError, match="is a symbolic link that leads out of the run"):
        run_directory(tmp_path / "out", "run-1")
    with pytest.raises(UsageError, match="is a symbolic link that leads out of the run"):
        merge([run], tmp_path / "out")


def test_a_run_may_have_links_within_itself(tmp_path: Path) -> None:
    run = started(tmp_path / "out/run-1", "run-1")
    (run / "cells").mkdir()
    (run / "cells/x").symlink_to("../page")
    (tmp_path / "out/latest").symlink_to("run-1")
    assert run_directory(tmp_path / "out", "latest") == run


HREF = re.compile(r"""(?:href|src)=["']?([^"'\s>]*)""")


def test_the_links_of_pages_stay_within_the_run(tmp_path: Path) -> None:
    """Whatever a run says of itself: every link of every page is to a file of the run, or to https."""
    odd = "javascript:alert(1)//../../../etc/passwd"
    base = replace(untested_cell(made.cell(), CellStatus.OK, odd), notes=(odd,), target=odd)
    base = replace(base, sdk=replace(base.sdk, id=odd, detail=odd), modules=Modules(planned=1, run=1))
    step = BuildStep(title=odd, command=odd, seconds=1.0, log=odd)
    row = Unexpected(cell=base.id, test=odd, outcome=odd, verdict=Verdict.REGRESSION, detail=odd, reproduce=odd)
    summary = Summary(run_id=odd, started=odd, duration_s=1.0, exit_status=1, cells=(base,), unexpected=(row,))
    shown = page.RunPage(summary=summary, compared_with=odd, probed=odd)
    files = [*page.run_files(shown), page.cell_page(base, [step], page.Commands(again=odd, explain=odd), [row])]
    links = {
        (file.name, html.unescape(link).partition("#")[0])
        for file in files
        if file.name.endswith(".html")
        for link in HREF.findall(file.content.decode())
    }
    assert links
    for name, link in links:
        assert ":" not in link, (name, link)
        place = posixpath.normpath(posixpath.join(posixpath.dirname(name), link))
        assert not place.startswith(("..", "/")), (name, link)
