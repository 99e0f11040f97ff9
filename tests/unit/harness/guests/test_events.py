from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.guests import events
from harness.guests.events import Event, EventReader, ModuleProgress, is_plain
from matrix.outcome import ModuleResult, Status
from tests.unit import hostile
from tests.unit.made import outcome, result

Events: Any = importlib.import_module("harness.guests.inside.result").Events
"""what the driver writes with; mypy does not check what runs in the guest"""

ONE, TWO, THREE = (f"test.test_a.A.test_{name}" for name in ("one", "two", "three"))
OTHER = "test.test_a.B.test_one"


def plan(*tests: str) -> Event:
    return Event(event="plan", tests=tests)


def start(test: str) -> Event:
    return Event(event="start", test=test)


def stop(test: str, status: Status = Status.PASSED, detail: str = "", output: str = "") -> Event:
    return Event(event="stop", test=test, status=status, duration=0.5, detail=detail, output=output)


def ran(test: str, status: Status = Status.PASSED) -> tuple[Event, Event]:
    return start(test), stop(test, status)


def fixture(test: str, status: Status, detail: str = "") -> Event:
    return Event(event="fixture", test=test, status=status, detail=detail)


def done(status: Status = Status.PASSED, detail: str = "") -> Event:
    return Event(event="done", module="test_a", status=status, detail=detail, duration=2.0)


def progress(*events: Event) -> ModuleProgress:
    made = ModuleProgress("test_a")
    for event in events:
        made.take(event)
    return made


def statuses(result: ModuleResult) -> dict[str, str]:
    found = {each.test: each.status.value for each in result.outcomes}
    assert len(found) == len(result.outcomes), "a test has two outcomes"
    return found


# --- reading a growing file


class Growing:
    """A file of events and its reader."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reader = EventReader(path)

    def add(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)

    def read(self) -> list[tuple[str, str]]:
        return [(event.event, event.test) for event in self.reader.read()]


@pytest.fixture
def growing(tmp_path: Path) -> Growing:
    return Growing(tmp_path / "events.jsonl")


def line(event: str, **fields: Any) -> bytes:
    """As the driver writes it: ASCII, with escapes."""
    return json.dumps({"event": event} | fields).encode("ascii") + b"\n"


def test_before_the_guest_writes_there_is_nothing(growing: Growing) -> None:
    assert growing.read() == []


def test_each_event_is_read_once(growing: Growing) -> None:
    growing.add(line("start", test="a"))
    assert growing.read() == [("start", "a")]
    assert growing.read() == []
    growing.add(line("stop", test="a") + line("start", test="b"))
    assert growing.read() == [("stop", "a"), ("start", "b")]


def test_an_incomplete_line_is_read_once_it_is_complete(growing: Growing) -> None:
    whole = line("start", test="a")
    growing.add(line("module") + whole[:9])
    assert growing.read() == [("module", "")]
    assert growing.read() == []
    growing.add(whole[9:])
    assert growing.read() == [("start", "a")]


def test_an_incomplete_last_line_is_never_read(growing: Growing) -> None:
    growing.add(line("start", test="a") + b'{"event":"st')
    assert growing.read() == [("start", "a")]


@given(st.lists(st.integers(0, 200), max_size=6), st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_wherever_the_file_is_cut_each_event_is_read_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], tests: list[str]
) -> None:
    growing = Growing(tmp_path_factory.mktemp("events") / "events.jsonl")
    data = b"".join(line("start", test=test) for test in tests)
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    found: list[tuple[str, str]] = []
    for begin, end in pairwise(places):
        growing.add(data[begin:end])
        found += growing.read()
    assert found == [("start", test) for test in tests]


def test_an_event_has_what_the_driver_wrote(growing: Growing) -> None:
    growing.add(line("stop", test=ONE, status="timed_out", duration=1.5, detail="d\n\u20ac\x00", output="o"))
    (event,) = growing.reader.read()
    assert event == Event(
        event="stop", test=ONE, status=Status.TIMED_OUT, duration=1.5, detail="d\n\u20ac\x00", output="o"
    )


@given(hostile.texts, hostile.texts, st.lists(hostile.texts, max_size=3))
def test_everything_that_the_driver_writes_can_be_read_and_kept(
    tmp_path_factory: pytest.TempPathFactory, test: str, detail: str, tests: list[str]
) -> None:
    growing = Growing(tmp_path_factory.mktemp("events") / "events.jsonl")
    written = Events(growing.path)
    written.write("plan", tests=tests)
    written.write("stop", test=test, status="failed", duration=0.25, detail=detail, output=detail)
    os.close(written.descriptor)
    plan_event, stop_event = growing.reader.read()
    assert len(plan_event.tests) == len(tests)
    assert (stop_event.status, stop_event.duration) == (Status.FAILED, 0.25)
    for text, found in ((test, stop_event.test), (detail, stop_event.detail), (detail, stop_event.output)):
        assert found == text.encode("utf-8", "backslashreplace").decode()
    msgspec.json.encode([plan_event, stop_event])  # as outcomes.jsonl has it


def _flipped(lines: list[bytes], number: int) -> list[bytes]:
    return [*lines[:number], lines[number].replace(b"test_one", b"test_ono"), *lines[number + 1 :]]


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: [lines[0], *lines[2:]],
        lambda lines: [*lines[:2], *lines[1:]],
        lambda lines: [lines[0], lines[2], lines[1], lines[3]],
        lambda lines: lines[1:],
        lambda lines: _flipped(lines, 1),
    ],
    ids=["lost", "repeated", "exchanged", "the first lost", "flipped"],
)
def test_lines_that_are_lost_or_changed_are_noticed(
    growing: Growing, damage: Callable[[list[bytes]], list[bytes]]
) -> None:
    written = Events(growing.path)
    for kind in ("start", "stop", "start", "stop"):
        written.write(kind, test="test.test_a.A.test_one", status="passed")
    os.close(written.descriptor)
    lines = growing.path.read_bytes().splitlines(keepends=True)
    assert [event.event for event in EventReader(growing.path).read()] == ["start", "stop", "start", "stop"]
    growing.path.write_bytes(b"".join(damage(lines)))
    assert "damaged" in [event.event for event in EventReader(growing.path).read()]


@pytest.mark.parametrize("line", [b"Fatal Python error", b"\xff\xfe", b"", b"{}", b'{"event":1}', b"[" * 99_999])
def test_a_line_that_is_no_event_costs_itself(growing: Growing, line: bytes) -> None:
    growing.add(b'{"event":"end"}\n' + line + b'\n{"event":"end"}\n')
    first, damaged, last = growing.reader.read()
    assert first.event == last.event == "end"
    assert damaged.event == "damaged"
    assert len(damaged.detail) <= 800
    assert growing.reader.read() == []


def test_a_module_with_a_damaged_event_is_red_and_keeps_its_other_outcomes() -> None:
    lost = Event(event="damaged", detail="Fatal Pyth")
    made = progress(plan(ONE, TWO, THREE), *ran(ONE), start(TWO), lost, *ran(THREE), done()).result()
    assert statuses(made) == {
        ONE: "passed",
        TWO: "did_not_run",
        THREE: "passed",
        "test.test_a": "errored",
    }
    assert made.outcomes[2].detail == "its events are damaged"
    assert "Fatal Pyth" in made.outcomes[3].detail
    assert not is_plain(made)


def test_a_line_that_is_too_long_costs_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_LONGEST", 1000)
    path = tmp_path / "events"
    one, two = (msgspec.json.encode(start(test)) + b"\n" for test in (ONE, TWO))
    path.write_bytes(one + b"x" * 3500 + b"\n" + two)
    reader = EventReader(path)
    seen = list(chain.from_iterable(iter(reader.read, [])))
    assert [event.test for event in seen] == [ONE, "", TWO]
    assert seen[1].event == "damaged"


def test_a_long_line_that_grows_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_LONGEST", 1000)
    path = tmp_path / "events"
    reader = EventReader(path)
    found: list[Event] = []
    with path.open("ab", buffering=0) as file:
        for _ in range(9):
            file.write(b"x" * 500)
            found += reader.read()
        file.write(b"\n" + msgspec.json.encode(start(ONE)) + b"\n")
        found += reader.read()
    assert [event.event for event in found] == ["damaged", "start"]


def test_names_of_300000_characters_are_cut_and_told_apart() -> None:
    names = [f"test.test_a.A.test_{'x' * 300_000}{number}" for number in range(3)]
    made = progress(plan(*names), *ran(names[0]), start(names[1]))
    made.end(Status.CRASHED, "a trap", "")
    assert made.observed == {names[0]: 1, names[1]: 1}  # by which the next guest knows what not to run again
    found = statuses(made.result())
    assert sorted(found.values()) == ["crashed", "did_not_run", "passed"]
    assert {len(name) for name in found} == {500}


# --- a module that runs to its end


def test_each_test_has_its_outcome() -> None:
    made = progress(plan(ONE, TWO), *ran(ONE), start(TWO), stop(TWO, Status.FAILED, "why", "said"), done()).result()
    assert statuses(made) == {ONE: "passed", TWO: "failed"}
    last = made.outcomes[-1]
    assert (last.duration, last.detail, last.output) == (0.5, "why", "said")
    assert made.duration == 2.0


def test_a_module_that_was_skipped_has_one_outcome() -> None:
    (only,) = progress(done(Status.SKIPPED, "No module named _tkinter")).result().outcomes
    assert (only.test, only.status, only.detail) == ("test.test_a", Status.SKIPPED, "No module named _tkinter")


def test_a_module_that_cannot_be_imported_has_one_outcome() -> None:
    (only,) = progress(done(Status.ERRORED, "ImportError")).result().outcomes
    assert (only.test, only.status) == ("test.test_a", Status.ERRORED)


def test_a_module_that_altered_its_environment_has_an_error_beside_its_tests() -> None:
    made = progress(plan(ONE), *ran(ONE), done(Status.ERRORED, "environment altered")).result()
    assert statuses(made) == {ONE: "passed", "test.test_a": "errored"}


def test_a_module_with_an_empty_plan_did_not_run() -> None:
    (only,) = progress(plan(), done()).result().outcomes
    assert (only.test, only.status, only.detail) == ("test.test_a", Status.DID_NOT_RUN, "the module has no tests")


def test_a_module_without_a_test_that_was_asked_for_has_no_outcome() -> None:
    found = ModuleProgress("test_a", narrowed=True)
    for event in (plan(), done()):
        found.take(event)
    assert found.result().outcomes == ()


def test_a_module_that_passes_without_any_suite_passed() -> None:
    (only,) = progress(done()).result().outcomes
    assert (only.test, only.status) == ("test.test_a", Status.PASSED)


def test_a_module_with_two_suites_has_the_tests_of_both() -> None:
    made = progress(plan(ONE), *ran(ONE), plan(TWO), *ran(TWO), done()).result()
    assert statuses(made) == {ONE: "passed", TWO: "passed"}


def test_a_test_that_is_planned_twice_has_two_outcomes() -> None:
    made = progress(plan(ONE, ONE), *ran(ONE), *ran(ONE, Status.FAILED), done()).result()
    assert [each.status for each in made.outcomes] == [Status.PASSED, Status.FAILED]


# --- fixtures


def test_the_tests_of_a_class_whose_fixture_skips_are_skipped_for_its_reason() -> None:
    skip = fixture("setUpClass (test.test_a.A)", Status.SKIPPED, "requires fork")
    made = progress(plan(ONE, TWO, OTHER), skip, *ran(OTHER), done()).result()
    assert statuses(made) == {ONE: "skipped", TWO: "skipped", OTHER: "passed"}
    assert {each.detail for each in made.outcomes if each.status is Status.SKIPPED} == {"requires fork"}


def test_the_tests_of_a_module_whose_fixture_skips_are_skipped() -> None:
    skip = fixture("setUpModule (test.test_a)", Status.SKIPPED, "requires fork")
    assert statuses(progress(plan(ONE, OTHER), skip, done()).result()) == {ONE: "skipped", OTHER: "skipped"}


def test_the_tests_of_a_class_with_a_failing_fixture_did_not_run_and_the_fixture_has_an_error() -> None:
    name = "setUpClass (test.test_a.A)"
    made = progress(plan(ONE, OTHER), fixture(name, Status.ERRORED, "OSError"), *ran(OTHER), done()).result()
    assert statuses(made) == {ONE: "did_not_run", OTHER: "passed", name: "errored"}
    details = {each.test: each.detail for each in made.outcomes}
    assert details[name] == "OSError"
    assert details[ONE] == name


def test_a_fixture_that_fails_after_the_tests_changes_none_of_their_outcomes() -> None:
    name = "tearDownClass (test.test_a.A)"
    made = progress(plan(ONE), *ran(ONE), fixture(name, Status.ERRORED, "OSError"), done()).result()
    assert statuses(made) == {ONE: "passed", name: "errored"}


def test_a_class_is_not_skipped_because_its_name_begins_like_that_of_a_skipped_class() -> None:
    skip = fixture("setUpClass (test.test_a.A)", Status.SKIPPED, "requires fork")
    longer = "test.test_a.Another.test_one"
    made = progress(plan(ONE, longer), skip)
    made.end(Status.CRASHED, "a trap", "")
    assert statuses(made.result()) == {ONE: "skipped", longer: "did_not_run", "test.test_a": "crashed"}


# --- a guest that ends in the middle


@pytest.mark.parametrize("status", [Status.CRASHED, Status.TIMED_OUT])
def test_the_test_that_was_running_gets_the_outcome_and_the_rest_did_not_run(status: Status) -> None:
    made = progress(plan(ONE, TWO, THREE), *ran(ONE), start(TWO))
    made.end(status, "a trap", "Fatal Python error")
    assert statuses(made.result()) == {ONE: "passed", TWO: status.value, THREE: "did_not_run"}
    blamed = next(each for each in made.result().outcomes if each.test == TWO)
    assert (blamed.detail, blamed.output) == ("a trap", "Fatal Python error")
    assert not made.ended_outside_tests


def test_the_module_gets_the_outcome_of_a_guest_that_ends_between_tests() -> None:
    made = progress(plan(ONE, TWO), *ran(ONE))
    made.end(Status.CRASHED, "a trap", "")
    assert statuses(made.result()) == {ONE: "passed", TWO: "did_not_run", "test.test_a": "crashed"}
    assert made.ended_outside_tests


def test_the_module_gets_the_outcome_of_a_guest_that_ends_before_the_plan() -> None:
    made = progress()
    made.end(Status.TIMED_OUT, "silent", "")
    assert statuses(made.result()) == {"test.test_a": "timed_out"}


def test_the_module_gets_the_outcome_of_a_guest_that_ends_after_all_tests() -> None:
    made = progress(plan(ONE), *ran(ONE), done())
    made.end(Status.CRASHED, "a trap", "")
    assert statuses(made.result()) == {ONE: "passed", "test.test_a": "crashed"}


def test_every_planned_test_has_an_outcome_wherever_the_guest_ends() -> None:
    skip = fixture("setUpClass (test.test_a.B)", Status.SKIPPED, "requires fork")
    events = [plan(ONE, TWO, THREE, OTHER), *ran(ONE), *ran(TWO), *ran(THREE), skip]
    for end in range(1, len(events) + 1):
        made = progress(*events[:end])
        made.end(Status.CRASHED, "a trap", "")
        assert {ONE, TWO, THREE, OTHER} <= statuses(made.result()).keys()


# --- a second guest that continues


def test_the_second_guest_continues_after_the_test_that_ended_the_first() -> None:
    made = progress(plan(ONE, TWO, THREE), *ran(ONE), start(TWO))
    made.end(Status.CRASHED, "a trap", "")
    assert made.observed == {ONE: 1, TWO: 1}
    for event in (plan(THREE), *ran(THREE), done()):
        made.take(event)
    assert statuses(made.result(guests=2)) == {ONE: "passed", TWO: "crashed", THREE: "passed"}
    assert made.result(guests=2).guests == 2


def test_an_end_outside_of_tests_is_forgotten_when_the_next_guest_gets_further() -> None:
    made = progress(plan(ONE, TWO), *ran(ONE))
    made.end(Status.CRASHED, "a trap", "")
    made.forget_end()
    for event in (plan(TWO), *ran(TWO), done()):
        made.take(event)
    assert statuses(made.result()) == {ONE: "passed", TWO: "passed"}


def test_a_test_that_is_planned_twice_runs_twice_over_both_guests() -> None:
    made = progress(plan(ONE, ONE, TWO), *ran(ONE), start(ONE))
    made.end(Status.CRASHED, "a trap", "")
    for event in (plan(TWO), *ran(TWO), done()):
        made.take(event)
    found = [(each.test, each.status.value) for each in made.result().outcomes]
    assert found == [(ONE, "passed"), (ONE, "crashed"), (TWO, "passed")]


def test_tests_that_only_the_second_guest_plans_are_planned() -> None:
    made = progress(plan(ONE), start(ONE))
    made.end(Status.CRASHED, "a trap", "")
    made.take(plan(TWO))
    made.end(Status.CRASHED, "a trap", "")
    assert statuses(made.result()) == {ONE: "crashed", TWO: "did_not_run", "test.test_a": "crashed"}


@given(st.data())
def test_any_number_of_guests_gives_each_planned_test_one_outcome(data: st.DataObject) -> None:
    tests = [f"test.test_a.A.test_{number}" for number in range(data.draw(st.integers(1, 8)))]
    made = progress()
    left = list(tests)
    while left:
        made.take(plan(*left))
        good = data.draw(st.integers(0, len(left)))
        for test in left[:good]:
            for event in ran(test):
                made.take(event)
        if good < len(left):
            made.take(start(left[good]))
            made.end(Status.CRASHED, "a trap", "")
        left = left[good + 1 :]
    made.take(done())
    assert statuses(made.result()).keys() == set(tests)


# --- what need not be run again


@pytest.mark.parametrize("status", Status)
def test_passes_and_skips_are_plain(status: Status) -> None:
    assert is_plain(result(outcome(), outcome(TWO, status))) is (status in (Status.PASSED, Status.SKIPPED))


def test_a_fault_is_not_plain() -> None:
    assert not is_plain(result(outcome(), fault="the disk is full"))


# --- what a module depends on


def reads(*files: str, interpreters: str = "counted") -> Event:
    return Event(event="reads", files=files, interpreters=interpreters)


def progress_of(*events: Event) -> ModuleProgress:
    progress = ModuleProgress("test_a")
    for event in events:
        progress.take(event)
    return progress


def test_a_module_depends_on_what_each_of_its_guests_read() -> None:
    assert progress_of(reads("/b", "/a")).result().reads == ("/a", "/b")
    assert progress_of(reads("/b", "/a"), reads("/c")).result(guests=2).reads == ("/a", "/b", "/c")


def test_it_is_not_known_what_a_module_depends_on_when_a_guest_did_not_say_it() -> None:
    assert progress_of().result().reads == ()
    assert progress_of(reads("/a")).result(guests=2).reads == ()


@pytest.mark.parametrize(
    ("others", "counted"), [((), True), (("counted",), True), (("unknown",), False), (("",), False)]
)
def test_interpreters_are_counted_when_each_guest_counts_them(others: tuple[str, ...], counted: bool) -> None:
    told = (reads("/a"), *(reads("/a", interpreters=other) for other in others))
    assert progress_of(*told).interpreters_counted is counted
