"""Runs test modules in guests: several in one guest, and a module that does not simply pass once more, alone.

When a guest ends in the middle of a module, no other module is affected: this module runs again alone. If its own
guest ends too, the test that was running gets the outcome, and a new guest continues with the next test.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from harness import TOP
from harness.guests import events
from harness.guests.adapter import Adapter
from harness.guests.session import GuestSession
from harness.guests.settings import GuestSettings
from harness.machine.files import write_atomically
from harness.machine.store import Store
from harness.suite.edits import may_use_subinterpreters
from matrix.errors import GuestDidNotStart
from matrix.outcome import ModuleResult, Status

_INSIDE = TOP / "harness" / "guests" / "inside"
_BESIDE = ("filters", "functions", "reads", "result", "subinterpreters", "tree_files")
DRIVER = tuple(_INSIDE / f"{name}.py" for name in ("driver", *_BESIDE))
"""the driver and what lies beside it in a guest"""
_SHOWN = 2000
"""characters of what a guest printed that did not start"""
KNOWN_TO_HANG = 20.0
"""seconds that a test may be silent that is expected to time out"""
_MOST_GUESTS = 8
"""guests that one module may use: each one after the first continues after the test that ended the previous one"""


class ModulePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What the driver has to run of one test module."""

    module: str
    match: tuple[str, ...] = ()
    """names of tests, classes or modules; () for all tests of the module"""
    skip: tuple[str, ...] = ()
    """globs of tests not to run, because they hang or crash at great cost"""
    hangs: tuple[str, ...] = ()
    """globs of tests that are expected to time out; they are not given the whole time for it"""
    patterns: tuple[tuple[str, bool], ...] = ()
    """globs over the ids of tests, and whether to run the tests that match; the last one that matches counts"""
    done: dict[str, int] = {}
    """how often earlier guests observed each test"""

    @property
    def whole(self) -> bool:
        """Whether all tests of the module are to run."""
        return not (self.match or self.patterns)

    def limit(self, test: str, limit: float) -> float:
        """How many seconds a test may be silent, where `limit` is for any test."""
        hangs = any(fnmatchcase(test, glob) for glob in self.hangs)
        return min(limit, KNOWN_TO_HANG) if hangs else limit


def driver_plan(settings: GuestSettings, modules: Sequence[ModulePlan], *, alone: bool) -> dict[str, object]:
    """The driver's plan, without the paths of its files."""
    return {
        "modules": modules,
        "verbose": int(settings.verbose),
        "fail_env_changed": settings.fail_env_changed,
        "resources": settings.resources,
        "timeout": settings.timeout,
        "seed": settings.seed,
        "output_limit": settings.limits.captured,
        "alone": alone,
    }


class Batch:
    """Modules that one worker runs in a shared guest, and those of them that need a guest of their own."""

    def __init__(
        self,
        settings: GuestSettings,
        adapter: Adapter,
        store: Store,
        plans: Sequence[ModulePlan],
        *,
        worker: str = "",
        marker: Path | None = None,
    ) -> None:
        self._settings = settings
        self._adapter = adapter
        self._store = store
        self._plans = list(plans)
        self._worker = worker
        self._marker = marker
        self._session: GuestSession | None = None
        self._progress: events.ModuleProgress | None = None
        self._cpu = 0.0
        """processor seconds of guests since the last result"""
        self._backlog: list[events.Event] = []
        """events of the shared guest that were received but not looked at yet"""

    def result(self, module: str) -> ModuleResult:
        """Run the batch up to the end of `module`. Ask for modules in the batch's order; some may be left out."""
        while self._plans and self._plans[0].module != module:
            self._plans.pop(0)  # left out, but the shared guest would run it
            self.close()
        plan = self._plans[0]
        result = None if len(self._plans) == 1 and self._session is None else self._together(plan)
        self._plans.pop(0)
        if result is None:
            result = self._alone(plan)
        if not self._plans:
            self.close()
        elif self._session is not None:
            self._cpu += self._session.cpu_since()
        cpu, self._cpu = self._cpu, 0.0
        return msgspec.structs.replace(result, cpu=round(cpu, 3))

    def _together(self, plan: ModulePlan) -> ModuleResult | None:
        """The module's result in the shared guest; None when the module has to run alone."""
        if self._session is None:
            self._session = self._start(self._plans, alone=False)
            self._progress = None
            self._backlog = []
        session = self._session
        before = session.startup
        while True:
            if not self._backlog:
                self._backlog = session.wait()
                if not self._backlog:
                    self.close()
                    return None
            event = self._backlog.pop(0)
            if event.event == "module":
                self._progress = events.ModuleProgress(event.module, narrowed=bool(plan.patterns))
            elif self._progress is not None:
                self._progress.take(event)
            if event.event == "done":
                assert self._progress is not None
                result = self._told(self._progress, startup=session.startup - before)
                return result if result.module == plan.module and events.is_plain(result) else None

    def _alone(self, plan: ModulePlan) -> ModuleResult:
        """The module's result in guests of its own.

        Raises GuestDidNotStart when a guest ends before the driver in it says anything: no test has run by then, so the
        cause is the runtime, the compiled code or this machine.
        """
        progress = events.ModuleProgress(plan.module, narrowed=bool(plan.patterns))
        guests, startup = 0, 0.0
        while True:
            guests += 1
            before = len(progress.outcomes)
            started = time.monotonic()
            session = self._start([msgspec.structs.replace(plan, done=dict(progress.observed))], alone=True)
            try:
                progress.forget_end()
                while received := session.wait():
                    for event in received:
                        progress.take(event)
                    session.limit = plan.limit(progress.running, self._settings.limits.seconds)
                ended, timed_out, output = session.ended, session.timed_out, session.guest.output
                if not session.started:
                    how = f"{ended or 'exit status 0'}\n{output[-_SHOWN:]}".rstrip()
                    raise GuestDidNotStart(f"the guest did not start: {how}")
                startup += session.startup
            finally:
                self._end(session)
            if progress.done is None:
                progress.duration += time.monotonic() - started
                progress.end(
                    Status.TIMED_OUT if timed_out else Status.CRASHED,
                    ended or "the guest ended in the middle of the module, with exit status 0",
                    output,
                )
                if len(progress.outcomes) > before and guests < _MOST_GUESTS and not progress.ended_outside_tests:
                    continue
            elif ended:
                status = Status.TIMED_OUT if timed_out else Status.CRASHED
                progress.end(status, f"{ended} after the module's tests", output)
            return self._told(progress, guests=guests, startup=startup)

    def _told(self, progress: events.ModuleProgress, *, startup: float, guests: int = 1) -> ModuleResult:
        """What guests told of a module. What it depends on is left out where a subinterpreter may depend on more."""
        result = progress.result(guests=guests, startup=startup, worker=self._worker)
        if progress.interpreters_counted or not may_use_subinterpreters(result.reads, self._settings.tree):
            return result
        return msgspec.structs.replace(result, reads=())

    def _start(self, plans: Sequence[ModulePlan], *, alone: bool) -> GuestSession:
        digits = re.search(r"\d+$", self._worker)
        slot = int(digits[0]) if digits else 0
        plan = driver_plan(self._settings, plans, alone=alone)
        lent = self._adapter.lend(self._store)
        session = GuestSession(self._settings, self._adapter, self._store, DRIVER, plan, slot=slot, lent=lent)
        self._mark(session)
        return session

    def _mark(self, session: GuestSession | None) -> None:
        """Write down which guest is running, for the process that notices the death of this worker."""
        if self._marker is None:
            return
        if session is None:
            self._marker.unlink(missing_ok=True)
        else:
            write_atomically(self._marker, os.fsencode(session.events_file))

    def close(self) -> None:
        """Kill the shared guest."""
        if self._session is not None:
            self._end(self._session)
            self._session = None

    def _end(self, session: GuestSession) -> None:
        session.close()
        self._cpu += session.cpu_since()
        self._mark(None)
