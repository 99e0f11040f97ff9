"""Begins a run, or finds the one to continue."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from harness.guests.digest import DECIDING
from harness.machine import sealed
from harness.machine.code import code_digest
from harness.machine.files import write_atomically
from harness.runs.finished import is_finished
from harness.runs.records import STARTED, StartedRun, named_run_id, new_run_id, point_latest, read_started
from harness.runs.request import RunRequest
from matrix.errors import UsageError
from matrix.model import Cell

_LOCK = ".lock"


def new_run(request: RunRequest, cells: Sequence[Cell], name: str = "") -> StartedRun:
    """A run that starts now, called after its targets unless it has a name; nothing is written."""
    return StartedRun(
        run_id=named_run_id(name) if name else new_run_id(cells),
        started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        request=request,
        cells=tuple(cell.id for cell in cells),
        harness=code_digest(DECIDING),
    )


def named_run(
    name: str, request: RunRequest, cells: Sequence[Cell], say: Callable[[str], None], *, new: bool
) -> StartedRun:
    """The newest run of a name, if it is unfinished and was asked for the same, and `new` is false; else a new one.

    A new run is written, and `latest` points at it. An unfinished run of another harness is not continued, since its
    finished cells would not be looked at again.
    """
    run = new_run(request, cells, name)
    if not new:
        for path in sorted(request.out.glob(f"*-{name}-*/{STARTED}"), reverse=True)[:1]:
            with contextlib.suppress(UsageError):  # of another version of the harness
                found = read_started(path.parent)
                if found.request == request and not is_finished(path.parent):
                    if found.harness == run.harness:
                        return found
                    say(f"{found.run_id} is unfinished, but of another harness: starting a new run")
    write_atomically(request.out / run.run_id / STARTED, sealed.encode(run))
    point_latest(request.out, run.run_id)
    return run


@contextlib.contextmanager
def locked(run: Path) -> Iterator[None]:
    """Keep other processes from working at a run. Raises UsageError when one does."""
    run.mkdir(parents=True, exist_ok=True)
    lock = FileLock(run / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UsageError(f"another process is working at this run: {run}", hint="wait for it, or stop it") from None
    try:
        yield
    finally:
        lock.release()


def is_worked_at(run: Path) -> bool:
    """Whether a process is working at a run."""
    try:
        with FileLock(run / _LOCK, blocking=False):
            return False
    except Timeout:
        return True


def resumable(directory: Path) -> StartedRun:
    """The run in a directory, to be continued there, wherever it lay when it was started. Raises UsageError."""
    run = read_started(directory)
    if run.run_id != directory.name:
        raise UsageError(
            f"{directory} has the run {run.run_id}: it cannot be continued under another name",
            hint=f"give the directory its name again: {run.run_id}",
        )
    return msgspec.structs.replace(run, request=msgspec.structs.replace(run.request, out=directory.parent))


def check_resumed(asked: RunRequest, defaults: RunRequest, run: StartedRun) -> None:
    """Raise UsageError when something is asked for that differs from what a run was started with.

    A resumed run does what it was started with; what was not said on the command line is in `defaults`.
    """
    said, unsaid, before = (_fields(request) for request in (asked, defaults, run.request))
    different = [name for name, value in said.items() if value != unsaid[name] and value != before[name]]
    if different:
        raise UsageError(
            f"run {run.run_id} was started with other values of: {', '.join(different)}",
            hint="a run is resumed with the options that it was started with: leave them out, or start a new run",
        )


def _fields(request: RunRequest) -> dict[str, object]:
    """Every value of a request by the name of its field, except where runs are kept.

    A branch is the same wherever it has moved since: a resumed run stays with its commit.
    """
    found: dict[str, object] = {}
    for part in (request.cells.selection, request.cells, request.options, request.limits, request.suite):
        found |= msgspec.structs.asdict(part)
    del found["selection"]
    found["cpython_commits"] = [(one.directory, one.name) for one in request.cells.cpython_commits]
    return found
