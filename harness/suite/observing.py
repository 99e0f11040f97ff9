"""Single tests in guests of their own: again and again, after others, or by hand on a terminal."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from harness.cells.prepare import Prepared
from harness.guests import events
from harness.guests.adapter import Adapter, Command, GuestRun
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
"""the gravest first"""


def adapter_of(prepared: Prepared) -> Adapter:
    return choose_adapter(prepared.cell.runtime, prepared.runtime, prepared.settings.runtime_flags)


def plan_of(source: Path, test: str) -> ModulePlan:
    """The plan of the one module that a test is in. Raises UsageError for a name of no module or of several."""
    plans = chosen_plans(source, (test,))
    if len(plans) > 1:
        raise UsageError(f"{test!r} names {len(plans)} modules, not one", hint=f"such as {plans[0].module}")
    return plans[0]


def observe(prepared: Prepared, test: str, times: int, store: Store) -> Counter[tuple[str, Status]]:
    """How often each test that is named came to what, each time in a new guest.

    Raises UsageError for a name of no module.
    """
    runtime = adapter_of(prepared)
    plan = plan_of(prepared.source, test)

    def once(number: int) -> list[tuple[str, Status]]:
        batch = Batch(prepared.settings, runtime, store, [plan], worker=f"gw{number % AT_ONCE}")
        result = batch.result(plan.module)
        return [(one.test, one.status) for one in result.outcomes if one.status is not Status.DID_NOT_RUN]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(one for found in pool.map(once, range(times)) for one in found)


def gravest(statuses: Iterable[Status]) -> Status | None:
    """What several tests come to together; None when none of them ran."""
    found = set(statuses)
    return next((status for status in _GRAVE if status in found), None)


def fails_after(prepared: Prepared, before: Sequence[str], test: str, store: Store) -> bool:
    """Whether a test fails in a guest that runs others before it: tests, classes or modules.

    Modules run in the order of `before`, the test's own last; what is of one module runs in its own order.
    Raises UsageError for a name of no module.
    """
    plans = in_order(prepared.source, before, test)
    settings = prepared.settings
    session = GuestSession(settings, adapter_of(prepared), store, DRIVER, driver_plan(settings, plans, alone=True))
    record: events.ModuleProgress | None = None
    try:
        while received := session.wait():
            for event in received:
                if event.event == "module":
                    record = events.ModuleProgress(event.module)
                if record is not None:
                    record.take(event)
        if record is None or record.module != plans[-1].module:
            return False  # one of the others ended the guest
        if record.done is None:
            status = Status.TIMED_OUT if session.timed_out else Status.CRASHED
            record.end(status, session.ended, session.guest.output)
    finally:
        session.close()
    bad = FAILING_STATUSES - {Status.DID_NOT_RUN}
    return any(one.status in bad and is_within(one.test, test) for one in record.result().outcomes)


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
    """What a guest is to run: the modules of `before`, then that of a test, with what is to run of it before."""
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


def by_hand(settings: GuestSettings, runtime: Adapter, directory: Path, words: Sequence[str]) -> Command:
    """The command that runs a build's Python with these words, as the harness runs it but without its driver.

    The guest's files are laid out in `directory`, whose `work` it starts in.
    """
    files = runtime.lay_out(settings.tree, settings.build, directory)
    run = GuestRun(
        wasm=settings.wasm,
        wasm_digest=settings.wasm_digest,
        argv=(files.prefix + settings.executable, *settings.python_flags, *words),
        env={"PYTHONPATH": files.prefix + settings.platform_library, **files.environment},
        preopens=files.preopens,
        wasm_stack=settings.wasm_stack,
        memory_limit=settings.limits.memory,
    )
    command = runtime.command(run, settings.compiled, directory)
    return Command(argv=command.argv, env=command.env | run.env)
