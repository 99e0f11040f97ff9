from __future__ import annotations

from harness.suite.batch import KNOWN_TO_HANG, ModulePlan
from harness.suite.plans import with_expectations
from matrix.limitations import Expectation
from tests.unit.made import expecting, listed


def test_a_plan_knows_which_tests_do_not_run_and_which_hang() -> None:
    known = listed(
        expecting("test.test_a.T.test_never", Expectation.TIMED_OUT, run=False, name="never"),
        expecting("test.test_a.T.test_hangs_*", Expectation.TIMED_OUT, name="hangs"),
        expecting("test.test_a.T.test_fails", Expectation.FAILED, name="fails"),
    )
    (plan,) = with_expectations([ModulePlan(module="test_a")], known)
    assert plan.skip == ("test.test_a.T.test_never",)
    assert plan.hangs == ("test.test_a.T.test_hangs_*",)


def test_a_test_that_hangs_is_given_less_time_and_never_more() -> None:
    plan = ModulePlan(module="test_a", hangs=("test.test_a.T.test_hangs_*",))
    assert plan.limit("test.test_a.T.test_hangs_long", 240.0) == KNOWN_TO_HANG < 240.0
    assert plan.limit("test.test_a.T.test_hangs_long", 5.0) == 5.0
    assert plan.limit("test.test_a.T.test_fails", 240.0) == 240.0
    assert plan.limit("", 240.0) == 240.0
