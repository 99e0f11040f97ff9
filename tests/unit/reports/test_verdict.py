from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.conditions import Condition
from matrix.limitations import Expectation, Limitation, Limitations, SkipReason
from matrix.outcome import ModuleResult, Outcome, Status
from matrix.versions import Requirement
from reports.verdict import ENOUGH, RED_VERDICTS, CellVerdicts, Judged, Rate, Verdict, judge, judge_cell
from tests.unit.made import FACTS, expecting, explaining, listed, outcome, result

FAILING = (Status.FAILED, Status.ERRORED, Status.CRASHED, Status.TIMED_OUT)
OK, KNOWN, STALE, REGRESSION, MISSING, FLAKY, HARNESS_ERROR = Verdict


def verdict(status: Status, expect: Expectation | None = None, *, run: bool = True, fault: str = "") -> Verdict:
    limitations = listed() if expect is None else listed(expecting("test.test_a.*", expect, run=run))
    return judge("test_a", outcome(status=status), limitations, fault=fault).verdict


def judged(*results: ModuleResult, planned: tuple[str, ...] = ("test_a",), full: bool = False) -> CellVerdicts:
    return judge_cell(planned, {each.module: each for each in results}, listed(), full=full)


# --- the table of docs/explanation/judging.md, row by row


def test_passed_with_no_limitation_is_ok() -> None:
    assert verdict(Status.PASSED) is OK


@pytest.mark.parametrize("expect", [each for each in Expectation if each is not Expectation.FLAKY])
def test_passed_where_something_else_is_expected_is_stale(expect: Expectation) -> None:
    assert verdict(Status.PASSED, expect) is STALE


@pytest.mark.parametrize("status", FAILING)
def test_failing_with_no_limitation_is_a_regression(status: Status) -> None:
    assert verdict(status) is REGRESSION


@pytest.mark.parametrize("status", FAILING)
def test_failing_as_expected_is_known(status: Status) -> None:
    assert verdict(status, Expectation(status.value)) is KNOWN


@pytest.mark.parametrize("status", FAILING)
@pytest.mark.parametrize("expect", [each for each in Expectation if each is not Expectation.FLAKY])
def test_failing_in_another_way_than_expected_is_a_regression(status: Status, expect: Expectation) -> None:
    assert (verdict(status, expect) is REGRESSION) is (expect.value != status.value)


def test_skipped_with_no_limitation_is_ok() -> None:
    assert verdict(Status.SKIPPED) is OK


def test_skipped_as_expected_is_known() -> None:
    assert verdict(Status.SKIPPED, Expectation.SKIPPED) is KNOWN


@pytest.mark.parametrize("expect", [each for each in Expectation if each is not Expectation.SKIPPED])
def test_skipped_where_something_else_is_expected_is_stale(expect: Expectation) -> None:
    assert verdict(Status.SKIPPED, expect) is STALE


@pytest.mark.parametrize("expect", [None, *Expectation])
def test_planned_without_outcome_is_missing(expect: Expectation | None) -> None:
    assert verdict(Status.DID_NOT_RUN, expect) is MISSING


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("expect", [None, *Expectation])
def test_a_fault_of_the_harness_is_a_harness_error(status: Status, expect: Expectation | None) -> None:
    assert verdict(status, expect, fault="the disk is full") is HARNESS_ERROR


# --- flaky, and what is not run


@pytest.mark.parametrize("status", [Status.PASSED, *FAILING])
def test_a_flaky_test_may_pass_and_fail(status: Status) -> None:
    assert verdict(status, Expectation.FLAKY) is FLAKY


def flaky(status: Status, rate: Rate | None, bound: float | None = 0.2) -> Judged:
    limitations = listed(expecting("test.test_a.*", Expectation.FLAKY, rate=bound, name="slow-clock"))
    return judge("test_a", outcome(status=status), limitations, rate=rate)


@pytest.mark.parametrize("status", [Status.PASSED, *FAILING])
def test_a_flaky_test_beyond_its_bound_is_a_regression(status: Status) -> None:
    found = flaky(status, Rate(bad=3, all=12))
    assert found.verdict is REGRESSION
    assert found.limitation == "slow-clock"
    assert found.detail == "it was bad in 3 of 12 runs, a rate of 25.0%; slow-clock expects at most 20.0%"


@pytest.mark.parametrize("status", [Status.PASSED, *FAILING])
@pytest.mark.parametrize(
    ("rate", "bound"),
    [
        (Rate(bad=2, all=10), 0.2),
        (Rate(bad=0, all=100), 0.2),
        (Rate(bad=9, all=9), 0.2),
        (Rate(bad=10, all=10), 1.0),
        (Rate(bad=10, all=10), None),
        (None, 0.2),
    ],
)
def test_a_flaky_test_within_its_bound_is_flaky(status: Status, rate: Rate | None, bound: float | None) -> None:
    assert flaky(status, rate, bound).verdict is FLAKY


def test_ten_observations_are_enough() -> None:
    assert ENOUGH == 10
    assert flaky(Status.PASSED, Rate(bad=9, all=9)).verdict is FLAKY
    assert flaky(Status.PASSED, Rate(bad=9, all=10)).verdict is REGRESSION


@pytest.mark.parametrize("expect", [None, *(each for each in Expectation if each is not Expectation.FLAKY)])
@pytest.mark.parametrize("status", Status)
def test_a_rate_counts_only_for_flaky_tests(status: Status, expect: Expectation | None) -> None:
    limitations = listed() if expect is None else listed(expecting("test.test_a.*", expect))
    one = outcome(status=status)
    assert judge("test_a", one, limitations, rate=Rate(bad=10, all=10)) == judge("test_a", one, limitations)


def test_rates_are_those_of_module_and_test() -> None:
    limitations = listed(expecting("test.test_a.*", Expectation.FLAKY, rate=0.2))
    results = {name: result(outcome(), module=name) for name in ("test_a", "test_a_c")}
    rates = {("test_a_c", outcome().test): Rate(bad=10, all=10)}
    found = judge_cell(tuple(results), results, limitations, full=False, rates=rates)
    assert [(each.module, each.verdict) for each in found.judged] == [("test_a", FLAKY), ("test_a_c", REGRESSION)]
    assert not found.green


@pytest.mark.parametrize("status", [Status.SKIPPED, Status.DID_NOT_RUN])
@pytest.mark.parametrize("expect", Expectation)
def test_a_test_that_is_not_run_on_purpose_is_known(status: Status, expect: Expectation) -> None:
    assert verdict(status, expect, run=False) is KNOWN


def test_a_test_that_should_not_run_and_passes_is_stale() -> None:
    assert verdict(Status.PASSED, Expectation.CRASHED, run=False) is STALE


def test_the_red_verdicts() -> None:
    assert {STALE, REGRESSION, MISSING, HARNESS_ERROR} == RED_VERDICTS


@given(st.sampled_from(list(Status)), st.sampled_from([None, *Expectation]), st.booleans())
def test_nothing_that_fails_is_ok(status: Status, expect: Expectation | None, run: bool) -> None:
    if status not in (Status.PASSED, Status.SKIPPED):
        assert verdict(status, expect, run=run) is not OK


# --- what a verdict says


def test_a_red_verdict_names_the_limitation_and_what_it_expects() -> None:
    limitations = listed(expecting("test.test_a.*", Expectation.CRASHED, name="no-threads"))
    for status in (Status.PASSED, Status.FAILED, Status.SKIPPED):
        one = judge("test_a", outcome(status=status), limitations)
        assert "no-threads expects it to be crashed" in one.detail
        assert one.limitation == "no-threads"


def test_a_harness_error_says_what_the_fault_was() -> None:
    assert judge("test_a", outcome(), listed(), fault="the disk is full").detail == "the disk is full"


def test_a_skip_is_attributed_to_the_limitation_that_explains_it() -> None:
    limitations = listed(explaining("requires fork", name="no-fork"))
    assert judge("test_a", outcome(status=Status.SKIPPED, detail="requires fork"), limitations).limitation == "no-fork"


# --- a whole cell


def test_each_outcome_of_each_planned_module_is_judged() -> None:
    one = result(outcome("test.test_a.A.test_one"), outcome("test.test_a.A.test_two", Status.FAILED))
    two = result(outcome("test.test_b.B.test_one"), module="test_b")
    cell = judged(one, two, planned=("test_a", "test_b"))
    assert [(each.module, each.outcome.test, each.verdict) for each in cell.judged] == [
        ("test_a", "test.test_a.A.test_one", OK),
        ("test_a", "test.test_a.A.test_two", REGRESSION),
        ("test_b", "test.test_b.B.test_one", OK),
    ]


def test_a_planned_module_without_result_is_missing() -> None:
    cell = judged(result(outcome()), planned=("test_a", "test_b"))
    assert [(each.module, each.outcome.test, each.verdict) for each in cell.unexpected] == [
        ("test_b", "test.test_b", MISSING)
    ]
    assert (cell.planned, cell.run) == (2, 1)
    assert not cell.green


def test_the_result_of_a_module_that_was_not_planned_does_not_count() -> None:
    cell = judged(result(outcome()), result(outcome("test.test_z.Z.test_one", Status.FAILED), module="test_z"))
    assert cell.run == 1
    assert cell.green


def test_a_fault_makes_all_outcomes_of_its_module_harness_errors() -> None:
    cell = judged(result(outcome(), outcome("test.test_a.A.test_two"), fault="the disk is full"))
    assert cell.verdicts == {HARNESS_ERROR: 2}


@pytest.mark.parametrize(
    ("statuses", "vacuous"),
    [
        ((Status.SKIPPED, Status.SKIPPED), True),
        ((Status.DID_NOT_RUN,), True),
        ((Status.SKIPPED, Status.DID_NOT_RUN), True),
        ((Status.SKIPPED, Status.PASSED), False),
        ((Status.FAILED,), False),
    ],
)
def test_a_module_in_which_nothing_was_tested_is_vacuous(statuses: tuple[Status, ...], vacuous: bool) -> None:
    cell = judged(result(*(outcome(f"test.test_a.A.test_{n}", status) for n, status in enumerate(statuses))))
    assert cell.vacuous == (("test_a",) if vacuous else ())


def test_a_module_that_is_missing_is_not_vacuous() -> None:
    assert judged(planned=("test_a",)).vacuous == ()


def test_counts_and_verdicts_have_each_outcome_once() -> None:
    statuses = [*Status, Status.PASSED]
    cell = judged(result(*(outcome(f"test.test_a.A.test_{n}", status) for n, status in enumerate(statuses))))
    assert cell.counts == {status: 1 + (status is Status.PASSED) for status in Status}
    assert cell.verdicts == {OK: 3, REGRESSION: 4, MISSING: 1}


def test_skips_that_nothing_explains_are_the_triage_queue() -> None:
    skips = (
        outcome("test.test_a.A.test_one", Status.SKIPPED, "requires fork"),
        outcome("test.test_a.A.test_two", Status.SKIPPED, "requires a full moon"),
        outcome("test.test_a.B.test_one", Status.SKIPPED, "whatever"),
    )
    limitations = listed(
        explaining("requires fork", name="no-fork"), expecting("test.test_a.B.*", Expectation.SKIPPED, name="b")
    )
    cell = judge_cell(["test_a"], {"test_a": result(*skips)}, limitations, full=False)
    assert [each.outcome.test for each in cell.unattributed] == ["test.test_a.A.test_two"]


# --- entries of the list that contradict each other


def test_a_test_with_two_disagreeing_entries_is_a_conflict() -> None:
    entries = (
        expecting("test.test_a.A.*", Expectation.FAILED, name="one"),
        expecting("test.test_a.A.test_?ne", Expectation.CRASHED, name="other"),
    )
    limitations = Limitations(entries, {"one": "a.toml", "other": "b.toml"}).for_cell(FACTS)
    outcomes = (outcome(status=Status.FAILED), outcome("test.test_a.A.test_two", Status.FAILED))
    cell = judge_cell(["test_a"], {"test_a": result(*outcomes)}, limitations, full=False)
    (conflict,) = cell.conflicts
    assert conflict.test == outcomes[0].test
    assert str(conflict) == (
        "a.toml: one: tests.match = 'test.test_a.A.*' expects failed, but "
        "b.toml: other: tests.match = 'test.test_a.A.test_?ne' expects crashed"
    )
    assert [item.verdict for item in cell.judged] == [Verdict.KNOWN, Verdict.KNOWN]
    assert not cell.green


# --- entries of the list that matched nothing


def entries_left(*entries: Limitation, outcomes: tuple[Outcome, ...], full: bool = True) -> tuple[str, ...]:
    cell = judge_cell(["test_a"], {"test_a": result(*outcomes)}, listed(*entries), full=full)
    assert cell.green is not bool(cell.stale_entries or cell.unexpected)
    return tuple(map(str, cell.stale_entries))


def test_a_glob_that_matches_no_test_is_stale_in_a_full_run() -> None:
    (entry,) = entries_left(expecting("test.test_gone.*", Expectation.FAILED, name="gone"), outcomes=(outcome(),))
    assert "gone" in entry
    assert "test.test_gone.*" in entry


def test_an_explanation_that_explains_no_skip_is_stale_in_a_full_run() -> None:
    (entry,) = entries_left(explaining("requires fork", name="no-fork"), outcomes=(outcome(),))
    assert "no-fork" in entry


@pytest.mark.parametrize(
    "entry", [expecting("test.test_gone.*", Expectation.FAILED), explaining("requires fork")], ids=["tests", "skips"]
)
def test_a_part_of_a_run_makes_no_entry_stale(entry: Limitation) -> None:
    assert entries_left(entry, outcomes=(outcome(),), full=False) == ()


@pytest.mark.parametrize("status", Status)
def test_an_entry_that_matched_a_test_is_not_stale_whatever_the_test_did(status: Status) -> None:
    assert entries_left(expecting("test.test_a.*", Expectation.FAILED), outcomes=(outcome(status=status),)) == ()


def test_an_entry_for_a_test_with_a_harness_error_is_not_stale() -> None:
    entry = expecting("test.test_a.*", Expectation.FAILED)
    faulty = result(outcome(status=Status.FAILED), fault="the disk is full")
    assert judge_cell(["test_a"], {"test_a": faulty}, listed(entry), full=True).stale_entries == ()


def test_an_explanation_that_explained_a_skip_is_not_stale() -> None:
    skip = outcome(status=Status.SKIPPED, detail="requires fork")
    assert entries_left(explaining("requires fork"), outcomes=(skip,)) == ()


@pytest.mark.parametrize(
    "reason",
    [
        SkipReason(match="requires fork", seen=Condition(cpython=(Requirement.parse(">=3.14"),))),
        SkipReason(match="requires fork", varies=True),
    ],
    ids=["seen elsewhere", "varies"],
)
def test_an_explanation_whose_reasons_need_not_be_given_here_is_not_stale(reason: SkipReason) -> None:
    entry = Limitation(id="no-fork", title="no fork", section="processes", skip_reasons=(reason,))
    assert entries_left(entry, outcomes=(outcome(),)) == ()


def test_a_limitation_without_tests_and_reasons_is_never_stale() -> None:
    assert entries_left(explaining(), outcomes=(outcome(),)) == ()


def test_each_entry_of_a_limitation_counts_for_itself() -> None:
    one = expecting("test.test_a.*", Expectation.FAILED)
    two = expecting("test.test_gone.*", Expectation.FAILED)
    both = Limitation(id="both", title="both", section="tests", tests=(*one.tests, *two.tests))
    (entry,) = entries_left(both, outcomes=(outcome(status=Status.FAILED),))
    assert "test.test_gone.*" in entry


def test_a_skip_reason_that_no_test_gave_is_stale_in_a_full_run() -> None:
    skip = outcome(status=Status.SKIPPED, detail="requires fork")
    entry = explaining("requires fork", "needs fork", name="no-fork")
    assert entries_left(entry, outcomes=(skip,)) == (
        "no-fork: skip_reasons: 'needs fork': no test was skipped for that",
    )
    assert entries_left(entry, outcomes=(skip,), full=False) == ()


def test_a_stale_entry_does_not_list_its_reasons() -> None:
    (entry,) = entries_left(explaining("requires fork", "needs fork", name="no-fork"), outcomes=(outcome(),))
    assert entry == "no-fork: explains no skip and no failure"


def test_reasons_are_stale_only_when_every_module_ran() -> None:
    skip = outcome(status=Status.SKIPPED, detail="requires fork")
    entry = listed(explaining("requires fork", "needs fork"))
    faulty = {"test_a": result(skip), "test_b": result(outcome("test.test_b.A.test_one"), fault="the disk is full")}
    assert judge_cell(["test_a", "test_b"], faulty, entry, full=True).stale_entries == ()
    assert judge_cell(["test_a", "test_b"], {"test_a": result(skip)}, entry, full=True).stale_entries == ()
