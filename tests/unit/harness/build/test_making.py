"""Waiting for the steps of a plan that a branch executes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.build.making import Making
from harness.build.step import Step
from harness.machine.branches import Branches
from matrix.errors import BuildFailed


def step(number: int) -> Step:
    return Step(name=f"step-{number}", title="a step", argv=("true",), cwd=Path("/nowhere"))


@given(
    count=st.integers(0, 5),
    failing=st.none() | st.integers(0, 4),
    waited_for=st.lists(st.integers(0, 6), max_size=8),
)
def test_a_step_is_waited_for_until_it_is_done_or_cannot_be(
    count: int, failing: int | None, waited_for: list[int]
) -> None:
    def make(after: Callable[[Step], None]) -> None:
        for number in range(count):
            if number == failing:
                raise BuildFailed("it failed", step=f"step-{number}", output="", hint="")
            after(step(number))

    fails = failing is not None and failing < count
    with Branches() as branches:
        making = Making(branches, make)
        for number in waited_for:
            if fails and failing is not None and number >= failing:
                with pytest.raises(BuildFailed) as caught:
                    making.wait_for(f"step-{number}")
                assert caught.value.step == f"step-{failing}"
            else:
                making.wait_for(f"step-{number}")  # also for one that the plan does not have, once all are done
        if fails:
            with pytest.raises(BuildFailed):
                making.finish()
        else:
            making.finish()
