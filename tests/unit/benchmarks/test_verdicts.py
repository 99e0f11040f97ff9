"""What `nox -s bench -- verdicts` takes for a test, and for a difference between its outcomes."""

from __future__ import annotations

from pathlib import Path

from benchmarks import verdicts
from matrix.outcome import ModuleResult, Outcome, Status


def result(*outcomes: tuple[str, Status]) -> ModuleResult:
    seen = tuple(Outcome(test=test, status=status) for test, status in outcomes)
    return ModuleResult(module="test_x", outcomes=seen, duration=0.0)


def test_modules_fixtures_and_skipped_tests_do_not_run_by_themselves() -> None:
    found = verdicts.tests_to_run(
        [
            result(
                ("test.test_x.A.test_a", Status.PASSED),
                ("test.test_x.A.test_b", Status.SKIPPED),
                ("setUpClass (test.test_x.B)", Status.ERRORED),
                ("test.test_x", Status.ERRORED),
            )
        ]
    )
    assert found == {"test.test_x.A.test_a": "test_x"}


def test_what_a_single_test_does_to_its_module_counts() -> None:
    altered = result(("test.test_x.A.test_a", Status.PASSED), ("test.test_x", Status.ERRORED))
    assert verdicts.by_itself("test.test_x.A.test_a", altered) == {"passed", "module errored"}


def test_a_test_that_is_not_there_when_it_is_named_alone_is_absent() -> None:
    assert verdicts.by_itself("test.test_x.A.test_a", result()) == {"absent"}


def test_only_different_outcomes_are_differences_and_a_way_that_did_not_run_a_test_is_none() -> None:
    passed, failed = frozenset({"passed"}), frozenset({"failed"})
    seen = {"suite": {"a": passed, "b": passed, "c": passed}, "single": {"a": failed, "b": passed}}
    (found,) = verdicts.differences(["a", "b", "c"], seen)
    assert (found.test, found.seen) == ("a", {"suite": "passed", "single": "failed"})


def test_a_skipped_sub_test_in_upstreams_file_stands_for_its_test(tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    junit.write_text(
        "<s><testcase name='test.test_x.A.test_a (part=1)'><skipped/></testcase>"
        "<testcase name='test.test_x.A.test_b'><failure/></testcase></s>"
    )
    assert verdicts.upstream_statuses([junit]) == {
        "test.test_x.A.test_a": {"passed"},
        "test.test_x.A.test_b": {"failed"},
    }


def test_a_longer_sample_begins_with_a_shorter_one() -> None:
    names = [f"t{number}" for number in range(100)]
    order = verdicts.in_random_order(names)
    assert sorted(order) == sorted(names)
    assert order != sorted(names)
    assert verdicts.in_random_order(set(names)) == order


def test_a_test_is_flaky_when_it_has_several_outcomes_in_one_way() -> None:
    company = verdicts.Difference(test="a", seen={}, rates={"module": {"passed": 20}, "single": {"failed": 20}})
    flaky = verdicts.Difference(test="a", seen={}, rates={"module": {"passed": 15, "failed": 5}})
    assert (company.flaky, flaky.flaky) == (False, True)
