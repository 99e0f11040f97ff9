"""How the lines that a probe prints are judged."""

from __future__ import annotations

import json
import signal

import pytest

from harness.guests.events import Event
from harness.guests.probing import Probed, asked_for, judge, judge_end
from matrix.limitations import State
from matrix.outcome import Status


def line(holds: object, saw: str = "it did") -> str:
    return json.dumps({"holds": holds, "saw": saw})


def over(detail: str = "") -> Event:
    return Event(event="done", module="no-fork", status=Status.ERRORED if detail else Status.PASSED, detail=detail)


@pytest.mark.parametrize(
    ("holds", "state"),
    [(True, State.HOLDS), (False, State.LIFTED), ("partly", State.PARTLY), (None, State.CANNOT_BE_TRIED)],
)
def test_a_probe_says_whether_it_holds(holds: object, state: State) -> None:
    assert judge("no-fork", [line(holds)], over()) == Probed(limitation="no-fork", state=state, saw="it did")


def test_the_last_line_counts() -> None:
    assert judge("no-fork", [line(True, "about to try"), line(False, "it works")], over()).state is State.LIFTED


@pytest.mark.parametrize(
    "said",
    [[], [""], ["holds"], [line(1)], [line("maybe")], ["{}"], ['{"holds": true}'], [line(True)[:-1] + ', "a": 1}']],
)
def test_a_probe_that_prints_anything_else_is_broken(said: list[str]) -> None:
    found = judge("no-fork", said, over())
    assert found.state is State.BROKEN
    assert "last line" in found.saw or "said nothing" in found.saw


def test_a_probe_that_raises_is_broken_whatever_it_printed() -> None:
    found = judge("no-fork", [line(True)], over("Traceback: ZeroDivisionError"))
    assert (found.state, found.saw) == (State.BROKEN, "Traceback: ZeroDivisionError")


def test_the_line_before_the_end_of_the_guest_counts() -> None:
    found = judge_end("no-fork", [line(True, "recursion ended the guest")], "a trap")
    assert (found.state, found.saw) == (State.HOLDS, "recursion ended the guest: a trap")
    assert judge_end("no-fork", [], "a trap").state is State.BROKEN
    assert judge_end("no-fork", ["half a li"], "a trap").state is State.BROKEN


@pytest.mark.parametrize(
    ("send", "number"), [("SIGTERM", signal.SIGTERM), ("SIGINT", signal.SIGINT), ("", None), ("SIGKILL", None)]
)
def test_a_probe_can_ask_for_a_signal(send: str, number: signal.Signals | None) -> None:
    assert asked_for(json.dumps({"holds": True, "saw": "it ended", "send": send})) is number


@pytest.mark.parametrize("said", ["", "SIGTERM", "{}", line(True), '{"send": "SIGTERM"}'])
def test_other_lines_ask_for_no_signal(said: str) -> None:
    assert asked_for(said) is None


def test_a_line_that_asks_for_a_signal_counts_like_any_other() -> None:
    said = json.dumps({"holds": True, "saw": "SIGTERM ended it", "send": "SIGTERM"})
    assert judge_end("sigterm", [said], "signal SIGTERM").saw == "SIGTERM ended it: signal SIGTERM"
