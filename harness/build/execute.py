"""Executes plans. A step whose inputs did not change is not run again; an interrupted one is."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from harness.build.compiler_cache import CompilerCache
from harness.build.stamps import failed_before, log_path, note_failure, note_success, pending_steps, reset_pending
from harness.build.step import BuildPlan, Step
from harness.build.watcher import Watcher
from harness.machine.command import check_room, run_logged
from harness.machine.files import read_json, tail, write_atomically
from harness.machine.process import base_environment, describe_exit, require
from harness.machine.store import Store
from matrix import json_records
from matrix.errors import BuildFailed


def nothing(step: Step) -> None:
    """What is done before and after a step unless someone asks for more."""


def execute(
    plan: BuildPlan,
    store: Store,
    watcher: Watcher,
    *,
    say: Callable[[str], None],
    cache: CompilerCache | None = None,
    before: Callable[[Step], None] = nothing,
    after: Callable[[Step], None] = nothing,
) -> float:
    """Run the steps of a plan that are not current; returns the seconds that this took (0.0 when all are).

    Steps that compile do so through the compiler cache, if one is given. `before` is called before each step that is
    run, and may wait; `after` is called for each step that is done, whether it was run or is current.

    Raises BuildFailed with the failing command, the last lines of its output and the path of its log.
    """
    seconds = 0.0
    with work_lock(plan, store, say):
        reset_pending(plan)
        pending = pending_steps(plan)
        for step in plan.steps:
            if step in pending:
                before(step)
                seconds += _run(plan, step, store, watcher, cache)
            after(step)
    return seconds


def work_lock(plan: BuildPlan, store: Store, say: Callable[[str], None]) -> AbstractContextManager[None]:
    """The lock of a plan's work directory."""
    return store.lock(f"build-{plan.directory.name}", say=say)


def remembered_failure(plan: BuildPlan) -> BuildFailed | None:
    """The failure of the first step that has to run, when it failed before with the same inputs."""
    for step in pending_steps(plan)[:1]:
        if failed_before(plan, step) and log_path(plan, step).is_file():
            return _failure(plan, step, "as it did before: nothing has changed since", remembered=True)
    return None


def _run(plan: BuildPlan, step: Step, store: Store, watcher: Watcher, cache: CompilerCache | None) -> float:
    step.cwd.mkdir(parents=True, exist_ok=True)
    _require_tools(step)
    started = time.monotonic()
    shown = watcher.begin(f"{plan.name}: {step.title}", _expected(store, step))
    argv, env = step.words, step.environment(base_environment())
    if cache is not None and step.through_cache:
        argv, env = (*argv, *cache.words(step.through_cache)), env | cache.variables(step.compiler)
    try:
        code = run_logged(argv, env=env, cwd=step.cwd, log=log_path(plan, step), tick=shown.tick)
    except BaseException:
        shown.end("stopped", time.monotonic() - started)
        raise
    elapsed = time.monotonic() - started
    missing = [path for path in step.outputs if not path.exists()]
    if code != 0 or missing:
        shown.end("failed", elapsed)
        log = log_path(plan, step)
        check_room(tail(log, 400), f"{plan.name}: step {step.name}; full log: {log}")
        note_failure(plan, step)
        raise _failure(plan, step, describe_exit(code) if code else f"it did not make {missing[0]}")
    shown.end("done", elapsed)
    note_success(plan, step, elapsed)
    _remember(store, step, elapsed)
    return elapsed


def _require_tools(step: Step) -> None:
    require(step.argv[0] if "/" not in step.argv[0] else "sh")
    if step.argv[0].endswith("configure"):
        require("make")
        require("gcc")


def _failure(plan: BuildPlan, step: Step, what: str, *, remembered: bool = False) -> BuildFailed:
    log = log_path(plan, step)
    last = "\n".join(tail(log, 400).splitlines()[-15:])
    return BuildFailed(
        f"{plan.name}: step {step.name} failed ({what})\n{last}\n  command: {step.command()}\n  full log: {log}",
        step=step.name,
        output=log.read_text("utf-8", "backslashreplace"),
        hint="correct the cause and run the same command again: finished steps are not repeated",
        remembered=remembered,
    )


# --- how long steps take


def _durations(store: Store) -> Path:
    return store.root / "state" / "steps.json"


def _expected(store: Store, step: Step) -> float:
    known = read_json(_durations(store), {})
    value = known.get(step.title) if isinstance(known, dict) else None
    return float(value) if isinstance(value, int | float) else step.expected


def _remember(store: Store, step: Step, elapsed: float) -> None:
    with store.lock("steps"):
        known = read_json(_durations(store), {})
        known = known if isinstance(known, dict) else {}
        known[step.title] = round(elapsed, 1)
        write_atomically(_durations(store), json_records.encode(known))
