"""Tabs, browsers and servers of a run are killed while a test runs in them, several in a run.

What was killed is known: its tab was stopped before, so that nothing goes on, and its guest's events say which test had
started. So the run has to say of that test, and of no other one, that it crashed.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple

import psutil

from harness.guests.runtimes import browser_host
from harness.guests.runtimes.browser_specs import BrowserHostSpec, WorkerSpec
from matrix import json_records
from matrix.outcome import Status
from tests.fuzz import command
from tests.fuzz.cases import Case
from tests.fuzz.judge import Finding, Seen

MODULES = (
    "test_abstract_numbers", "test_base64", "test_binascii", "test_bisect", "test_bool", "test_charmapcodec",
    "test_cmath", "test_codeop", "test_colorsys", "test_contains", "test_copy", "test_dict", "test_enumerate",
    "test_fnmatch", "test_fractions", "test_graphlib", "test_heapq", "test_int", "test_json", "test_keyword",
    "test_list", "test_operator", "test_struct", "test_textwrap",
)  # fmt: skip
_MOST = 4
"""kills in one run"""
_ARRIVES = 1.0
"""seconds until what a stopped tab has sent has arrived"""
_PAUSE = 3.0
"""seconds between two kills at most"""


class Guest(NamedTuple):
    """A guest of a run: the process of the harness that serves it, and what it was told."""

    server: psutil.Process
    spec: BrowserHostSpec

    @property
    def keeper(self) -> psutil.Process:
        """The process of the harness that keeps the browser."""
        assert self.spec.kept
        return psutil.Process(self.spec.kept.keeper)

    @property
    def command(self) -> psutil.Process:
        """The browser's command. The keeper is also the parent of the command's orphans."""
        return min(self.keeper.children(), key=psutil.Process.create_time)

    @property
    def tabs(self) -> list[psutil.Process]:
        """The processes that run pages."""
        found = []
        for process in self.keeper.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                words = process.cmdline()
                if "--type=renderer" in words or ("-contentproc" in words and words[-1] == "tab"):
                    found.append(process)
        return found

    @property
    def alone(self) -> bool:
        """Whether its module runs alone, so that the guest's end is an outcome of it."""
        told = json_records.decode(self.spec.told.read_bytes(), WorkerSpec)
        (plan,) = (text for path, text in told.files.items() if path.endswith("plan.json"))
        return bool(json.loads(plan)["alone"])

    @property
    def running(self) -> str:
        """The test that has started and not ended; "" for none."""
        lines = self.spec.events.read_text().splitlines()
        last = json.loads(lines[-1]) if lines else {}
        return str(last["test"]) if last.get("event") == "start" else ""


class Victim(NamedTuple):
    """What of a guest is killed, and what its outcome then says."""

    name: str
    find: Callable[[Guest], Sequence[psutil.Process]]
    detail: str


VICTIMS = (
    Victim("a tab", lambda guest: guest.tabs, "the tab crashed"),
    Victim("a browser", lambda guest: [guest.command], "the browser ended with signal SIGKILL"),
    Victim("a server", lambda guest: [guest.server], "the guest ended with signal SIGKILL"),
)


def tabs_case(seed: int, browser: str, victims: Sequence[Victim], place: Path) -> Case:
    """The case of a seed, in an empty directory."""
    chance = Random(seed)
    words = _words(browser, isolate=chance.random() < 0.5)
    undisturbed = _undisturbed(words)
    out, log = place / "out", place / "log"
    process = command.start(out, *words, log=log)
    run, expected, kills = psutil.Process(process.pid), dict[str, str](), list[str]()
    while process.poll() is None and len(kills) < _MOST:
        time.sleep(chance.random() * _PAUSE)
        victim = chance.choice(list(victims))
        with contextlib.suppress(psutil.Error, OSError, ValueError):
            guests = _guests(run)
            if guests and (found := _kill(chance.choice(guests), victim)):
                test, alone = found
                kills.append(victim.name)
                if alone:
                    expected[test] = victim.detail
    process.wait()
    seen = command.seen(out, process.returncode, log.read_text("utf-8", "backslashreplace"))
    wrong = _wrong(undisturbed, seen, expected, command.details(out))
    finding = Finding.TRACEBACK if seen.unforeseen else Finding.FALSE_GREEN if wrong else Finding.EQUAL
    way = f"killed in {browser}, {len(expected)} of them alone"
    return Case(seed, "tabs", ", ".join(kills) or "nothing", way, finding, "\n".join([*wrong, seen.said]))


def _kill(guest: Guest, victim: Victim) -> tuple[str, bool] | None:
    """Kill a guest in a test. Returns the test and whether its module runs alone; None when no test was running."""
    tabs = guest.tabs
    for tab in tabs:
        tab.suspend()
    time.sleep(_ARRIVES)
    with contextlib.ExitStack() as goes_on:
        for tab in tabs:
            goes_on.callback(tab.resume)
        test, alone = guest.running, guest.alone  # raises for a guest that has no tests
        if not (test and tabs):
            return None
        victims = victim.find(guest)
        for one in victims:
            one.kill()
        if victims != [guest.server]:
            goes_on.pop_all()
    return test, alone


def _guests(run: psutil.Process) -> list[Guest]:
    found = []
    for process in run.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            if browser_host.__name__ in words:
                spec = json_records.decode(words[-1].encode(), BrowserHostSpec)
                if spec.kept:  # others only try whether the browser starts
                    found.append(Guest(process, spec))
    return found


def _wrong(undisturbed: Seen, seen: Seen, expected: dict[str, str], details: dict[str, str]) -> list[str]:
    """What is not as it has to be: the killed tests crashed, and every other one has the outcome that it always has."""
    assert isinstance(undisturbed.result, dict)
    assert isinstance(seen.result, dict)
    wanted = undisturbed.result | dict.fromkeys(expected, (Status.CRASHED, ""))
    wrong = [
        f"{test}: {seen.result.get(test)} and not {wanted.get(test)}"
        for test in sorted(wanted.keys() | seen.result.keys())
        if wanted.get(test) != seen.result.get(test)
    ]
    wrong += [
        f"{test}: {details.get(test)!r} and not {detail!r}"
        for test, detail in expected.items()
        if details.get(test) != detail
    ]
    if seen.green == bool(expected):
        wrong.append(f"green: {seen.green}, with {len(expected)} tests killed")
    return wrong


def _words(browser: str, *, isolate: bool) -> tuple[str, ...]:
    cell = ("--target", "browser", "--runtime", browser)
    return ("test", *cell, "--no-reuse", "-n", "2", *(["--isolate"] if isolate else []), *MODULES)


@cache
def _undisturbed(words: tuple[str, ...]) -> Seen:
    """The result of a run in which nothing is killed."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as directory:
        seen = command.run(Path(directory), *words)
        if not seen.green:
            raise RuntimeError(f"the undisturbed run is not green:\n{seen.said}")
        return seen
