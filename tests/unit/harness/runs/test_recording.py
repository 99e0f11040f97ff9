from __future__ import annotations

import pytest
from msgspec.structs import replace

from harness.runs.recording import added, record_of_failure, record_of_suite, unexpected_build
from harness.runs.records import CellRecord
from harness.suite.run import SuiteRun
from matrix.conditions import Condition
from matrix.errors import BuildFailed, HarnessFault, MatrixError, Unobtainable
from matrix.rules import ExpectedBuildFailure
from reports.summary import CellStatus, untested_cell
from reports.verdict import Verdict
from tests.unit import made

CELL = made.resolved()
EXPECTED = ExpectedBuildFailure(when=Condition(), step="make", message="no such header", reason="too old")
FAILING = replace(CELL, expected_failure=EXPECTED)


def failed(step: str = "make", output: str = "no such header", *, remembered: bool = False) -> BuildFailed:
    return BuildFailed("make failed", step=step, output=output, hint="look", remembered=remembered)


def test_a_build_that_fails_as_expected_is_recorded_with_the_reason() -> None:
    base = record_of_failure(FAILING, failed()).base
    assert (base.status, base.expected, base.reason) == (CellStatus.BUILD_FAILED, True, "too old")


def test_a_failure_that_is_known_from_an_earlier_run_says_so() -> None:
    base = record_of_failure(FAILING, failed(remembered=True)).base
    assert base.reason == "too old (known from before: nothing has changed since)"


@pytest.mark.parametrize("other", [failed(step="configure"), failed(output="disk full")])
def test_a_build_that_fails_otherwise_says_what_was_expected(other: BuildFailed) -> None:
    base = record_of_failure(FAILING, other).base
    assert (base.status, base.expected) == (CellStatus.BUILD_FAILED, False)
    assert base.reason == f"{other}\nit was expected to fail at make with 'no such header'"


def test_a_build_that_was_not_expected_to_fail_has_its_message() -> None:
    base = record_of_failure(CELL, failed()).base
    assert (base.status, base.expected, base.reason) == (CellStatus.BUILD_FAILED, False, str(failed()))


@pytest.mark.parametrize(
    ("exc", "status"),
    [
        (Unobtainable("not here"), CellStatus.UNOBTAINABLE),
        (HarnessFault("broken"), CellStatus.ERROR),
        (OSError(28, "No space left on device"), CellStatus.ERROR),
    ],
)
def test_other_failures_are_told_apart(exc: MatrixError | OSError, status: CellStatus) -> None:
    record = record_of_failure(CELL, exc)
    assert (record.tested, record.base.status, record.base.reason) == (False, status, str(exc))


def test_a_build_that_was_expected_to_fail_and_does_not_is_red() -> None:
    (red,) = unexpected_build(FAILING)
    assert (red.cell, red.verdict, red.detail) == (
        CELL.id,
        Verdict.STALE,
        "it builds, but was expected not to: too old",
    )
    assert unexpected_build(CELL) == ()


def test_a_finished_suite_is_added_to_the_record() -> None:
    before = CellRecord(base=untested_cell(CELL, CellStatus.OK, ""), tested=False)
    finished = SuiteRun(planned=("test_a",), suite=2, whole=True, interrupted=False, fault="pytest broke")
    record = record_of_suite(before, finished, {"test": 1.0})
    assert (record.tested, record.planned, record.suite, record.whole) == (True, ("test_a",), 2, True)
    assert (record.durations, record.fault, record.interrupted) == ({"test": 1.0}, "pytest broke", False)
    assert record.base == before.base


def test_a_resumed_run_took_what_it_took_before_too() -> None:
    earlier = CellRecord(base=untested_cell(CELL, CellStatus.OK, ""), tested=True, durations={"test": 2.0, "gone": 1.0})
    assert added({"test": 1.0, "build": 0.5}, earlier) == {"test": 3.0, "build": 0.5}
    assert added({"test": 1.0}, None) == {"test": 1.0}
