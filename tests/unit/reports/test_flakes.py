from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.outcome import Status
from reports.flakes import Flake, Observation, flakes, rate, tally
from reports.verdict import Rate

P, F, S, E, C = Status.PASSED, Status.FAILED, Status.SKIPPED, Status.ERRORED, Status.CRASHED
NOT_RUN = Status.DID_NOT_RUN
ONE, TWO = "test.test_a.A.test_one", "test.test_a.A.test_two"


def seen(*outcomes: tuple[str, Status], times: int = 1) -> Observation:
    return Observation(
        tests=tuple(test for test, _ in outcomes), statuses=tuple(status for _, status in outcomes), times=times
    )


def found(*observations: Observation) -> list[Flake]:
    return flakes("a-cell", "test_a", "a digest", observations)


def rates(*observations: Observation) -> dict[str, Rate]:
    return {flake.test: flake.rate for flake in found(*observations)}


def test_a_test_with_different_outcomes_is_flaky() -> None:
    (flake,) = found(seen((ONE, P), (TWO, P), times=8), seen((ONE, F), (TWO, P), times=2))
    assert flake == Flake(
        cell="a-cell",
        module="test_a",
        test=ONE,
        digest="a digest",
        rate=Rate(bad=2, all=10),
        outcomes={"passed": 8, "failed": 2},
    )
    assert flake.rate.share == 0.2


@pytest.mark.parametrize("statuses", [(P, P), (F, F), (S, S)])
def test_a_test_with_one_outcome_is_not_flaky(statuses: tuple[Status, ...]) -> None:
    assert found(*(seen((ONE, status)) for status in statuses)) == []


def test_a_test_that_is_sometimes_skipped_is_flaky_but_never_fails() -> None:
    assert rates(seen((ONE, P)), seen((ONE, S))) == {ONE: Rate(bad=0, all=2)}


def test_a_test_that_fails_in_different_ways_is_flaky_and_always_fails() -> None:
    assert rates(seen((ONE, F)), seen((ONE, C))) == {ONE: Rate(bad=2, all=2)}


def test_tests_of_one_name_are_seen_together() -> None:
    assert found(seen((ONE, P), (ONE, F)), seen((ONE, F), (ONE, P))) == []
    assert rates(seen((ONE, P), (ONE, F)), seen((ONE, P), (ONE, P))) == {ONE: Rate(bad=1, all=2)}


def test_a_test_that_did_not_run_was_not_observed() -> None:
    assert found(seen((ONE, P), (TWO, C)), seen((ONE, NOT_RUN), (TWO, C))) == []


def test_a_missing_test_was_not_observed() -> None:
    assert found(seen((ONE, P), (TWO, F)), seen((ONE, P))) == []


# --- modules and fixtures that fail now and then


@pytest.mark.parametrize("name", ["test.test_a", "setUpClass (test.test_a.A)", "setUpModule (test.test_a)"])
def test_a_module_or_fixture_passed_where_its_tests_ran(name: str) -> None:
    fine, broken = seen((ONE, P), times=9), seen((ONE, NOT_RUN), (name, E))
    assert rates(fine, broken) == {name: Rate(bad=1, all=10)}
    assert rates(broken, fine) == {name: Rate(bad=1, all=10)}


@pytest.mark.parametrize(
    "other", [seen(("test.test_a.B.test_one", P)), seen((ONE, NOT_RUN)), seen(("test.test_a.AB.test_one", P))]
)
def test_a_fixture_did_not_pass_where_no_test_of_its_class_ran(other: Observation) -> None:
    assert rates(seen(("setUpClass (test.test_a.A)", E)), other) == {}


def test_a_common_prefix_does_not_make_a_test_pass() -> None:
    assert rates(seen(("decimal", F)), seen(("decimal", NOT_RUN), ("decimal.Context", P))) == {}


# --- any observations

OUTCOMES = st.lists(st.tuples(st.sampled_from([ONE, TWO, "test.test_a"]), st.sampled_from(list(Status))), max_size=6)
SEVERAL = st.lists(OUTCOMES.map(lambda outcomes: seen(*outcomes)), min_size=1, max_size=6)


@given(SEVERAL)
def test_exactly_the_varying_tests_are_flaky(observations: list[Observation]) -> None:
    everything = {test for one in observations for test in one.tests}
    varying = {test for test, count in tally(observations, everything).items() if len(count) > 1}
    assert {flake.test for flake in found(*observations)} == varying


@given(SEVERAL)
def test_a_rate_is_a_share(observations: list[Observation]) -> None:
    for count in tally(observations, {ONE, TWO}).values():
        one = rate(count)
        assert 0 <= one.bad <= one.all <= len(observations)
        assert 0.0 <= one.share <= 1.0


def test_an_observation_with_several_failures_counts_once() -> None:
    assert rate(Counter({(P, F): 2, (F, F): 1, (P,): 3})) == Rate(bad=3, all=6)
