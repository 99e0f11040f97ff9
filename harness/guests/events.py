"""What the guest's driver writes down, read while it is written, and made into outcomes.

Each line is one JSON object, by its `event`:

    module   {module}                                   a test module begins
    plan     {tests}                                    the tests that will be run, in order
    start    {test}                                     a test begins
    stop     {test, status, duration, detail, output}   it ended
    fixture  {test, status, detail}                     setUpClass and the like did not simply pass
    done     {module, status, detail, duration}         the module ended by itself
    end      {}                                         every module ended by itself
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import msgspec

from matrix.names import full_name
from matrix.outcome import ModuleResult, Outcome, Status


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the driver's."""

    event: str
    module: str = ""
    test: str = ""
    tests: tuple[str, ...] = ()
    status: Status = Status.PASSED
    duration: float = 0.0
    detail: str = ""
    output: str = ""


class EventReader:
    """Reads a growing file of events."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._decoder = msgspec.json.Decoder(Event)

    def read(self) -> list[Event]:
        """The events that were added since the last call; a line that is not complete yet waits.

        Raises msgspec.DecodeError for a line that no driver writes.
        """
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return []
        complete = data[: data.rfind(b"\n") + 1]
        self._offset += len(complete)
        return [self._decoder.decode(line) for line in complete.splitlines()]


_FIXTURE = re.compile(r"^(?:setUp|tearDown)(?P<kind>Class|Module) \((?P<owner>.*)\)$")


class Record:
    """What is known of one module while it runs, over all the guests that it takes."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.planned: tuple[str, ...] | None = None
        self.outcomes: list[Outcome] = []
        self.running = ""
        self.done: Event | None = None
        self.duration = 0.0
        self._fixtures: list[Event] = []
        self._end: Outcome | None = None

    def take(self, event: Event) -> None:
        """Take one event of this module in."""
        if event.event == "plan":
            # A module may run several suites, and a later guest plans what is left of the first plan.
            self.planned = (*(self.planned or ()), *self._new(event.tests))
        elif event.event == "start":
            self.running = event.test
        elif event.event == "stop":
            self.running = ""
            self.outcomes.append(
                Outcome(
                    test=event.test,
                    status=event.status,
                    duration=event.duration,
                    detail=event.detail,
                    output=event.output,
                )
            )
        elif event.event == "fixture":
            self._fixtures.append(event)
        elif event.event == "done":
            self.done = event
            self.duration += event.duration

    def _new(self, tests: tuple[str, ...]) -> list[str]:
        left = Counter(self.planned or ()) - self.observed
        new = []
        for test in tests:
            if left[test]:
                left[test] -= 1
            else:
                new.append(test)
        return new

    @property
    def observed(self) -> Counter[str]:
        """How often each test has an outcome."""
        return Counter(outcome.test for outcome in self.outcomes)

    def end(self, status: Status, detail: str, output: str) -> None:
        """The guest ended in the middle: blame the test that was running, or the module."""
        outcome = Outcome(test=self.running or full_name(self.module), status=status, detail=detail, output=output)
        if self.running:
            self.outcomes.append(outcome)
            self.running = ""
        else:
            self._end = outcome

    @property
    def ended_outside_tests(self) -> bool:
        return self._end is not None

    def forget_end(self) -> None:
        """The guest after the one that ended outside of any test got further."""
        self._end = None

    def result(self, *, guests: int = 1, startup: float = 0.0, worker: str = "", fault: str = "") -> ModuleResult:
        """The module's result; planned tests without an outcome did not run, or share their fixture's."""
        outcomes = list(self.outcomes)
        left = Counter(self.planned or ()) - self.observed
        for test in self.planned or ():
            if left[test]:
                left[test] -= 1
                outcomes.append(self._unobserved(test))
        outcomes += [
            Outcome(test=event.test, status=event.status, detail=event.detail)
            for event in self._fixtures
            if event.status is not Status.SKIPPED
        ]
        if self._end is not None:
            outcomes.append(self._end)
        elif self.done is not None and (self.done.status is not Status.PASSED or not outcomes):
            status, detail = self.done.status, self.done.detail
            if status is Status.PASSED and self.planned is not None:
                status, detail = Status.DID_NOT_RUN, "the module has no tests"
            outcomes.append(Outcome(test=full_name(self.module), status=status, detail=detail))
        return ModuleResult(
            module=self.module,
            outcomes=tuple(outcomes),
            duration=round(self.duration, 3),
            guests=guests,
            startup=round(startup, 3),
            worker=worker,
            fault=fault,
        )

    def _unobserved(self, test: str) -> Outcome:
        for event in self._fixtures:
            match = _FIXTURE.match(event.test)
            if match and test.startswith(match["owner"] + "."):
                status = Status.SKIPPED if event.status is Status.SKIPPED else Status.DID_NOT_RUN
                return Outcome(
                    test=test, status=status, detail=event.detail if status is Status.SKIPPED else event.test
                )
        return Outcome(test=test, status=Status.DID_NOT_RUN, detail="the guest ended before this test")


def is_plain(result: ModuleResult) -> bool:
    """Whether a module simply passed: all its outcomes are passes and skips, and no fault is noted."""
    return not result.fault and result.statuses <= {Status.PASSED, Status.SKIPPED}
