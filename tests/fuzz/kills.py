"""Processes of a run are killed at a random moment; then the run is resumed to its end."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple

import psutil

from tests.fuzz import command
from tests.fuzz.cases import Case
from tests.fuzz.judge import Finding, Seen, judged

_RUN = ("test", "--target", "wasi", "--no-reuse", "--isolate", "-n", "2", *command.MODULES)
_GONE = 10.0
"""seconds in which everything that a killed process had started has to be gone; it takes milliseconds"""


class Victim(NamedTuple):
    """The processes that are killed together."""

    name: str
    find: Callable[[psutil.Process], Sequence[psutil.Process]]
    """chosen among the harness and what it started"""
    ends_family: bool
    """whether all that runs below the run has to end with it"""
    causes: tuple[str, ...] = ()
    """words of which one tells the true cause, where the resumed run may still be red"""


def _family(leader: psutil.Process) -> list[psutil.Process]:
    return [leader, *leader.children(recursive=True)]


def _controller(leader: psutil.Process) -> list[psutil.Process]:
    return [one for one in leader.children(recursive=True) if "harness.suite.plugin" in one.cmdline()]


def _workers(leader: psutil.Process) -> list[psutil.Process]:
    return [one for controller in _controller(leader) for one in controller.children()]


def _guests(leader: psutil.Process) -> list[psutil.Process]:
    return [one for worker in _workers(leader) for one in worker.children()]


VICTIMS = (
    Victim("the whole tree", _family, ends_family=True),
    Victim("the harness", lambda leader: [leader], ends_family=True),
    Victim("pytest's controller", _controller, ends_family=True),
    Victim("a worker", lambda leader: _workers(leader)[-1:], ends_family=False),
    Victim("a guest", lambda leader: _guests(leader)[:1], ends_family=False, causes=("SIGKILL",)),
)


def kill_case(seed: int, victims: Sequence[Victim], place: Path) -> Case:
    """The case of a seed, in an empty directory."""
    chance = Random(seed)
    victim = chance.choice(list(victims))
    undisturbed, seconds = _undisturbed()
    moment = chance.random() * seconds
    out, log = place / "out", place / "log"
    process = command.start(out, *_RUN, log=log)
    family, killed = _kill(psutil.Process(process.pid), victim, moment)
    children = [one for one in family if one.pid != process.pid]  # psutil would take the leader's status from Popen
    alive = psutil.wait_procs(children, timeout=_GONE)[1] if killed and victim.ends_family else []
    process.wait()
    first = command.seen(out, process.returncode, log.read_text("utf-8", "backslashreplace"))
    before = command.results(out)
    again = _RUN if before is None else ("test", "--resume")
    now = command.run(out, *again)
    finding = judged(undisturbed, now, victim.causes)
    after = command.results(out) or b""
    wrong = [f"not ended: {one}" for one in alive]
    if first.green and first.result != undisturbed.result:
        wrong.append("the run that was disturbed is green, but not equal")
    if victim.ends_family and not after.startswith(before or b""):
        wrong.append("results were changed that were there before the run was resumed")
    if wrong:
        finding = Finding.FALSE_GREEN
    what = f"{killed} processes" if killed else "none: it had ended"
    said = "\n".join([*wrong, first.said, now.said])
    return Case(seed, victim.name, what, f"killed after {moment:.2f} s", finding, said)


def _kill(leader: psutil.Process, victim: Victim, moment: float) -> tuple[list[psutil.Process], int]:
    """Kill a victim at a moment (seconds from now), or as soon as there is one then.

    Returns the whole family as it was just before, and how many processes of it were killed: 0 when the run had ended.
    """
    time.sleep(moment)
    while leader.is_running() and leader.status() != psutil.STATUS_ZOMBIE:
        with contextlib.suppress(psutil.NoSuchProcess):
            family, chosen = _family(leader), victim.find(leader)
            for one in chosen:
                os.kill(one.pid, signal.SIGKILL)
            if chosen:
                return family, len(chosen)
        time.sleep(0.01)
    return [], 0


@cache
def _undisturbed() -> tuple[Seen, float]:
    """What an undisturbed run comes to, and how many seconds it takes."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as directory:
        started = time.monotonic()
        seen = command.run(Path(directory), *_RUN)
        if not seen.green:
            raise RuntimeError(f"the undisturbed run is not green:\n{seen.said}")
        return seen, time.monotonic() - started
