from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from harness.runs.records import write_files
from matrix.outcome import Outcome, Status
from matrix.text import visible
from reports.columns import LONGEST, columns
from reports.page import files_of_tests
from reports.page.rendering import json_script
from reports.page.timing import Bar, Lanes, Slowest, cell_time, lanes
from reports.timelines import Timeline, changing, without_constant
from reports.verdict import judge_cell
from tests.unit import made
from tests.unit.hostile import TEXTS
from tests.unit.made import explaining, listed, outcome, result

hostile = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())


def data(path: Path) -> dict[str, object]:
    """The value that a data script passes to the page."""
    match = re.fullmatch(r'receive\((".*?"), (.*)\);\n', path.read_text("utf-8"), re.DOTALL)
    assert match, "it is one call"
    value = json.loads(match[2])
    assert isinstance(value, dict)
    return value


# --- text


@hostile
def test_no_text_ends_a_json_script(text: str) -> None:
    text = visible(text)
    script = json_script({"text": text})
    assert "<" not in script
    assert json.loads(script) == {"text": text}


# --- columns


def test_the_tests_of_a_cell_are_columns() -> None:
    results = {
        "test_a": result(
            outcome("test.test_a.A.test_one"),
            outcome("test.test_a.A.test_two", Status.SKIPPED, "no threads"),
            outcome("test.test_b.B.test_other", Status.FAILED, "AssertionError"),
            module="test_a",
        ),
        "test_tcl": result(outcome("test.test_tcl", Status.SKIPPED, "no threads"), module="test_tcl"),
    }
    limitations = listed(explaining("no threads", name="no-threads"))
    found, details = columns(judge_cell(list(results), results, limitations, full=False), results)
    assert [module[:2] for module in found.modules] == [("test_a", 3), ("test_tcl", 1)]
    assert found.names == ["A.test_one", "A.test_two", "=test.test_b.B.test_other", ""]
    assert (found.statuses, found.verdicts) == ("psfs", "oroo"[:1] + "oro")
    assert found.reasons == ["no threads"]
    assert found.reason == found.limitation == {"1": 0, "3": 0}
    assert found.limitations == ["no-threads"]
    assert found.detailed == [0]
    assert details[0].tests["2"].detail == "AssertionError"


def test_a_failure_is_stored_in_its_parts_and_what_it_raised_once() -> None:
    frame = 'Traceback (most recent call last):\n  File "/Lib/test/test_a.py", line 1, in test_one\n'
    detail = f"{frame}ValueError: 1\n- a\n"
    tests = [outcome(f"test.test_a.A.test_{name}", Status.FAILED, detail) for name in ("one", "two")]
    results = {"test_a": result(*tests, outcome("test.test_a.A.test_end", Status.CRASHED, "a trap"))}
    found, details = columns(judge_cell(["test_a"], results, listed(), full=False), results)
    assert (found.failures, found.failure) == (["ValueError: 1", "a trap"], {"0": 0, "1": 0, "2": 1})
    (failure,) = details[0].tests["0"].failures
    assert (failure.raised, failure.more, details[0].tests["0"].detail) == ("ValueError: 1", "- a", "")
    assert (details[0].tests["2"].failures, details[0].tests["2"].detail) == ((), "a trap")


def test_a_module_that_did_not_run_is_listed(tmp_path: Path) -> None:
    verdicts = judge_cell(["test_a"], {}, listed(), full=False)
    found, details = columns(verdicts, {})
    assert (found.statuses, found.verdicts, found.names) == ("-", "m", [""])
    assert details[0].tests["0"].why == "planned, but not run"


def test_long_output_is_shortened_and_stored_in_full(tmp_path: Path) -> None:
    output = "x" * 10_000_000 + "\ud800"
    results = {"test_a": result(Outcome(test="test.test_a.A.test_one", status=Status.FAILED, output=output))}
    write_files(tmp_path, files_of_tests("cell", judge_cell(["test_a"], results, listed(), full=False), results))
    (details,) = data(tmp_path / "cells/cell/details/0.js").values()
    assert isinstance(details, dict)
    assert details["cut"] == ["output"]
    assert len(details["output"]) < LONGEST + 100
    whole = (tmp_path / "cells/cell/details/0-0-output.txt").read_text("utf-8")
    assert whole == "x" * 10_000_000 + "\\ud800"


@hostile
def test_hostile_text_is_data(tmp_path: Path, text: str) -> None:
    outcomes = (
        Outcome(test=f"test.test_a.{text}", status=Status.SKIPPED, detail=text),
        Outcome(test="test.test_a.A.test_one", status=Status.FAILED, detail=text, output=text),
    )
    results = {"test_a": result(*outcomes)}
    write_files(tmp_path, files_of_tests("cell", judge_cell(["test_a"], results, listed(), full=False), results))
    found = data(tmp_path / "cells/cell/tests.js")
    assert found["names"] == [visible(text), "A.test_one"]
    assert found["reasons"] == ([visible(text)] if text else [])


# --- timelines


def timeline(*, spans: list[tuple[int, int, str]], tenths: list[int | None]) -> Timeline:
    return Timeline(
        runs=["run-1", "run-2"],
        modules=["test_a"],
        tenths=[(one,) for one in tenths],
        spans=[spans],
        lists={1: ("a",), 2: ("a", "b")},
    )


def test_modules_that_never_change_are_left_out() -> None:
    found = without_constant(timeline(spans=[(0, 1, "p")], tenths=[10, 10]), "run-2")
    assert found.spans[0] == []
    assert found.lists == {}


@pytest.mark.parametrize(
    ("spans", "tenths", "run"),
    [
        ([(0, 1, "p"), (1, 1, "f")], [10, 10], "run-2"),
        ([(0, 1, "p")], [10, None], "run-2"),
        ([(0, 1, "p")], [10, 10], "another run"),
    ],
    ids=["it changed", "the run does not have it", "the run is not there"],
)
def test_modules_that_the_run_did_not_run_stay(
    spans: list[tuple[int, int, str]], tenths: list[int | None], run: str
) -> None:
    found = without_constant(timeline(spans=spans, tenths=tenths), run)
    assert found.spans[0] == spans
    assert 1 in found.lists


def test_changing_modules_are_named() -> None:
    assert changing(timeline(spans=[(0, 1, "p")], tenths=[10, 10])) == []
    assert changing(timeline(spans=[(0, 1, "p"), (1, 1, "f")], tenths=[10, 10])) == ["test_a"]


# --- time


def test_the_time_of_a_cell_is_split() -> None:
    one = made.outcome()
    slow = Outcome(test="test.test_a.A.test_slow", status=Status.PASSED, duration=1.0)
    results = (
        result(one, slow, startup=0.5, guests=1),
        result(one, module="test_b", reused="run-0", startup=9.0),
    )
    found = cell_time("cell", {"build": 3.0, "test": 2.5}, results)
    assert (found.build, found.suite, found.startups, found.tests, found.rest) == (3.0, 2.5, 0.5, 1.0, 0.5)
    assert (found.guests, found.reused) == (1, 1)


def test_the_slowest_modules_come_first_with_their_slowest_cell() -> None:
    slowest = Slowest()
    slowest.add("one", [result(duration=1.0), result(module="test_b", duration=5.0)])
    slowest.add("two", [result(duration=7.0)])
    assert [(row.module, row.seconds, row.slowest, row.cell) for row in slowest.found()] == [
        ("test_a", 8.0, 7.0, "two"),
        ("test_b", 5.0, 5.0, "one"),
    ]


def bar(started: float, ended: float, cores: int = 1) -> Bar:
    return Bar(name=f"{started}", kind="build", started=started, ended=ended, cores=cores)


def laid_out(*bars: Bar) -> Lanes:
    found = lanes(bars)
    assert found is not None
    return found


def test_overlapping_bars_are_in_different_rows() -> None:
    found = laid_out(bar(0, 10), bar(5, 15), bar(10, 20))
    assert [[one.started for one in row] for row in found.rows] == [[0, 10], [5]]


def test_idle_cores_lower_the_busy_share() -> None:
    assert laid_out(bar(0, 10), bar(0, 5)).busy == pytest.approx(0.75)
    assert laid_out(bar(0, 10, cores=2)).busy == 1.0


def test_a_run_without_tasks_has_no_timeline() -> None:
    assert lanes([]) is None
