"""Branches of work: what they return, raise and leave."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.machine.branches import Branches, Stopped, check_stopped
from harness.machine.store import Store
from matrix.errors import Unobtainable


class Branch:
    """Work of one kind that notes that it is over."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.over = False

    def __call__(self) -> str:
        try:
            if self.kind == "raises":
                raise Unobtainable("it is not there")
            while self.kind == "goes on":
                check_stopped()
                time.sleep(0.001)
            return self.kind
        finally:
            self.over = True


def test_branches_run_side_by_side_and_their_results_are_returned() -> None:
    meeting = threading.Barrier(3, timeout=30)
    with Branches() as branches:
        futures = [branches.start(meeting.wait) for _ in range(2)]
        meeting.wait()
        assert len({future.result() for future in futures}) == 2


@given(st.lists(st.sampled_from(["returns", "raises", "goes on"]), max_size=6))
def test_when_an_exception_leaves_the_context_every_branch_is_over(kinds: list[str]) -> None:
    works = [Branch(kind) for kind in kinds]
    futures: list[Future[str]] = []

    def interrupted() -> None:
        with Branches() as branches:
            futures.extend(branches.start(work) for work in works)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert all(work.over for work in works)
    expected = {"returns": type(None), "raises": Unobtainable, "goes on": Stopped}
    assert [type(future.exception(0)) for future in futures] == [expected[kind] for kind in kinds]


@given(st.lists(st.sampled_from(["returns", "raises"]), max_size=6))
def test_leaving_the_context_waits_for_every_branch(kinds: list[str]) -> None:
    works = [Branch(kind) for kind in kinds]
    with Branches() as branches:
        for work in works:
            branches.start(work)
    assert all(work.over for work in works)


def test_what_a_branch_raises_is_raised_by_its_result_and_ends_the_others() -> None:
    other = Branch("goes on")

    def failing() -> None:
        with Branches() as branches:
            branches.start(other)
            branches.start(Branch("raises")).result()

    with pytest.raises(Unobtainable, match="it is not there"):
        failing()
    assert other.over


def test_the_main_thread_is_not_stopped() -> None:
    with pytest.raises(ValueError, match="one"), Branches():
        raise ValueError("one")
    check_stopped()


def test_a_branch_that_waits_for_another_runs_lock_is_stopped(store: Store, other: Store) -> None:
    said: list[str] = []
    waiting: list[Future[None]] = []

    def wait() -> None:
        with store.lock("one", say=said.append):
            pytest.fail("another run holds it")

    def interrupted() -> None:
        with Branches() as branches:
            waiting.append(branches.start(wait))
            until(lambda: bool(said))
            raise KeyboardInterrupt

    with other.lock("one"), pytest.raises(KeyboardInterrupt):
        interrupted()
    assert isinstance(waiting[0].exception(0), Stopped)
    assert said == ["waiting for another run that holds one"]


def test_a_lock_of_another_branch_is_waited_for_in_silence(store: Store) -> None:
    said: list[str] = []
    holding = threading.Event()

    def hold() -> None:
        with store.lock("one"):
            holding.set()
            time.sleep(0.7)  # longer than the wait after which it is said

    def wait() -> bool:
        holding.wait(30)
        with store.lock("one", say=said.append):
            return True

    with Branches() as branches:
        branches.start(hold)
        assert branches.start(wait).result()
    assert said == []


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
