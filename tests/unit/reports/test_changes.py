from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.outcome import FAILING_STATUSES, Status
from reports.changes import Change, ChangeKind, changes, much_slower
from reports.recorded import RecordedModule

P, F, S, C = Status.PASSED, Status.FAILED, Status.SKIPPED, Status.CRASHED
ONE = "test.test_a.A.test_one"


def observed(*outcomes: tuple[str, Status] | tuple[str, Status, float], duration: float = 1.0) -> RecordedModule:
    return RecordedModule(
        tests=tuple(outcome[0] for outcome in outcomes),
        statuses=tuple(outcome[1] for outcome in outcomes),
        durations=tuple(outcome[2] if len(outcome) == 3 else 0.0 for outcome in outcomes),
        duration=duration,
    )


def changed(
    before: RecordedModule | None, after: RecordedModule | None, *, whole: bool = True, complete: bool = True
) -> list[Change]:
    old, new = ({} if one is None else {"test_a": one} for one in (before, after))
    return changes(old, new, whole=whole, complete=complete)


def kinds(before: list[Status], after: list[Status], *, whole: bool = True) -> list[ChangeKind]:
    """The kinds of change of a test with these statuses before and after; several mean several tests of one name."""
    old, new = (observed(*((ONE, status) for status in statuses)) for statuses in (before, after))
    return [change.kind for change in changed(old, new, whole=whole)]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ([P], [F], ChangeKind.FAILING),
        ([S], [C], ChangeKind.FAILING),
        ([], [F], ChangeKind.FAILING),
        ([P], [Status.DID_NOT_RUN], ChangeKind.FAILING),
        ([F], [P], ChangeKind.PASSING),
        ([F], [C], ChangeKind.CHANGED),
        ([F], [S], ChangeKind.CHANGED),
        ([P], [S], ChangeKind.CHANGED),
        ([S], [P], ChangeKind.CHANGED),
        ([], [P], ChangeKind.APPEARED),
        ([P], [], ChangeKind.VANISHED),
        ([F], [], ChangeKind.VANISHED),
    ],
)
def test_the_kind_of_a_change(before: list[Status], after: list[Status], kind: ChangeKind) -> None:
    assert kinds(before, after) == [kind]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ([P, P], [P, F], ChangeKind.FAILING),
        ([F, P], [F, F], ChangeKind.FAILING),
        ([P, F], [P, P], ChangeKind.PASSING),
        ([P, F], [P], ChangeKind.CHANGED),
        ([P], [P, P], ChangeKind.CHANGED),
        ([P], [P, F], ChangeKind.FAILING),
    ],
)
def test_the_kind_of_a_change_of_tests_with_one_name(
    before: list[Status], after: list[Status], kind: ChangeKind
) -> None:
    assert kinds(before, after) == [kind]


def test_tests_of_one_name_have_no_order() -> None:
    assert kinds([P, F], [F, P]) == []


def test_a_change_has_the_outcomes_before_and_after() -> None:
    (change,) = changed(observed((ONE, P), (ONE, S)), observed((ONE, C), (ONE, P)))
    assert (change.module, change.test, change.before, change.after) == (
        "test_a",
        ONE,
        "passed, skipped",
        "crashed, passed",
    )


@pytest.mark.parametrize(("before", "after"), [([], [P]), ([P], []), ([], [F])])
def test_a_test_of_one_side_does_not_count_unless_both_ran_whole_modules(
    before: list[Status], after: list[Status]
) -> None:
    assert kinds(before, after, whole=False) == []


def test_a_test_of_both_sides_counts_in_a_partial_run() -> None:
    assert kinds([P], [F], whole=False) == [ChangeKind.FAILING]


# --- modules


def test_a_module_appears_and_vanishes_as_a_whole() -> None:
    module = observed((ONE, P), (f"{ONE}_more", P), (f"{ONE}_other", S))
    assert changed(None, module) == [Change(kind=ChangeKind.APPEARED, module="test_a", after="2 passed, 1 skipped")]
    assert changed(module, None) == [Change(kind=ChangeKind.VANISHED, module="test_a", before="2 passed, 1 skipped")]


def test_a_failing_test_in_a_new_module_newly_fails() -> None:
    found = changed(None, observed((ONE, C), (f"{ONE}_more", P)))
    assert [(change.kind, change.test) for change in found] == [(ChangeKind.FAILING, ONE), (ChangeKind.APPEARED, "")]


@pytest.mark.parametrize("whole", [False, True])
def test_a_module_of_one_side_does_not_count_unless_both_ran_all_modules(whole: bool) -> None:
    module = observed((ONE, F))
    assert changed(None, module, whole=whole, complete=False) == []
    assert changed(module, None, whole=whole, complete=False) == []


# --- much slower


@pytest.mark.parametrize(
    ("before", "after", "slower"),
    [
        (1.0, 2.0, True),
        (0.0, 1.0, True),
        (1.0, 1.99, False),
        (0.1, 1.09, False),
        (10.0, 19.9, False),
        (10.0, 20.0, True),
        (2.0, 1.0, False),
    ],
)
def test_much_slower_means_a_factor_and_some_seconds(before: float, after: float, slower: bool) -> None:
    assert much_slower(before, after) is slower
    test = changed(observed((ONE, P, before)), observed((ONE, P, after)))
    assert [(change.kind, change.test, change.before_s, change.after_s) for change in test] == (
        [(ChangeKind.SLOWER, ONE, before, after)] if slower else []
    )
    module = changed(observed((ONE, P), duration=before), observed((ONE, P), duration=after))
    assert [(change.kind, change.test, change.before_s, change.after_s) for change in module] == (
        [(ChangeKind.SLOWER, "", before, after)] if slower else []
    )


def test_a_test_that_newly_fails_is_not_listed_as_slower() -> None:
    found = changed(observed((ONE, P, 1.0)), observed((ONE, Status.TIMED_OUT, 240.0)))
    assert [change.kind for change in found] == [ChangeKind.FAILING]


def test_the_longest_of_the_tests_with_one_name_counts() -> None:
    before, after = observed((ONE, P, 0.1), (ONE, P, 5.0)), observed((ONE, P, 4.9), (ONE, P, 5.1))
    assert changed(before, after) == []
    assert [change.kind for change in changed(before, observed((ONE, P, 0.1), (ONE, P, 10.0)))] == [ChangeKind.SLOWER]


def test_a_module_with_fewer_tests_is_not_compared_for_time() -> None:
    before, after = observed((ONE, P), duration=1.0), observed((ONE, P), (f"{ONE}_more", P), duration=9.0)
    assert changed(before, after, whole=False) == []


# --- any two modules

OUTCOMES = st.lists(st.tuples(st.sampled_from([ONE, f"{ONE}_two", f"{ONE}_three"]), st.sampled_from(list(Status))))


@given(OUTCOMES, OUTCOMES)
def test_a_changed_test_is_listed_once(before: list[tuple[str, Status]], after: list[tuple[str, Status]]) -> None:
    found = changed(observed(*before), observed(*after))
    old, new = (Counter(outcomes) for outcomes in (before, after))
    assert Counter(change.test for change in found) == Counter({name for name, _ in (old - new) + (new - old)})


@given(OUTCOMES, OUTCOMES)
def test_a_newly_failing_test_has_more_failures_than_before(
    before: list[tuple[str, Status]], after: list[tuple[str, Status]]
) -> None:
    def red(outcomes: list[tuple[str, Status]]) -> Counter[str]:
        return Counter(name for name, status in outcomes if status in FAILING_STATUSES)

    found = {
        change.test for change in changed(observed(*before), observed(*after)) if change.kind is ChangeKind.FAILING
    }
    assert found == {name for name, count in red(after).items() if count > red(before)[name]}


def test_changes_are_in_order_of_kind_module_and_test() -> None:
    before = {name: observed((f"{name}.one", P), (f"{name}.two", F)) for name in ("test_b", "test_a")}
    after = {name: observed((f"{name}.one", F), (f"{name}.two", P)) for name in ("test_b", "test_a")}
    found = [(change.kind, change.test) for change in changes(before, after, whole=True, complete=True)]
    assert found == [
        (ChangeKind.FAILING, "test_a.one"),
        (ChangeKind.FAILING, "test_b.one"),
        (ChangeKind.PASSING, "test_a.two"),
        (ChangeKind.PASSING, "test_b.two"),
    ]
