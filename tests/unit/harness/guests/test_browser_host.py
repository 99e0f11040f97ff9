"""What the process of a guest in a browser says of the guest's end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.guests.runtimes.browser_host import end_of_browser
from harness.guests.runtimes.browser_specs import BrowserStart, Kept, Place
from harness.guests.runtimes.ends import FAULT, TAB_CLOSED, TAB_CRASHED, TRAPPED
from harness.guests.runtimes.lent_browser import LentBrowser
from harness.guests.runtimes.page_reports import PageReports
from harness.guests.runtimes.started_browser import StartedBrowser

End = tuple[int, str] | None


class Command(StartedBrowser):
    """A browser whose command has ended with `code`, or runs."""

    def __init__(self, code: int | None = None, *, processes: bool = False) -> None:
        self.code, self.processes = code, processes

    def poll(self) -> int | None:
        return self.code

    def has_left_processes(self) -> bool:
        return self.processes

    def signs(self) -> str:
        return "there is no display"


class Page:
    """A page and the time that it sees."""

    def __init__(self) -> None:
        self.now = 100.0
        self.reports = PageReports(len, len, lambda: self.now)
        self._open = contextlib.ExitStack()

    def open(self) -> None:
        self._open.enter_context(self.reports.connection())

    def lose(self) -> None:
        self._open.close()

    def ends(self, seconds: float, code: int | None = None, *, processes: bool = False) -> tuple[End, End]:
        """The end so many seconds later: with a browser, and when a person opened the page."""
        self.now += seconds
        return end_of_browser(Command(code, processes=processes), self.reports), end_of_browser(None, self.reports)


@pytest.fixture
def page() -> Page:
    return Page()


def test_a_page_that_nobody_has_opened_yet_is_no_end(page: Page) -> None:
    assert page.ends(10_000.0) == (None, None)


@pytest.mark.parametrize("seconds", [1.0, 10_000.0])
def test_a_page_with_a_connection_is_there(page: Page, seconds: float) -> None:
    page.open()
    assert page.ends(seconds) == (None, None)
    assert page.ends(0.0, code=0) == (None, None)  # the command has only asked a browser that ran already


def test_a_page_that_does_not_come_back_has_crashed(page: Page) -> None:
    page.open()
    page.lose()
    assert page.ends(9.0) == (None, None)
    assert page.ends(2.0) == ((TRAPPED, TAB_CRASHED), (TRAPPED, TAB_CRASHED))


def test_a_page_that_comes_back_is_there(page: Page) -> None:
    page.open()
    page.lose()
    page.ends(9.0)
    page.open()
    assert page.ends(9.0) == (None, None)


def test_a_page_that_said_that_it_goes_was_closed(page: Page) -> None:
    page.reports.take(b"p 1 output 0\n")
    page.open()
    page.reports.close(b"p")
    assert page.ends(0.0) == (None, None)
    page.lose()
    assert page.ends(0.1) == ((TRAPPED, TAB_CLOSED), (TRAPPED, TAB_CLOSED))


def test_a_browser_that_ends_takes_its_page_along(page: Page) -> None:
    page.open()
    page.lose()
    end, _ = page.ends(0.1, code=-9)
    assert end == (TRAPPED, "the browser ended with signal SIGKILL")


def test_a_browser_that_does_not_start_says_why(page: Page) -> None:
    end, _ = page.ends(0.1, code=7)
    assert end == (FAULT, "the browser does not start: exit status 7\nthere is no display")
    end, _ = page.ends(0.1, code=0)
    assert end == (FAULT, "the browser does not start: exit status 0\nthere is no display")


def test_a_launcher_may_have_ended_before_its_browser_opens_the_page(page: Page) -> None:
    assert page.ends(10_000.0, code=0, processes=True) == (None, None)


@pytest.fixture
def lent(tmp_path: Path) -> Callable[[], tuple[Place, Callable[[float], bool]]]:
    """Lends a kept browser to a guest. Returns its files, and whether it has lost its page so many seconds later."""

    def lend() -> tuple[Place, Callable[[float], bool]]:
        now = [100.0]
        start = BrowserStart(argv=("browser",), env={}, profile=tmp_path / "profile", user_js="")
        place = Place(directory=tmp_path)
        browser = LentBrowser(start, Kept(place=place, keeper=1, listening=3), lambda: now[0])

        def has_lost_its_page(seconds: float) -> bool:
            now[0] = 100.0 + seconds
            return browser.has_lost_its_page()

        return place, has_lost_its_page

    return lend


Lend = Callable[[], tuple[Place, Callable[[float], bool]]]


def test_a_browser_that_still_starts_may_take_its_time(lent: Lend) -> None:
    _, has_lost_its_page = lent()
    assert not has_lost_its_page(10_000.0)


def test_a_page_that_served_a_guest_comes_soon_for_the_next(lent: Lend) -> None:
    place, _ = lent()
    place.shown.touch()
    _, has_lost_its_page = lent()
    assert (has_lost_its_page(9.0), has_lost_its_page(11.0)) == (False, True)


def test_a_browser_that_has_ended_between_guests_has_lost_its_page(lent: Lend) -> None:
    place, _ = lent()
    place.shown.touch()
    place.ended.write_text("-9")
    _, has_lost_its_page = lent()
    assert has_lost_its_page(0.0)
