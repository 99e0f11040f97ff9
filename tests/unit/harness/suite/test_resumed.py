"""A resumed run goes on with the results that belong to it, and says which do not, and why."""

from __future__ import annotations

import pytest

from harness.suite.batch import ModulePlan
from harness.suite.resumed import resumed
from harness.suite.reuse import NOT_RUN
from matrix.outcome import ModuleResult, Status
from tests.unit import made

NOW = {"sources": "s", "build": "b", "runtime": "r", "harness": "h"}


def observed(module: str, digest: str = "now", fault: str = "") -> ModuleResult:
    return made.result(made.outcome(f"test.{module}.T.test_x"), module=module, digest=digest, fault=fault)


@pytest.mark.parametrize("part", NOW)
def test_a_result_of_other_parts_runs_again_and_the_part_is_named(part: str) -> None:
    found = {"test_a": observed("test_a", "before"), "test_b": observed("test_b")}
    sorted_out = resumed(found, (), "now", NOW, {"before": NOW | {part: "another"}})
    assert sorted_out.results == {"test_b": found["test_b"]}
    assert sorted_out.said == (
        f"1 earlier result of this run does not count, and its module runs again (other: {part}): test_a",
    )


def test_a_result_of_which_nothing_is_known_runs_again() -> None:
    sorted_out = resumed({"test_a": observed("test_a", "")}, (), "now", NOW, {})
    assert sorted_out.not_used == {"nothing says what it was made with": ("test_a",)}


def test_a_module_that_the_harness_failed_to_run_runs_again() -> None:
    sorted_out = resumed({"test_a": observed("test_a", fault="the worker died")}, (), "now", NOW, {})
    assert sorted_out.not_used == {"the harness failed to run it": ("test_a",)}


def test_a_module_of_which_the_list_now_leaves_out_other_tests_runs_again() -> None:
    test = "test.test_a.T.test_x"
    skipped = made.result(made.outcome(test, Status.SKIPPED, NOT_RUN), digest="now")
    plans = (ModulePlan(module="test_a"),)
    assert resumed({"test_a": skipped}, plans, "now", NOW, {}).results == {}
    plans = (ModulePlan(module="test_a", skip=(test,)),)
    assert resumed({"test_a": skipped}, plans, "now", NOW, {}).results == {"test_a": skipped}
    assert resumed({"test_a": observed("test_a")}, plans, "now", NOW, {}).results == {}


def test_a_message_names_some_modules_and_counts_the_others() -> None:
    found = {f"test_{letter}": observed(f"test_{letter}", "before") for letter in "abcdefg"}
    (said,) = resumed(found, (), "now", NOW, {}).said
    assert said.startswith("7 earlier results of this run do not count, and their modules run again")
    assert said.endswith(": test_a, test_b, test_c, test_d, test_e and 2 more")
