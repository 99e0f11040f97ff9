"""Which entry is expected of a test."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from matrix.conditions import Condition
from matrix.limitations import (
    Expectation,
    ExpectedTest,
    Limitation,
    NamedTest,
)
from matrix.outcome import FAILING_STATUSES, Status
from matrix.versions import Requirement
from reports.verdict import RED_VERDICTS, judge
from tests.unit.made import FACTS, expecting, listed, outcome


def found(entry: NamedTest | None) -> str | None:
    return entry.limitation if entry else None


def test_an_entry_is_found_by_name_and_by_glob() -> None:
    cell = listed(
        expecting("test.test_os.A.test_one", Expectation.FAILED, name="exact"),
        expecting("test.test_os.B.*", Expectation.ERRORED, name="glob"),
    )
    assert found(cell.expected("test.test_os.A.test_one")) == "exact"
    assert found(cell.expected("test.test_os.B.test_one")) == "glob"
    assert cell.expected("test.test_os.C.test_one") is None


def test_an_entry_may_name_several_tests() -> None:
    entry = ExpectedTest(
        match=("test.test_os.A.test_one", "test.test_os.B.*"), expect=Expectation.FAILED, reason="seen"
    )
    cell = listed(Limitation(id="several", title="several", section="tests", tests=(entry,)))
    assert found(cell.expected("test.test_os.A.test_one")) == "several"
    assert found(cell.expected("test.test_os.B.test_one")) == "several"
    assert [test.match for test in cell.tests] == ["test.test_os.A.test_one", "test.test_os.B.*"]


@pytest.mark.parametrize("match", ["test.test_one.A.test_one", "test.test_one.*"])
def test_an_entry_may_apply_to_one_module_only(match: str) -> None:
    entry = ExpectedTest(match=match, module="test_one", expect=Expectation.FAILED, reason="seen")
    cell = listed(Limitation(id="one", title="one", section="tests", tests=(entry,)))
    assert found(cell.expected("test.test_one.A.test_one", "test_one")) == "one"
    assert cell.expected("test.test_one.A.test_one", "test_one_c") is None
    assert cell.expects("test.test_one.A.test_one", Status.FAILED, "test_one")
    assert not cell.expects("test.test_one.A.test_one", Status.FAILED, "test_one_c")


def test_two_modules_may_each_have_an_entry_for_the_same_name() -> None:
    entries = tuple(
        ExpectedTest(match="test.test_x.A.t", module=module, expect=expect, reason="seen")
        for module, expect in (("test_x", Expectation.FAILED), ("test_x_c", Expectation.ERRORED))
    )
    cell = listed(Limitation(id="both", title="both", section="tests", tests=entries))
    assert cell.expects("test.test_x.A.t", Status.FAILED, "test_x")
    assert cell.expects("test.test_x.A.t", Status.ERRORED, "test_x_c")
    assert not cell.expects("test.test_x.A.t", Status.FAILED, "test_y")


def test_a_glob_matches_the_whole_name() -> None:
    cell = listed(expecting("test.test_os.*.test_one", Expectation.FAILED))
    assert cell.expected("test.test_os.A.test_one") is not None
    assert cell.expected("test.test_os.A.test_one_more") is None
    assert cell.expected("more.test.test_os.A.test_one") is None


def test_case_matters() -> None:
    cell = listed(expecting("test.test_os.execTests.*", Expectation.FAILED))
    assert cell.expected("test.test_os.ExecTests.test_one") is None


@pytest.mark.parametrize("match", ["test.test_os.A.test_one", "test.test_os.*"])
def test_the_first_of_two_entries_for_the_same_tests_wins(match: str) -> None:
    cell = listed(
        expecting(match, Expectation.FAILED, name="first"),
        expecting(match, Expectation.ERRORED, name="second"),
    )
    assert found(cell.expected("test.test_os.A.test_one")) == "first"


def test_an_exact_name_wins_over_a_glob() -> None:
    cell = listed(
        expecting("test.test_os.*", Expectation.FAILED, name="glob"),
        expecting("test.test_os.A.test_one", Expectation.ERRORED, name="exact"),
    )
    assert found(cell.expected("test.test_os.A.test_one")) == "exact"


def test_without_entries_nothing_is_expected() -> None:
    assert listed().expected("test.test_os.A.test_one") is None


def test_an_entry_holds_only_where_its_condition_does() -> None:
    elsewhere = replace(
        expecting("test.test_os.*", Expectation.FAILED), when=Condition(sdk=(Requirement.parse("wasi-sdk<20"),))
    )
    assert listed(elsewhere).expected("test.test_os.A.test_one") is None


def test_a_tests_own_condition_narrows_the_limitations() -> None:
    def narrowed(cpython: str) -> Limitation:
        entry = expecting("test.test_os.*", Expectation.FAILED)
        when = Condition(cpython=(Requirement.parse(cpython),))
        return replace(entry, tests=(replace(entry.tests[0], when=when),))

    assert listed(narrowed(">=3.13")).expected("test.test_os.A.test_one") is not None
    assert listed(narrowed("<3.13")).expected("test.test_os.A.test_one") is None


@pytest.mark.parametrize("match", ["test.test_os.A.test_one", "test.test_os.*"])
def test_entries_that_expect_different_things_of_a_test_are_rivals(match: str) -> None:
    cell = listed(
        expecting(match, Expectation.FAILED, name="first"),
        expecting(match, Expectation.FAILED, name="agrees"),
        expecting(match, Expectation.ERRORED, name="second"),
    )
    assert [entry.limitation for entry in cell.rivals("test.test_os.A.test_one")] == ["second"]
    assert cell.rivals("test.test_a.A.test_one") == ()


def test_a_name_and_a_glob_are_not_rivals() -> None:
    cell = listed(
        expecting("test.test_os.*", Expectation.FAILED), expecting("test.test_os.A.test_one", Expectation.ERRORED)
    )
    assert cell.rivals("test.test_os.A.test_one") == ()


@pytest.mark.parametrize("run", [True, False])
@pytest.mark.parametrize("expect", [None, *Expectation])
@pytest.mark.parametrize("status", sorted(FAILING_STATUSES))
def test_a_status_that_is_expected_during_the_run_is_not_red_afterwards(
    status: Status, expect: Expectation | None, run: bool
) -> None:
    cell = listed() if expect is None else listed(expecting("test.*", expect, run=run))
    one = outcome(status=status)
    assert cell.expects(one.test, one.status) is (judge("test_a", one, cell).verdict not in RED_VERDICTS)


@pytest.mark.parametrize(
    ("match", "expect", "run", "red"),
    [
        ("test.test_os.A.test_one", Expectation.FAILED, True, True),
        ("test.test_os.*", Expectation.CRASHED, True, True),
        ("test.test_os.*", Expectation.CRASHED, False, False),
        ("test.test_os.*", Expectation.SKIPPED, True, False),
        ("test.test_osx.*", Expectation.FAILED, True, False),
    ],
)
def test_a_module_is_expected_to_be_red_if_an_entry_expects_a_failure_that_runs(
    match: str, expect: Expectation, run: bool, red: bool
) -> None:
    assert listed(expecting(match, expect, run=run)).expects_red("test_os") is red


def test_a_limitation_holds_where_any_of_its_conditions_does() -> None:
    facts = FACTS
    here, elsewhere = Condition(target=(facts.target,)), Condition(target=("elsewhere",))
    for when, or_when, holds in (
        (here, (), True),
        (elsewhere, (), False),
        (elsewhere, (elsewhere, here), True),
        (elsewhere, (elsewhere,), False),
    ):
        entry = replace(expecting("test.test_os.A.t", Expectation.FAILED, name="one"), when=when, or_when=or_when)
        assert entry.holds(facts) is holds
        assert (listed(entry).expected("test.test_os.A.t") is not None) is holds
