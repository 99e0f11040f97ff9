"""Which modules a guest runs before a test, and the status of several tests together."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.suite.batch import ModulePlan
from harness.suite.observing import gravest, in_order
from matrix.outcome import Status


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A tree with three test modules."""
    for name in ("test_a", "test_b", "test_c"):
        path = tmp_path / "Lib/test" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def test_the_tests_own_module_comes_last_and_the_others_in_their_order(source: Path) -> None:
    plans = in_order(source, ["test_c", "test_b.B.test_2", "test_b.B.test_1"], "test_a.A.test_x")
    assert plans == [
        ModulePlan(module="test_c"),
        ModulePlan(module="test_b", match=("test.test_b.B.test_2", "test.test_b.B.test_1")),
        ModulePlan(module="test_a", match=("test.test_a.A.test_x",)),
    ]


def test_tests_before_the_test_in_its_own_module_join_its_plan(source: Path) -> None:
    (plan,) = in_order(source, ["test_a.A.test_1"], "test_a.A.test_x")
    assert plan.match == ("test.test_a.A.test_1", "test.test_a.A.test_x")
    (plan,) = in_order(source, ["test_a"], "test_a.A.test_x")
    assert plan.match == ()


def test_a_whole_module_includes_its_tests(source: Path) -> None:
    first, _ = in_order(source, ["test_b.B.test_1", "test_b", "test_b.B.test_2"], "test_a")
    assert first == ModulePlan(module="test_b")


@pytest.mark.parametrize(
    ("statuses", "together"),
    [
        ([], None),
        ([Status.DID_NOT_RUN], None),
        ([Status.SKIPPED], Status.SKIPPED),
        ([Status.SKIPPED, Status.PASSED], Status.PASSED),
        ([Status.PASSED, Status.FAILED, Status.CRASHED], Status.CRASHED),
    ],
)
def test_the_gravest_status_of_several_tests_counts(statuses: list[Status], together: Status | None) -> None:
    assert gravest(statuses) is together
