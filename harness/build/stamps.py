"""What a work directory remembers of its steps: which succeeded, which failed, and with which inputs.

Files in `.steps`, per step:

    NAME.json    written when the step succeeded: the digest of its command, environment and inputs, and the sizes,
                 times and digests of its outputs
    NAME.failed  written when the step failed: the same digest
    NAME.asked   written when the step was due: the digest, so that an interrupted step can be told from a changed one
    NAME.log     its output

A step is current when its stamp fits and every step before it is current. One whose outputs do not fit its stamp, or
that was interrupted, starts without them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import msgspec

from harness.build.step import BuildPlan, Step
from harness.machine.files import says, write_atomically
from harness.machine.hashing import digest_of, file_sha256
from matrix import json_records


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """A step that succeeded."""

    digest: str
    duration: float
    """seconds"""
    outputs: dict[str, tuple[int, int]]
    """the size in bytes and the time in nanoseconds of each output"""
    digests: dict[str, str] = {}
    """the sha256 of each output"""


class LoggedStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a build, for a reader."""

    plan: str
    name: str
    command: str
    """can be pasted into a shell"""
    log: Path
    seconds: float | None
    """how long it took; None when it has not succeeded"""


def pending_steps(plan: BuildPlan) -> tuple[Step, ...]:
    """The steps that have to run: the first that is not current, and all after it."""
    for number, step in enumerate(plan.steps):
        if not _is_current(plan, step):
            return plan.steps[number:]
    return ()


def reset_pending(plan: BuildPlan) -> None:
    """Remove the stamps of the steps that have to run, and the files that a changed step must not go on from."""
    for step in pending_steps(plan):
        _directory(plan).mkdir(parents=True, exist_ok=True)
        _reset(plan, step)


def _reset(plan: BuildPlan, step: Step) -> None:
    stamp, asked = _stamp_path(plan, step), _directory(plan) / f"{step.name}.asked"
    known = _read_stamp(plan, step)
    if known is None or not _has_outputs(known, step):
        # Half a file, left by a killed linker, has a new date: make would take it for finished.
        _remove(plan, step.outputs)
    if not says(asked, _digest(step)) and (asked.exists() or stamp.exists()):
        _remove(plan, step.remembers)
    stamp.unlink(missing_ok=True)
    _failure_path(plan, step).unlink(missing_ok=True)
    write_atomically(asked, _digest(step).encode())


def _remove(plan: BuildPlan, paths: Iterable[Path]) -> None:
    """Remove those of the files that lie in the work directory. A link in it may lead to the sources."""
    own = plan.directory.resolve()
    for path in paths:
        if path.parent.resolve().is_relative_to(own):
            path.unlink(missing_ok=True)


def note_success(plan: BuildPlan, step: Step, duration: float) -> None:
    """Write a step's stamp. `duration` is in seconds."""
    outputs = {str(path): _mark(path) for path in step.outputs}
    digests = {str(path): _sha256(path) for path in step.outputs}
    stamp = Stamp(digest=_digest(step), duration=duration, outputs=outputs, digests=digests)
    write_atomically(_stamp_path(plan, step), json_records.encode(stamp))


def note_failure(plan: BuildPlan, step: Step) -> None:
    """Note that a step failed with its present inputs."""
    write_atomically(_failure_path(plan, step), _digest(step).encode())


def failed_before(plan: BuildPlan, step: Step) -> bool:
    """Whether a step failed when it last ran, and nothing about it has changed since."""
    return says(_failure_path(plan, step), _digest(step))


def logged(plan: BuildPlan, step: Step) -> LoggedStep:
    """A step, its log, and how long it took when it last succeeded."""
    stamp = _read_stamp(plan, step)
    seconds = stamp.duration if stamp else None
    return LoggedStep(plan=plan.name, name=step.name, command=step.command(), log=log_path(plan, step), seconds=seconds)


def log_path(plan: BuildPlan, step: Step) -> Path:
    """The file with a step's full output."""
    return _directory(plan) / f"{step.name}.log"


def _directory(plan: BuildPlan) -> Path:
    return plan.directory / ".steps"


def _failure_path(plan: BuildPlan, step: Step) -> Path:
    return _directory(plan) / f"{step.name}.failed"


def _stamp_path(plan: BuildPlan, step: Step) -> Path:
    return _directory(plan) / f"{step.name}.json"


def _read_stamp(plan: BuildPlan, step: Step) -> Stamp | None:
    try:
        return json_records.decode(_stamp_path(plan, step).read_bytes(), Stamp)
    except (OSError, msgspec.DecodeError):
        return None


def _digest(step: Step) -> str:
    env = "\0".join(f"{name}={value}" for name, value in sorted(step.env.items()))
    return digest_of(step.identity(), env, *step.inputs)


def _mark(path: Path) -> tuple[int, int]:
    info = path.lstat()
    return info.st_size, info.st_mtime_ns


def _sha256(path: Path) -> str:
    """The digest of an output, computed once per process as long as the file stays the same."""
    info = path.stat()
    return _computed(path, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)


@cache
def _computed(path: Path, *identity: int) -> str:
    return file_sha256(path)


def _is_current(plan: BuildPlan, step: Step) -> bool:
    stamp = _read_stamp(plan, step)
    return stamp is not None and stamp.digest == _digest(step) and _has_outputs(stamp, step)


def _has_outputs(stamp: Stamp, step: Step) -> bool:
    """Whether a step's outputs are as it made them. Stamps of before have no digests."""
    try:
        marks = {str(path): _mark(path) for path in step.outputs}
        return stamp.outputs == marks and all(_sha256(Path(path)) == known for path, known in stamp.digests.items())
    except OSError:
        return False
