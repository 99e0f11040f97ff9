"""Runs test modules in guests: several in one, and whatever does not simply pass again, alone.

A guest that ends in the middle of a module takes nothing else with it: the module is run again alone;
there the test that was running when the guest ends gets the outcome, and a new guest goes on behind it.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness import TOP
from harness.guests import events
from harness.guests.adapter import Adapter
from harness.guests.session import GuestSession
from harness.guests.settings import GuestSettings
from harness.machine.files import write_atomically
from harness.machine.store import Store
from matrix.outcome import ModuleResult, Status

DRIVER = TOP / "harness" / "guests" / "inside" / "driver.py"
_MOST_GUESTS = 8
"""how many guests one module may take: each one after the first goes on behind a test that ended one"""


class ModulePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One test module, as the driver is told."""

    module: str
    match: tuple[str, ...] = ()
    """names of tests, classes or modules; none means all"""
    skip: tuple[str, ...] = ()
    """globs of tests that are not run: known to hang, or to crash at great cost"""
    done: dict[str, int] = {}
    """how often each test was observed already by an earlier guest"""


def driver_plan(settings: GuestSettings, modules: Sequence[ModulePlan], *, alone: bool) -> dict[str, object]:
    """What the driver is told, beside where its files are."""
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
    """The modules that one worker runs in one guest, as long as nothing happens to it."""

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
        self._record: events.ModuleProgress | None = None

    def result(self, module: str) -> ModuleResult:
        """Run the batch up to the end of `module`; modules are asked for in the batch's order."""
        while self._plans and self._plans[0].module != module:
            self._plans.pop(0)  # not asked for: its guest is of no more use
            self.close()
        plan = self._plans[0]
        result = None if len(self._plans) == 1 and self._session is None else self._together(plan)
        self._plans.pop(0)
        if result is None:
            result = self._alone(plan)
        if not self._plans:
            self.close()
        return result

    def _together(self, plan: ModulePlan) -> ModuleResult | None:
        """The module's result from the shared guest; None when it has to be run alone."""
        if self._session is None:
            self._session = self._start(self._plans, alone=False)
            self._record = None
            self._backlog: list[events.Event] = []
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
                self._record = events.ModuleProgress(event.module)
            elif self._record is not None:
                self._record.take(event)
            if event.event == "done":
                assert self._record is not None
                result = self._record.result(startup=session.startup - before, worker=self._worker)
                return result if result.module == plan.module and events.is_plain(result) else None

    def _alone(self, plan: ModulePlan) -> ModuleResult:
        record = events.ModuleProgress(plan.module)
        guests, startup = 0, 0.0
        while True:
            guests += 1
            before = len(record.outcomes)
            started = time.monotonic()
            session = self._start([msgspec.structs.replace(plan, done=dict(record.observed))], alone=True)
            try:
                record.forget_end()
                while received := session.wait():
                    for event in received:
                        record.take(event)
                ended, timed_out, output = session.ended, session.timed_out, session.guest.output
                startup += session.startup
            finally:
                session.close()
                self._mark(None)
            if record.done is None:
                record.duration += time.monotonic() - started
                record.end(
                    Status.TIMED_OUT if timed_out else Status.CRASHED,
                    ended or "the guest ended in the middle of the module, with exit status 0",
                    output,
                )
                if len(record.outcomes) > before and guests < _MOST_GUESTS and not record.ended_outside_tests:
                    continue
            elif ended:
                record.end(Status.CRASHED, f"{ended} after the module's tests", output)
            return record.result(guests=guests, startup=startup, worker=self._worker)

    def _start(self, plans: Sequence[ModulePlan], *, alone: bool) -> GuestSession:
        digits = re.search(r"\d+$", self._worker)
        slot = int(digits[0]) if digits else 0
        plan = driver_plan(self._settings, plans, alone=alone)
        session = GuestSession(self._settings, self._adapter, self._store, DRIVER, plan, slot=slot)
        self._mark(session)
        return session

    def _mark(self, session: GuestSession | None) -> None:
        """Leave word of the running guest, for whoever finds this worker dead."""
        if self._marker is None:
            return
        if session is None:
            self._marker.unlink(missing_ok=True)
        else:
            write_atomically(self._marker, os.fsencode(session.events_file))

    def close(self) -> None:
        """End the shared guest."""
        if self._session is not None:
            self._session.close()
            self._session = None
            self._mark(None)
