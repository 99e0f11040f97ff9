"""Browsers that serve several guests, one after the other: what one guest leaves, the next one does not see."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from harness.guests.runtimes.browser import Browser
from harness.guests.runtimes.ends import FAULT, TRAPPED
from harness.guests.runtimes.kept_browser import KeptBrowser
from harness.machine.store import Store
from tests.integration.conftest import TOP, browser_of
from tests.integration.test_browsers import LOOP, SPEAK, WAIT, Guest

pytestmark = pytest.mark.integration

SAY = 'report("output", `${self.left} ${typeof told}\\n`); self.left = 1; end(0);'


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


@pytest.fixture
def lent(each_browser: Browser, store: Store) -> Iterator[KeptBrowser]:
    yield each_browser.lend(store)
    each_browser.close()


@pytest.fixture
def guest(each_browser: Browser, lent: KeptBrowser, tmp_path: Path) -> Iterator[Callable[[str], Guest]]:
    """Starts guests in the same browser."""
    started: list[Guest] = []

    def start(script: str) -> Guest:
        started.append(Guest(each_browser, script, tmp_path / f"guest{len(started)}", lent=lent))
        return started[-1]

    yield start
    for one in started:
        one.kill()


Start = Callable[[str], Guest]


def test_guests_share_a_browser_and_nothing_else(each_browser: Browser, lent: KeptBrowser, guest: Start) -> None:
    for _ in range(3):
        assert guest(SAY).end() == (0, "undefined object\n")
    lent.give_back(sound=True)
    assert lent.is_usable()


def test_a_browser_goes_on_after_a_guest_that_was_ended(lent: KeptBrowser, guest: Start) -> None:
    first = guest(LOOP)
    first.wait_until(lambda: "three" in first.events())
    first.kill()
    assert guest(f"{SPEAK} end(3);").end() == (3, "two\n")
    assert lent.is_usable()


def test_a_browser_goes_on_after_a_worker_that_failed(lent: KeptBrowser, guest: Start) -> None:
    status, output = guest('throw new RangeError("too far");').end()
    assert status == TRAPPED
    assert "RangeError: too far" in output
    assert guest(SAY).end() == (0, "undefined object\n")
    assert lent.is_usable()


def test_a_browser_whose_tab_is_killed_is_not_lent_again(
    each_browser: Browser, store: Store, lent: KeptBrowser, guest: Start
) -> None:
    one = guest(LOOP)
    one.wait_until(lambda: "three" in one.events())
    for tab in one.tabs():
        tab.kill()
    assert one.end() == (TRAPPED, "two\n\nthe tab crashed\n")
    assert not lent.is_usable()
    lent.give_back(sound=True)
    assert not one.companion.is_running()
    assert each_browser.lend(store) is not lent


def test_a_browser_that_is_killed_is_told_and_not_lent_again(lent: KeptBrowser, guest: Start) -> None:
    one = guest(LOOP)
    one.wait_until(lambda: "three" in one.events())
    min(one.companion.children(), key=psutil.Process.create_time).kill()  # the others are orphans of it
    assert one.end() == (TRAPPED, "two\n\nthe browser ended with signal SIGKILL\n")
    assert not lent.is_usable()


def test_a_tab_that_is_killed_while_no_guest_has_it_costs_another_browser(lent: KeptBrowser, guest: Start) -> None:
    one = guest(SAY)
    one.end()
    for tab in one.tabs():
        tab.kill()
    assert guest(SAY).end() == (0, "undefined object\n")
    assert not lent.is_usable()


def test_a_browser_that_is_killed_as_it_is_lent_costs_another_one(lent: KeptBrowser, guest: Start) -> None:
    one = guest(SAY)
    one.end()
    min(one.companion.children(), key=psutil.Process.create_time).kill()
    end = time.monotonic() + WAIT
    while not lent.told.place.ended.exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    assert guest(SAY).end() == (0, "undefined object\n")
    assert not lent.is_usable()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("echo there is no display >&2; exit 7", "the browser does not start: exit status 7\nthere is no display"),
        (None, "there is no command "),
    ],
)
def test_a_browser_that_does_not_start_is_told(store: Store, tmp_path: Path, body: str | None, said: str) -> None:
    path = tmp_path / "browser"
    if body is not None:
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
    browser = browser_of("chromium", str(path))
    lent = browser.lend(store)
    try:
        status, output = Guest(browser, SPEAK, tmp_path / "guest", lent=lent).end()
        assert (status, said in output, "Traceback" in output) == (FAULT, True, False), output
        assert not lent.is_usable()
    finally:
        lent.close()


def test_a_guest_that_was_ended_for_its_silence_takes_the_browser_with_it(lent: KeptBrowser, guest: Start) -> None:
    one = guest(LOOP)
    one.wait_until(lambda: "three" in one.events())
    family = [one.companion, *one.companion.children(recursive=True)]
    one.kill()
    lent.give_back(sound=False)
    assert psutil.wait_procs(family, WAIT)[1] == []


def test_nothing_is_left_of_a_browser_when_its_user_dies(each_browser: Browser, tmp_path: Path) -> None:
    executable = each_browser.start(tmp_path).argv[0]
    code = f"""
import time
from pathlib import Path
from harness.machine.store import Store
from tests.integration.conftest import browser_of
lent = browser_of({Path(executable).name.partition("-")[0]!r}, {executable!r}).lend(Store(Path({str(tmp_path)!r})))
print(lent.told.keeper, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=TOP, stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout is not None
        keeper = psutil.Process(int(user.stdout.readline()))
        end = time.monotonic() + WAIT
        while len(keeper.children(recursive=True)) < 3:
            assert time.monotonic() < end
            time.sleep(0.05)
        family = [keeper, *keeper.children(recursive=True)]
        os.kill(user.pid, signal.SIGKILL)
    assert psutil.wait_procs(family, WAIT)[1] == []
