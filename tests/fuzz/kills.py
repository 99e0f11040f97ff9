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


class Stage(NamedTuple):
    """How far a run is before the moment of the kill. A busy machine makes times worthless for that."""

    name: str
    reached: Callable[[psutil.Process, Path], object]
    """gets the harness and the directory of all runs"""


def _has_results(number: int) -> Callable[[psutil.Process, Path], object]:
    return lambda _, out: (command.results(out) or b"").count(b"\n") >= number


STAGES = (
    Stage("at its start", lambda leader, out: True),
    Stage("when it was written down", lambda leader, out: command.results(out) is not None),
    Stage("when pytest ran", lambda leader, out: _controller(leader)),
    Stage("when workers ran", lambda leader, out: _workers(leader)),
    Stage("when a guest ran", lambda leader, out: _guests(leader)),
    *(Stage(f"after {number} results", _has_results(number)) for number in (1, 2, 3)),
)
_LATER = 1.0
"""seconds after the beginning of a stage at most"""


def kill_case(seed: int, victims: Sequence[Victim], place: Path) -> Case:
    """The case of a seed, in an empty directory."""
    chance = Random(seed)
    victim = chance.choice(list(victims))
    stage, later = chance.choice(STAGES), chance.random() * _LATER
    undisturbed = _undisturbed()
    out, log = place / "out", place / "log"
    process = command.start(out, *_RUN, log=log)
    leader = psutil.Process(process.pid)
    _wait_until(leader, lambda: bool(stage.reached(leader, out)))
    time.sleep(later)
    family, killed = _kill(leader, victim)
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
    what = f"{killed} processes" if killed else "nothing, which had ended,"
    said = "\n".join([*wrong, first.said, now.said])
    return Case(seed, victim.name, what, f"killed {stage.name} and {later:.2f} s", finding, said)


def _kill(leader: psutil.Process, victim: Victim) -> tuple[list[psutil.Process], int]:
    """Kill a victim, as soon as there is one.

    Returns the whole family as it was just before, and how many processes of it were killed: 0 when the run had ended.
    """
    found: list[psutil.Process] = []
    family: list[psutil.Process] = []

    def kill() -> bool:
        family[:], found[:] = _family(leader), victim.find(leader)
        for one in found:
            os.kill(one.pid, signal.SIGKILL)
        return bool(found)

    _wait_until(leader, kill)
    return family, len(found)


def _wait_until(leader: psutil.Process, condition: Callable[[], bool]) -> None:
    """Wait for a condition, or for the end of the run. A process that ends while it is looked at is not there."""
    while leader.is_running() and leader.status() != psutil.STATUS_ZOMBIE:
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            if condition():
                return
        time.sleep(0.01)


@cache
def _undisturbed() -> Seen:
    """The result of a run in which nothing is killed."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as directory:
        seen = command.run(Path(directory), *_RUN)
        if not seen.green:
            raise RuntimeError(f"the undisturbed run is not green:\n{seen.said}")
        return seen
