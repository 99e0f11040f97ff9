"""The events that the driver in a guest writes, and the outcomes that follow from them.

Each line of the file is one JSON object. Its `event` says what happened:

    module   {module}                                   a test module begins
    plan     {tests}                                    the tests that will run, in order
    start    {test}                                     a test begins
    stop     {test, status, duration, detail, output}   the test ended
    fixture  {test, status, detail}                     setUpClass or the like failed or skipped
    reads    {files, interpreters}                      what the module depends on (`inside/reads.py`)
    done     {module, status, detail, duration}         the module ended
    end      {}                                         all modules ended

The last two fields of each say whether lines were lost or changed: `number` counts the lines of a guest from 1, `sum`
is the sum of the bytes before it.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import BinaryIO

import msgspec

from matrix.names import full_name
from matrix.outcome import ModuleResult, Outcome, Status

DAMAGED = "damaged"
"""a line that is no event; `detail` is its beginning"""
_SHOWN = 200
"""bytes of such a line"""
_SUM = b',"sum":'
_LONGEST = 64 << 20
"""bytes of a line; a longer one is damaged, and is not kept in memory"""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One line that the driver wrote."""

    event: str
    module: str = ""
    test: str = ""
    tests: tuple[str, ...] = ()
    status: Status = Status.ERRORED
    """a line that says no status is no success"""
    duration: float = 0.0
    detail: str = ""
    output: str = ""
    files: tuple[str, ...] = ()
    interpreters: str = ""
    """`counted` when the guest would know if the module had made one, `unknown` when it would not"""
    number: int = 0
    """0 when the line does not say it"""
    sum: int = -1
    """-1 when the line does not say it"""


class EventReader:
    """Reads a growing file of events."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._size = 0
        """how many bytes the file had when it ended in a line that was not complete"""
        self._skipping = False
        """whether `_offset` is within a line that is too long"""
        self._number: int | None = 0
        """the number of the last line; None after a damaged one, which may have been several"""
        self._decoder = msgspec.json.Decoder(Event)

    def read(self) -> list[Event]:
        """Some events that were added since the last call; [] when there are no more for now.

        A last line that is not complete yet is left for the next call. For a line that is none, as when a test writes
        to the file, there is an event `damaged`; so there is for one that is too long.
        """
        try:
            with self._path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                return [] if size == self._size else self._read(file, size)
        except FileNotFoundError:
            return []

    def _read(self, file: BinaryIO, size: int) -> list[Event]:
        while True:
            file.seek(self._offset)
            data = file.read(_LONGEST)
            complete = data[: data.rfind(b"\n") + 1]
            if not complete and len(data) < _LONGEST:
                self._size = size
                return []
            self._offset += len(complete or data)
            if not complete and not self._skipping:
                self._skipping = True
                return [self._damaged(data)]
            if complete:
                lines = complete.split(b"\n")[self._skipping : -1]
                self._skipping = False
                if lines:
                    return [event for line in lines for event in self._decoded(line)]

    def _decoded(self, line: bytes) -> list[Event]:
        try:
            event = self._decoder.decode(line)
        except (ValueError, RecursionError):
            event = self._damaged(line)
        if event.sum not in (-1, sum(line[: line.rfind(_SUM)])):
            event = self._damaged(line)
        before, self._number = self._number, event.number or None
        if event.number and before is not None and event.number != before + 1:
            return [Event(event=DAMAGED, detail=f"line {event.number} comes after line {before}"), event]
        return [event]

    @staticmethod
    def _damaged(line: bytes) -> Event:
        return Event(event=DAMAGED, detail=line[:_SHOWN].decode("ascii", "backslashreplace"))


_FIXTURE = re.compile(r"^(?:setUp|tearDown)(?P<kind>Class|Module) \((?P<owner>.*)\)$")


class ModuleProgress:
    """What the guests of one module have reported so far: more than one guest, when a test ended one."""

    def __init__(self, module: str, *, narrowed: bool = False) -> None:
        """`narrowed` says that the module may have no test that was asked for: its result is then empty."""
        self.module = module
        self.narrowed = narrowed
        self.planned: tuple[str, ...] | None = None
        self.outcomes: list[Outcome] = []
        self.running = ""
        self.done: Event | None = None
        self.duration = 0.0
        self.observed: Counter[str] = Counter()
        """how many outcomes each test has, by its name in the guest: that in an outcome may be cut"""
        self._reads: list[tuple[str, ...]] = []
        """what each guest said that the module depends on; one that ended in the middle says nothing"""
        self.interpreters_counted = True
        """whether every guest that said so would know of a subinterpreter, which may depend on more"""
        self._fixtures: list[Event] = []
        self._damaged: list[str] = []
        self._end: Outcome | None = None

    def take(self, event: Event) -> None:
        """Add an event of this module."""
        if event.event == "plan":
            # A module may run several suites, and a further guest plans what the first one did not run.
            self.planned = (*(self.planned or ()), *self._new(event.tests))
        elif event.event == "start":
            self.running = event.test
        elif event.event == "stop":
            self.running = ""
            self._observe(
                event.test,
                Outcome(
                    test=event.test,
                    status=event.status,
                    duration=event.duration,
                    detail=event.detail,
                    output=event.output,
                ),
            )
        elif event.event == "fixture":
            self._fixtures.append(event)
        elif event.event == "reads":
            self._reads.append(event.files)
            self.interpreters_counted &= event.interpreters == "counted"
        elif event.event == DAMAGED:
            self._damaged.append(event.detail)
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

    def _observe(self, test: str, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.observed[test] += 1

    def end(self, status: Status, detail: str, output: str) -> None:
        """Note that the guest ended before the module did: blame the test that was running, or else the module."""
        outcome = Outcome(test=self.running or full_name(self.module), status=status, detail=detail, output=output)
        if self.running:
            self._observe(self.running, outcome)
            self.running = ""
        else:
            self._end = outcome

    @property
    def ended_outside_tests(self) -> bool:
        return self._end is not None

    def forget_end(self) -> None:
        """Forget that a guest ended outside of any test, because a further guest starts."""
        self._end = None

    def result(self, *, guests: int = 1, startup: float = 0.0, worker: str = "", fault: str = "") -> ModuleResult:
        """The module's result. Planned tests without an outcome get the status of their fixture, or did not run."""
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
        if self._damaged:
            detail = f"{len(self._damaged)} lines of the guest's events are damaged, such as {self._damaged[0]!r}"
            outcomes.append(Outcome(test=full_name(self.module), status=Status.ERRORED, detail=detail))
        if self._end is not None:
            outcomes.append(self._end)
        elif self.done is not None and (self.done.status is not Status.PASSED or not outcomes):
            status, detail = self.done.status, self.done.detail
            nothing = status is Status.PASSED and self.planned is not None
            if nothing:
                status, detail = Status.DID_NOT_RUN, "the module has no tests"
            if not (nothing and self.narrowed):
                outcomes.append(Outcome(test=full_name(self.module), status=status, detail=detail))
        return ModuleResult(
            module=self.module,
            outcomes=tuple(outcomes),
            duration=round(self.duration, 3),
            guests=guests,
            startup=round(startup, 3),
            worker=worker,
            fault=fault,
            reads=tuple(sorted(set().union(*self._reads))) if len(self._reads) == guests else (),
        )

    def _unobserved(self, test: str) -> Outcome:
        for event in self._fixtures:
            match = _FIXTURE.match(event.test)
            if match and test.startswith(match["owner"] + "."):
                status = Status.SKIPPED if event.status is Status.SKIPPED else Status.DID_NOT_RUN
                return Outcome(
                    test=test, status=status, detail=event.detail if status is Status.SKIPPED else event.test
                )
        detail = "its events are damaged" if self._damaged else "the guest ended before this test"
        return Outcome(test=test, status=Status.DID_NOT_RUN, detail=detail)


def is_plain(result: ModuleResult) -> bool:
    """Whether the module simply passed: every outcome is a pass or a skip, and the harness had no fault."""
    return not result.fault and result.statuses <= {Status.PASSED, Status.SKIPPED}
