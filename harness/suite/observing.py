"""Single tests in guests of their own: repeatedly, after other tests, or by hand in a terminal."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from harness.build.recipes.layout import LIBRARY
from harness.cells.prepare import Prepared
from harness.guests import events
from harness.guests.adapter import Adapter, GuestRun, HostCommand
from harness.guests.runtimes import confine
from harness.guests.runtimes.choose import choose_adapter
from harness.guests.session import GuestSession
from harness.guests.settings import GuestSettings
from harness.machine.store import Store
from harness.suite.batch import DRIVER, Batch, ModulePlan, driver_plan
from harness.suite.plans import chosen_plans
from matrix.errors import UsageError
from matrix.names import is_within, spellings
from matrix.outcome import FAILING_STATUSES, Status

AT_ONCE = os.cpu_count() or 1
_GRAVE = (Status.CRASHED, Status.TIMED_OUT, Status.ERRORED, Status.FAILED, Status.PASSED, Status.SKIPPED)
"""statuses in order, the gravest first"""


def adapter_of(prepared: Prepared) -> Adapter:
    return choose_adapter(prepared.cell.runtime, prepared.runtime, prepared.settings.runtime_flags)


def plan_of(source: Path, test: str) -> ModulePlan:
    """The plan of the one module that a test is in. Raises UsageError for a name of no module or of several."""
    plans = chosen_plans(source, (test,))
    if len(plans) > 1:
        raise UsageError(f"{test!r} names {len(plans)} modules, not one", hint=f"such as {plans[0].module}")
    return plans[0]


def observe(prepared: Prepared, test: str, times: int, store: Store) -> Counter[tuple[str, Status]]:
    """How often each test that `test` names had which status, each time in a new guest.

    Raises UsageError for a name that is in no module.
    """
    runtime = adapter_of(prepared)
    plan = plan_of(prepared.source, test)

    def once(number: int) -> list[tuple[str, Status]]:
        batch = Batch(prepared.settings, runtime, store, [plan], worker=f"gw{number % AT_ONCE}")
        result = batch.result(plan.module)
        return [(one.test, one.status) for one in result.outcomes if one.status is not Status.DID_NOT_RUN]

    with contextlib.closing(runtime), ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(one for found in pool.map(once, range(times)) for one in found)


def gravest(statuses: Iterable[Status]) -> Status | None:
    """The gravest of the statuses of several tests; None when no test ran."""
    found = set(statuses)
    return next((status for status in _GRAVE if status in found), None)


def fails_after(prepared: Prepared, before: Sequence[str], test: str, store: Store) -> bool:
    """Whether a test fails in a guest that runs other tests, classes or modules before it.

    Modules run in the order of `before`, the test's own module last. The tests of a module run in their usual order.
    Raises UsageError for a name that is in no module.
    """
    plans = in_order(prepared.source, before, test)
    settings = prepared.settings
    session = GuestSession(settings, adapter_of(prepared), store, DRIVER, driver_plan(settings, plans, alone=True))
    progress: events.ModuleProgress | None = None
    try:
        while received := session.wait():
            for event in received:
                if event.event == "module":
                    progress = events.ModuleProgress(event.module)
                if progress is not None:
                    progress.take(event)
        if progress is None or progress.module != plans[-1].module:
            return False  # an earlier test ended the guest
        if progress.done is None:
            status = Status.TIMED_OUT if session.timed_out else Status.CRASHED
            progress.end(status, session.ended, session.guest.output)
    finally:
        session.close()
    bad = FAILING_STATUSES - {Status.DID_NOT_RUN}
    return any(one.status in bad and is_within(one.test, test) for one in progress.result().outcomes)


def earlier_tests(prepared: Prepared, test: str, store: Store) -> tuple[str, ...]:
    """The tests that run before a test in its own module, in their order. Raises UsageError."""
    plan = plan_of(prepared.source, test)
    names = [name for name, status in observe(prepared, plan.module, 1, store) if status is not Status.SKIPPED]
    own = next((index for index, name in enumerate(names) if name in spellings(test)), None)
    if own is None:
        raise UsageError(
            f"{test!r} is not a single test that runs there", hint="--after names what may have to run before it"
        )
    return tuple(dict.fromkeys(names[:own]))


def in_order(source: Path, before: Sequence[str], test: str) -> list[ModulePlan]:
    """The plans for `fails_after`: the modules of `before`, then the test's own module."""
    last = plan_of(source, test)
    plans: dict[str, ModulePlan] = {}
    for name in before:
        for plan in chosen_plans(source, (name,)):
            known = plans.get(plan.module)
            match = (*known.match, *plan.match) if known and known.match and plan.match else plan.match
            if known is None or known.match:
                plans[plan.module] = msgspec.structs.replace(plan, match=match)
    own = plans.pop(last.module, None)
    if own is not None:
        last = msgspec.structs.replace(last, match=(*own.match, *last.match) if own.match and last.match else ())
    return [*plans.values(), last]


def by_hand(
    settings: GuestSettings, runtime: Adapter, directory: Path, words: Sequence[str], *, bare: bool = False
) -> HostCommand:
    """The command that runs a build's Python with the arguments `words`, in a guest like the harness's own.

    Creates the guest's files in `directory`. When `bare`, nothing but the runtime confines the guest, and of the tree's
    directories it sees the library alone.
    """
    files = runtime.lay_out(settings.tree, settings.build, directory)
    run = GuestRun(
        wasm=settings.wasm,
        wasm_digest=settings.wasm_digest,
        argv=(files.prefix + settings.executable, *settings.python_flags, *words),
        env={"PYTHONPATH": files.prefix + settings.platform_library, **files.environment},
        preopens=tuple(one for one in files.preopens if one.writable or one.guest == LIBRARY or not bare),
        wasm_stack=settings.wasm_stack,
        memory_limit=settings.limits.memory,
    )
    command = runtime.command(run, settings.compiled, directory)
    argv = confine.bare(command.argv) if bare else command.argv
    return HostCommand(argv=argv, env=command.env | run.env)
