from __future__ import annotations

import json
import shlex
from datetime import date

import pytest
from msgspec.structs import replace

from harness.commands.test import TEST, request_of
from matrix import json_records
from matrix.conditions import Condition
from matrix.limitations import Expectation
from matrix.model import SdkFamily
from matrix.outcome import ModuleResult, Outcome, Status
from matrix.rules import AllowedToFail, Exclusion
from matrix.versions import Requirement
from reports.differences import Comparison, Difference
from reports.summary import CellStatus, CellSummary, Summary, allowed, exit_status, judged_cell, untested_cell
from reports.unexpected import Unexpected, expired, unexpected
from reports.verdict import CellVerdicts, Verdict, judge_cell
from tests.unit import made
from tests.unit.made import expecting, listed, outcome, result

COMPARISON = Comparison(
    cpython="cpython-3.13.5",
    cells=("one", "other"),
    tests=3,
    differences=(
        Difference(module="test_a", test="test.test_a.A.test_one", outcomes={"one": "passed", "other": "failed"}),
    ),
)
RED_ROW = Unexpected(cell="c", test="test.test_a", outcome="failed", verdict=Verdict.REGRESSION)


def summary_of(status: CellStatus, *, expected: bool = False) -> CellSummary:
    return untested_cell(made.cell(), status, "because", expected=expected)


def verdicts_of(*results: ModuleResult, full: bool = False) -> CellVerdicts:
    limitations = listed(expecting("test.test_stale.*", Expectation.FAILED, name="no-chmod"))
    by_module = {each.module: each for each in results}
    return judge_cell(list(by_module), by_module, limitations, full=full)


# --- exit statuses


@pytest.mark.parametrize(
    ("statuses", "red", "status"),
    [
        ([], [], 0),
        ([CellStatus.OK, CellStatus.OK], [], 0),
        ([CellStatus.OK, CellStatus.UNEXPECTED], [RED_ROW], 1),
        ([CellStatus.OK], [RED_ROW], 1),
        ([CellStatus.BUILD_FAILED], [], 3),
        ([CellStatus.UNOBTAINABLE], [], 3),
        ([CellStatus.UNEXPECTED, CellStatus.UNOBTAINABLE], [RED_ROW], 3),
        ([CellStatus.ERROR], [], 4),
        ([CellStatus.BUILD_FAILED, CellStatus.ERROR], [RED_ROW], 4),
    ],
)
def test_the_worst_cell_decides_the_exit_status(statuses: list[CellStatus], red: list[Unexpected], status: int) -> None:
    assert exit_status([summary_of(each) for each in statuses], red, interrupted=False) == status


@pytest.mark.parametrize("status", CellStatus)
def test_an_interrupted_run_exits_with_130(status: CellStatus) -> None:
    assert exit_status([summary_of(status)], [RED_ROW], interrupted=True) == 130


def test_an_expected_build_failure_does_not_change_the_exit_status() -> None:
    assert exit_status([summary_of(CellStatus.BUILD_FAILED, expected=True)], [], interrupted=False) == 0


@pytest.mark.parametrize(
    ("status", "exits"),
    [
        (CellStatus.UNOBTAINABLE, 0),
        (CellStatus.UNEXPECTED, 1),
        (CellStatus.BUILD_FAILED, 3),
        (CellStatus.ERROR, 4),
    ],
)
def test_a_cell_that_may_be_missing_decides_the_exit_status_unless_it_is(status: CellStatus, exits: int) -> None:
    cell = replace(summary_of(status), may_be_missing=True)
    red = [replace(RED_ROW, cell=cell.id)] if status is CellStatus.UNEXPECTED else []
    assert exit_status([cell, summary_of(CellStatus.OK)], red, interrupted=False) == exits


# --- cells that are allowed to fail, rules that have expired


MAY_FAIL = AllowedToFail(when=Condition(), reason="hangs on exit")


@pytest.mark.parametrize(
    ("status", "red", "exits"),
    [
        (CellStatus.OK, [], 0),
        (CellStatus.UNEXPECTED, [RED_ROW], 0),
        (CellStatus.BUILD_FAILED, [], 0),
        (CellStatus.OK, [RED_ROW], 0),
        (CellStatus.UNEXPECTED, [RED_ROW, replace(RED_ROW, cell="another")], 1),
        (CellStatus.UNOBTAINABLE, [], 3),
        (CellStatus.ERROR, [], 4),
    ],
)
def test_an_allowed_failure_does_not_change_the_exit_status(
    status: CellStatus, red: list[Unexpected], exits: int
) -> None:
    cell = allowed(replace(summary_of(status), id="c"), MAY_FAIL)
    assert cell.allowed_to_fail == "hangs on exit"
    assert exit_status([cell, replace(summary_of(CellStatus.OK), id="another")], red, interrupted=False) == exits


def test_an_allowed_failure_does_not_hide_another_cell() -> None:
    cells = [allowed(summary_of(CellStatus.BUILD_FAILED), MAY_FAIL), summary_of(CellStatus.BUILD_FAILED)]
    assert exit_status(cells, [], interrupted=False) == 3


def test_a_cell_without_a_rule_is_not_allowed_to_fail() -> None:
    cell = allowed(replace(summary_of(CellStatus.UNEXPECTED), allowed_to_fail="a rule that is gone"), None)
    assert not cell.forgiven
    assert exit_status([cell], [RED_ROW], interrupted=False) == 1


@pytest.mark.parametrize("status", CellStatus)
def test_only_a_failed_cell_is_forgiven(status: CellStatus) -> None:
    failed = status in (CellStatus.UNEXPECTED, CellStatus.BUILD_FAILED)
    assert allowed(summary_of(status), MAY_FAIL).forgiven is failed


def expiring(sdk: str, last_day: str | None) -> Exclusion:
    expires = date.fromisoformat(last_day) if last_day else None
    return Exclusion(when=Condition(sdk=(Requirement.parse(sdk),)), reason=f"no {sdk}", expires=expires)


def test_an_expired_rule_is_red() -> None:
    rules = (expiring("16", None), expiring("16", "2027-01-31"), expiring("24", "2027-02-01"))
    matrix = made.matrix(exclusions=rules, allowed_to_fail=(replace(MAY_FAIL, expires=date(2026, 12, 31)),))
    rows = expired(matrix, [made.cell()], date(2027, 2, 1))
    assert [(row.verdict, row.outcome, row.cell) for row in rows] == [("stale", "expired", "")] * 2
    assert rows[0].detail == "rules.toml: exclusion[1]: look at it again, its last day was 2027-01-31: no 16"
    assert rows[1].detail.startswith("rules.toml: allowed_to_fail[0]: ")
    assert exit_status([summary_of(CellStatus.OK)], rows, interrupted=False) == 1


def test_an_expired_rule_for_other_targets_does_not_count() -> None:
    node = made.target("node", sdk_family=SdkFamily.EMSCRIPTEN)
    matrix = made.matrix(
        targets=(made.target(), node),
        sdks=(*made.matrix().sdks, made.sdk("4.0.0", family=SdkFamily.EMSCRIPTEN)),
        exclusions=(expiring("emscripten", "2027-01-31"),),
    )
    today = date(2027, 2, 1)
    assert expired(matrix, [made.cell()], today) == ()
    other = replace(made.cell(), build=replace(made.build(), target=node))
    assert len(expired(matrix, [made.cell(), other], today)) == 1


# --- a cell


def test_an_untested_cell_names_its_parts_and_the_reason() -> None:
    one = untested_cell(made.cell(), CellStatus.UNOBTAINABLE, "no such release", notes=["a note"])
    assert one.id == made.cell().id
    assert (one.target, one.sdk.id, one.sdk.version) == ("wasi", "wasi-sdk-24", "24")
    assert (one.cpython.version, one.runtime.name, one.runtime.version) == ("3.13.5", "wasmtime", "50.0.1")
    assert (one.reason, one.notes) == ("no such release", ("a note",))


def test_a_tested_cell_counts_every_status_and_verdict() -> None:
    verdicts = verdicts_of(result(outcome(), outcome("test.test_a.A.test_two", Status.SKIPPED, "why not")))
    one = judged_cell(summary_of(CellStatus.OK), verdicts, {"test": 1.5})
    assert one.counts == {status.value: 0 for status in Status} | {"passed": 1, "skipped": 1}
    assert one.verdicts == {verdict.value: 0 for verdict in Verdict} | {"ok": 2}
    assert one.unattributed_skips == 1
    assert (one.modules.planned, one.modules.run, one.modules.vacuous) == (1, 1, ())
    assert one.durations_s == {"test": 1.5}


def test_a_cell_without_red_outcomes_is_ok() -> None:
    assert judged_cell(summary_of(CellStatus.ERROR), verdicts_of(result(outcome())), {}).status is CellStatus.OK


def test_a_cell_with_a_red_outcome_is_unexpected() -> None:
    verdicts = verdicts_of(result(outcome(status=Status.FAILED)))
    assert judged_cell(summary_of(CellStatus.OK), verdicts, {}).status is CellStatus.UNEXPECTED


def test_a_stale_entry_alone_makes_a_cell_unexpected() -> None:
    verdicts = verdicts_of(result(outcome()), full=True)
    assert judged_cell(summary_of(CellStatus.OK), verdicts, {}).status is CellStatus.UNEXPECTED


def test_modules_without_any_test_are_listed() -> None:
    verdicts = verdicts_of(result(outcome(status=Status.SKIPPED)))
    assert judged_cell(summary_of(CellStatus.OK), verdicts, {}).modules.vacuous == ("test_a",)


# --- what is red


def test_a_red_row_has_its_outcome_verdict_and_detail() -> None:
    verdicts = verdicts_of(result(outcome(status=Status.CRASHED, detail="a trap")))
    (row,) = unexpected("the-cell", "test-wasi", verdicts)
    assert (row.cell, row.test) == ("the-cell", "test.test_a.A.test_one")
    assert (row.outcome, row.verdict, row.detail) == ("crashed", "regression", "a trap")


def test_expected_outcomes_have_no_row() -> None:
    assert unexpected("the-cell", "test-wasi", verdicts_of(result(outcome()))) == ()


def test_a_stale_entry_is_a_row_of_its_own() -> None:
    (row,) = unexpected("the-cell", "test-wasi", verdicts_of(result(outcome()), full=True))
    assert row.verdict == "stale"
    assert "test.test_stale.*" in row.detail


@pytest.mark.parametrize(
    ("module", "test", "name"),
    [
        ("test_a", "test.test_a.A.test_one", "test.test_a.A.test_one"),
        ("test_a", "test.test_a", "test_a"),
        ("test_a", "setUpClass (test.test_a.A)", "test_a"),
        ("test_a", "test.test_a.A.test_one (i=1)", "test_a"),
        ("test_a", "test.test_another.A.test_one", "test_a"),
        ("test_a", "test.test_a.A.$(touch hacked)", "test_a"),
        ("test_a", "unittest.loader._FailedTest.test_a", "test_a"),
        ("test.test_asyncio.test_events", "test.test_asyncio.test_events.A.test_one",
         "test.test_asyncio.test_events.A.test_one"),
        ("test.test_asyncio.test_events", "test.test_asyncio.test_events", "test.test_asyncio.test_events"),
    ],
)  # fmt: skip
def test_a_red_row_has_a_command_to_reproduce_it(module: str, test: str, name: str) -> None:
    verdicts = verdicts_of(result(outcome(test, Status.FAILED), module=module))
    (row,) = unexpected(made.cell().id, "test-wasi", verdicts)
    words = shlex.split(row.reproduce)
    assert words[:4] == ["nox", "-s", "test-wasi", "--"]
    request = request_of(TEST.parse(["--target", "wasi", *words[4:]]))
    assert request.cells.selection.cell == (made.cell().id,)
    assert request.suite.names == (name,)


# --- as JSON


def test_a_summary_is_read_back_from_its_json() -> None:
    verdicts = verdicts_of(result(outcome(status=Status.FAILED, detail="<b>&")))
    summary = Summary(
        run_id="20261122-120301-wasi-3f9a",
        started="2026-11-22T12:03:01+00:00",
        duration_s=1.5,
        exit_status=1,
        cells=(judged_cell(summary_of(CellStatus.OK), verdicts, {"test": 1.5}),),
        unexpected=unexpected("the-cell", "test-wasi", verdicts),
        comparisons=(COMPARISON,),
    )
    assert json_records.decode(json_records.indented(summary), Summary) == summary


def test_a_summarys_json_has_the_documented_keys() -> None:
    summary = Summary(
        run_id="r",
        started="s",
        duration_s=0.0,
        exit_status=0,
        cells=(judged_cell(summary_of(CellStatus.OK), verdicts_of(result(outcome())), {"test": 1.5}),),
        unexpected=(RED_ROW,),
        comparisons=(COMPARISON,),
    )
    document = json.loads(json_records.indented(summary))
    assert document["schema"] == 1
    assert {"run_id", "started", "duration_s", "exit_status", "cells", "unexpected"} <= document.keys()
    (cell,) = document["cells"]
    assert {"id", "target", "sdk", "cpython", "runtime", "status", "modules", "counts", "verdicts"} <= cell.keys()
    assert {"unattributed_skips", "durations_s"} <= cell.keys()
    assert {"id", "version", "provider", "detail"} <= cell["sdk"].keys()
    assert {"name", "version", "provider", "detail"} <= cell["runtime"].keys()
    assert {"planned", "run"} <= cell["modules"].keys()
    assert {"cell", "test", "outcome", "verdict", "limitation", "detail"} <= document["unexpected"][0].keys()
    (comparison,) = document["comparisons"]
    assert {"cpython", "cells", "tests", "differences"} == comparison.keys()
    assert {"module", "test", "outcomes"} == comparison["differences"][0].keys()
    assert comparison["differences"][0]["outcomes"].keys() == set(comparison["cells"])


def test_a_summary_without_comparisons_is_read() -> None:
    """A summary without comparisons, as earlier versions wrote it; `report` still reads it."""
    summary = Summary(run_id="r", started="s", duration_s=0.0, exit_status=0, cells=(), unexpected=())
    document = json.loads(json_records.indented(summary))
    del document["comparisons"]
    assert json_records.decode(json.dumps(document).encode(), Summary) == summary


def test_a_red_row_says_what_the_limitation_expects() -> None:
    limitations = listed(expecting("test.test_a.*", Expectation.CRASHED, name="no-threads"))
    one = Outcome(test="test.test_a.A.test_one", status=Status.PASSED, detail="")
    verdicts = judge_cell(["test_a"], {"test_a": replace(result(one))}, limitations, full=False)
    (row,) = unexpected("the-cell", "test-wasi", verdicts)
    assert row.limitation == "no-threads"
    assert row.detail == "passed, but no-threads expects it to be crashed"


def test_a_failure_that_a_limitation_expects_to_be_another_keeps_its_traceback() -> None:
    limitations = listed(expecting("test.test_a.*", Expectation.CRASHED, name="no-threads"))
    one = Outcome(test="test.test_a.A.test_one", status=Status.FAILED, detail="ValueError: 1")
    verdicts = judge_cell(["test_a"], {"test_a": replace(result(one))}, limitations, full=False)
    (row,) = unexpected("the-cell", "test-wasi", verdicts)
    assert row.detail == "no-threads expects it to be crashed\nValueError: 1"
