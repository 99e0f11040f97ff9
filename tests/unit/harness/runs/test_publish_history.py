"""Publishing records a run in the history, and judges flaky tests by their rates there."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.runs import pages
from harness.runs import publish as publishing
from harness.runs.publish import publish
from harness.runs.records import CellRecord, StartedRun, cell_directory, write_record
from harness.suite.files import OUTCOMES
from harness.suite.results import append_result
from matrix.expand import expand
from matrix.limitations import Expectation, Limitations
from matrix.outcome import Status
from reports import history
from reports.summary import CellStatus, untested_cell
from tests.unit import made
from tests.unit.nights import module, observed
from tests.unit.requests import run_request

P, F = Status.PASSED, Status.FAILED
CELL = made.cell()
FLAKY = Limitations((made.expecting("test.test_a.*", Expectation.FLAKY, rate=0.2, name="slow-clock"),))


@pytest.fixture(autouse=True)
def _rules(monkeypatch: pytest.MonkeyPatch) -> None:
    expansion = expand(made.matrix())
    monkeypatch.setattr(publishing, "load", made.matrix)  # the real one takes most of a test's time
    monkeypatch.setattr(pages, "whole_expansion", lambda known_bad=False: expansion)


def published(
    out: Path, run: str, status: Status = P, *, limitations: Limitations = FLAKY, digest: str = "d1", reused: str = ""
) -> tuple[int, str]:
    """Report a run of one module with one test; the exit status, and the output on the terminal."""
    place = cell_directory(out / run, CELL.id)
    if not place.is_dir():
        place.mkdir(parents=True)
        append_result(place / OUTCOMES, module(observed(status), digest=digest, reused=reused))
        base = untested_cell(CELL, CellStatus.OK, "")
        write_record(out / run, CellRecord(base=base, tested=True, planned=("test_a",), suite=1, whole=True))
    started = StartedRun(run_id=run, started=f"2026-01-01T00:00:{run[-2:]}+00:00", request=run_request(out))
    said = io.StringIO()
    console = Console(file=said, width=300, highlight=False)
    shown = publish(out / run, started, [made.resolved()], limitations, 1.0, console)
    return shown.summary.exit_status, said.getvalue()


def unexpected(out: Path, run: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((out / run / "summary.json").read_bytes())["unexpected"]
    return found


def runs(out: Path) -> list[tuple[str, bool, bool]]:
    with history.opened(out / history.NAME) as found:
        return [(cell.run, cell.whole, cell.complete) for cell in found.cells()]


def test_a_run_is_recorded_when_it_is_reported(tmp_path: Path) -> None:
    assert published(tmp_path, "run-01")[0] == 0
    assert published(tmp_path, "run-02", F)[0] == 0
    assert runs(tmp_path) == [("run-02", True, True), ("run-01", True, True)]
    with history.opened(tmp_path / history.NAME) as found:
        assert [one.outcome for one in found.seen("test.test_a.A.test_one")] == ["passed", "failed"]


def test_a_run_that_is_reported_again_is_recorded_once(tmp_path: Path) -> None:
    for _ in range(2):
        published(tmp_path, "run-01")
    assert runs(tmp_path) == [("run-01", True, True)]


@pytest.mark.parametrize("status", [P, F])
def test_an_unwritable_history_causes_a_message_and_nothing_else(tmp_path: Path, status: Status) -> None:
    limitations = Limitations(())
    code, said = published(tmp_path / "fine", "run-01", status, limitations=limitations)
    assert "not in the history" not in said
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / history.NAME).write_bytes(b"no database" * 100)
    found, said = published(damaged, "run-01", status, limitations=limitations)
    assert found == code == (0 if status is P else 1)
    assert f"this run is not in the history: the history {damaged / history.NAME} is damaged" in said
    assert said.index("it took") < said.index("not in the history") < said.index("report: ")  # the verdict comes first
    assert "-> move it away" in said
    assert (damaged / history.NAME).read_bytes() == b"no database" * 100
    for name in ("summary.json", "summary.md", "index.html"):
        assert (damaged / "run-01" / name).read_bytes() == (tmp_path / "fine" / "run-01" / name).read_bytes()


def test_a_damaged_history_does_not_prevent_judging_a_flaky_test(tmp_path: Path) -> None:
    (tmp_path / history.NAME).write_bytes(b"no database" * 100)
    code, said = published(tmp_path, "run-01", F)
    assert code == 0
    assert said.count("is damaged") == 1


# --- flaky beyond the bound


def nights(out: Path, *statuses: Status, digest: str = "d1") -> int:
    """Report one run for each status; the exit status of the last."""
    return [published(out, f"run-{number:02}", status, digest=digest)[0] for number, status in enumerate(statuses)][-1]


def test_a_flaky_test_beyond_its_bound_is_red(tmp_path: Path) -> None:
    assert nights(tmp_path, *[F] * 3, *[P] * 6) == 0, "nine observations are too few"
    assert published(tmp_path, "run-09", P)[0] == 1
    (row,) = unexpected(tmp_path, "run-09")
    assert (row["verdict"], row["outcome"], row["limitation"]) == ("regression", "passed", "slow-clock")
    assert row["detail"] == "it was bad in 3 of 10 runs, a rate of 30.0%; slow-clock expects at most 20.0%"


def test_a_flaky_test_within_its_bound_is_not(tmp_path: Path) -> None:
    assert nights(tmp_path, *[P] * 9, F, P, F) == 0


def test_judging_a_run_again_gives_the_same_result(tmp_path: Path) -> None:
    nights(tmp_path, *[P] * 8, F)
    first = [published(tmp_path, "run-09", F)[0], *unexpected(tmp_path, "run-09")]
    for _ in range(3):
        assert [published(tmp_path, "run-09", F)[0], *unexpected(tmp_path, "run-09")] == first == [0]
    assert published(tmp_path, "run-10", F)[0] == 1


def test_observations_with_another_digest_do_not_count(tmp_path: Path) -> None:
    nights(tmp_path, *[F] * 9, digest="d0")
    assert published(tmp_path, "run-09", P)[0] == 0


def test_a_reused_result_is_not_another_observation(tmp_path: Path) -> None:
    nights(tmp_path, *[P] * 6, *[F] * 3)
    assert published(tmp_path, "run-09", F, reused="run-08")[0] == 0
    assert published(tmp_path, "run-10", F)[0] == 1


NONE = Limitations(())


def first_page(out: Path, run: str) -> str:
    """What the first page says before its matrix."""
    text = (out / run / "index.html").read_text("utf-8")
    return text[text.index('id="news"') : text.index('id="matrix"')]


def test_the_first_page_tells_what_is_newly_red_from_what_was_red_before(tmp_path: Path) -> None:
    published(tmp_path, "run-01", P, limitations=NONE)
    assert "Nothing unexpected in 1 cell." in first_page(tmp_path, "run-01")
    published(tmp_path, "run-02", F, limitations=NONE)
    assert ">new</span>" in first_page(tmp_path, "run-02")
    published(tmp_path, "run-03", F, limitations=NONE)
    assert '>as before</span> <span class="faint">since run-02</span>' in first_page(tmp_path, "run-03")
    assert "are those of <code>run-02</code>" in first_page(tmp_path, "run-03")
    published(tmp_path, "run-04", P, limitations=NONE)
    assert "1 newly passing:" in first_page(tmp_path, "run-04")


def test_where_the_summary_of_the_run_before_is_gone_a_changed_outcome_is_new(tmp_path: Path) -> None:
    for run, status in (("run-01", P), ("run-02", F)):
        published(tmp_path, run, status, limitations=NONE)
        (tmp_path / run / "summary.json").unlink()
    published(tmp_path, "run-02", F, limitations=NONE)
    assert ">new</span>" in first_page(tmp_path, "run-02")
    (tmp_path / "run-02/summary.json").unlink()
    published(tmp_path, "run-03", F, limitations=NONE)
    assert ">as before</span>" in first_page(tmp_path, "run-03")


def test_a_list_that_is_not_the_same_is_named(tmp_path: Path) -> None:
    published(tmp_path, "run-01", F, limitations=NONE)
    summary = json.loads((tmp_path / "run-01/summary.json").read_bytes())
    (tmp_path / "run-01/summary.json").write_text(json.dumps(summary | {"limitations": "another"}))
    published(tmp_path, "run-02", F, limitations=NONE)
    assert "<strong>list of limitations</strong>: another → " in first_page(tmp_path, "run-02")
    assert "<strong>harness</strong>" not in first_page(tmp_path, "run-02")


def test_a_red_cell_has_the_text_of_an_issue_with_the_run_since_which_it_is_red(tmp_path: Path) -> None:
    for run, status in (("run-01", P), ("run-02", F), ("run-03", F)):
        published(tmp_path, run, status, limitations=NONE)
    assert not (tmp_path / f"run-01/cells/{CELL.id}/issues.js").exists()
    text = (tmp_path / f"run-03/cells/{CELL.id}/issues.js").read_text("utf-8")
    assert "failed on 1 of 1 platforms" in text
    assert "| failed | run-02 |" in text
    page = (tmp_path / f"run-03/cells/{CELL.id}/index.html").read_text("utf-8")
    assert 'data-issues="yes"' in page
    assert 'data-issues="yes"' not in (tmp_path / f"run-01/cells/{CELL.id}/index.html").read_text("utf-8")
