"""Executes plans. A step whose inputs did not change is not run again; a half-finished one is.

Each work directory has `.steps/<name>.json`, written when a step has succeeded: the digest of its
command, environment and inputs, and its outputs' sizes and times. A step is current when its stamp fits
and every step before it was current.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from harness.build.compiler_cache import CompilerCache
from harness.build.step import Plan, Step
from harness.machine.command import run_logged
from harness.machine.files import read_json, tail, write_atomically
from harness.machine.hashing import digest_of
from harness.machine.process import base_environment, describe_exit, require
from harness.machine.store import Store
from matrix import json_records
from matrix.errors import BuildFailed


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """A step that succeeded."""

    digest: str
    duration: float
    outputs: dict[str, tuple[int, int]]


class LoggedStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a build, for a reader."""

    plan: str
    name: str
    command: str
    """to be pasted into a shell"""
    log: Path
    seconds: float | None
    """that it took; None when it has not succeeded"""


class Watcher(Protocol):
    """Whoever shows progress."""

    def begin(self, title: str, expected: float) -> None: ...

    def tick(self, elapsed: float) -> None: ...

    def end(self, outcome: str, elapsed: float) -> None: ...


class Silent:
    """Shows nothing."""

    def begin(self, title: str, expected: float) -> None:
        pass

    def tick(self, elapsed: float) -> None:
        pass

    def end(self, outcome: str, elapsed: float) -> None:
        pass


def execute(
    plan: Plan, store: Store, watcher: Watcher, *, say: Callable[[str], None], cache: CompilerCache | None = None
) -> float:
    """Bring a plan's outputs about, by way of a compiler cache; the seconds that it took (0.0 when all was current).

    Raises BuildFailed with the failing command, its last lines and the log's path.
    """
    with store.lock(f"build-{plan.directory.name}", say=say):
        forget(plan)
        return sum(_run(plan, step, store, watcher, cache) for step in pending_steps(plan))


def forget(plan: Plan) -> None:
    """Forget that the steps that have to run ever succeeded, and what those remember that have changed."""
    for step in pending_steps(plan):
        (plan.directory / ".steps").mkdir(parents=True, exist_ok=True)
        _begin_anew(plan, step)


def pending_steps(plan: Plan) -> tuple[Step, ...]:
    """The steps that have to run: the first that is not current, and all after it."""
    for number, step in enumerate(plan.steps):
        if not _current(plan, step):
            return plan.steps[number:]
    return ()


def remembered_failure(plan: Plan) -> BuildFailed | None:
    """What the first step that has to run came to before, when it failed then and nothing about it has changed."""
    for step in pending_steps(plan)[:1]:
        try:
            if _failure_path(plan, step).read_text() == _digest(step):
                return _failed(plan, step, "as it did before: nothing has changed since", remembered=True)
        except OSError:
            return None
    return None


def logged(plan: Plan, step: Step) -> LoggedStep:
    """A step, its log, and how long it took when it last succeeded."""
    try:
        stamp = json_records.decode(_stamp_path(plan, step).read_bytes(), Stamp)
        seconds: float | None = stamp.duration
    except (OSError, msgspec.DecodeError):
        seconds = None
    return LoggedStep(plan=plan.name, name=step.name, command=step.command(), log=log_path(plan, step), seconds=seconds)


def log_path(plan: Plan, step: Step) -> Path:
    """Where a step's full output is."""
    return plan.directory / ".steps" / f"{step.name}.log"


def _begin_anew(plan: Plan, step: Step) -> None:
    """Forget that a step ever succeeded, and what it remembers when it is another one now.

    What was asked for is noted beside the stamp, so that a step that was broken off keeps its memory.
    """
    stamp, asked = _stamp_path(plan, step), plan.directory / ".steps" / f"{step.name}.asked"
    known = asked.read_text() if asked.is_file() else ""
    if known != _digest(step) and (known or stamp.exists()):
        for path in step.remembers:
            path.unlink(missing_ok=True)
    stamp.unlink(missing_ok=True)
    _failure_path(plan, step).unlink(missing_ok=True)
    write_atomically(asked, _digest(step).encode())


def _run(plan: Plan, step: Step, store: Store, watcher: Watcher, cache: CompilerCache | None) -> float:
    step.cwd.mkdir(parents=True, exist_ok=True)
    require(step.argv[0] if "/" not in step.argv[0] else "sh")
    if step.argv[0].endswith("configure"):
        require("make")
        require("gcc")
    log = log_path(plan, step)
    started = time.monotonic()
    watcher.begin(f"{plan.name}: {step.title}", _expected(store, step))
    argv, env = step.words, base_environment() | step.env
    if cache is not None and step.through_cache:
        argv, env = (*argv, *cache.words(step.through_cache)), env | cache.variables(step.compiler)
    code = run_logged(argv, env=env, cwd=step.cwd, log=log, tick=watcher.tick)
    elapsed = time.monotonic() - started
    missing = [path for path in step.outputs if not path.exists()]
    if code != 0 or missing:
        watcher.end("failed", elapsed)
        what = describe_exit(code) if code else f"it made no {missing[0]}"
        write_atomically(_failure_path(plan, step), _digest(step).encode())
        raise _failed(plan, step, what)
    watcher.end("done", elapsed)
    stamp = Stamp(digest=_digest(step), duration=elapsed, outputs=_marks(step))
    write_atomically(_stamp_path(plan, step), json_records.encode(stamp))
    _remember(store, step, elapsed)
    return elapsed


def _failed(plan: Plan, step: Step, what: str, *, remembered: bool = False) -> BuildFailed:
    log = log_path(plan, step)
    last = "\n".join(tail(log, 400).splitlines()[-15:])
    return BuildFailed(
        f"{plan.name}: step {step.name} failed ({what})\n{last}\n  command: {step.command()}\n  full log: {log}",
        step=step.name,
        output=log.read_text("utf-8", "backslashreplace"),
        hint="mend it and run again: finished steps are not repeated",
        remembered=remembered,
    )


def _failure_path(plan: Plan, step: Step) -> Path:
    return plan.directory / ".steps" / f"{step.name}.failed"


def _stamp_path(plan: Plan, step: Step) -> Path:
    return plan.directory / ".steps" / f"{step.name}.json"


def _digest(step: Step) -> str:
    env = "\0".join(f"{name}={value}" for name, value in sorted(step.env.items()))
    return digest_of(step.identity(), env, *step.inputs)


def _marks(step: Step) -> dict[str, tuple[int, int]]:
    marks = {}
    for path in step.outputs:
        info = path.lstat()
        marks[str(path)] = (info.st_size, info.st_mtime_ns)
    return marks


def _current(plan: Plan, step: Step) -> bool:
    try:
        stamp = json_records.decode(_stamp_path(plan, step).read_bytes(), Stamp)
        return stamp.digest == _digest(step) and stamp.outputs == _marks(step)
    except (OSError, msgspec.DecodeError):
        return False


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
