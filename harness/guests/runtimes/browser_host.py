"""Runs one guest in a tab of a browser. It is started as a module and exits with the guest's status.

    python -m harness.guests.runtimes.browser_host SPEC

SPEC is the JSON of `browser_specs.BrowserHostSpec`. A server on loopback serves the page's files and receives its
reports, at addresses with a random token. It writes the driver's events to a file, and what the guest prints to
standard output.
The exit status is 134 when the tab or the browser ends, and 125 when the browser does not start.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import traceback

from harness.build.stage import ARCHIVE
from harness.guests.runtimes.browser import PAGES
from harness.guests.runtimes.browser_specs import BrowserHostSpec
from harness.guests.runtimes.ends import BROWSER_ENDED, FAULT, TAB_CLOSED, TAB_CRASHED, TRAPPED
from harness.guests.runtimes.lent_browser import LentBrowser
from harness.guests.runtimes.page_reports import PageReports
from harness.guests.runtimes.started_browser import StartedBrowser, short_temporary_directory
from harness.machine.descendants import adopt_orphans, end_descendants
from harness.machine.http_server import Site, serving
from harness.machine.process import KILL_WAIT, describe_exit
from matrix import json_records
from matrix.errors import MatrixError

_LOOK = 0.1
"""seconds between checks whether the browser is still there"""
_RETURN = 10.0
"""seconds in which a page that lost its connection may open another one"""


def print_output(data: bytes) -> None:
    """Print what the guest printed."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def site_of(spec: BrowserHostSpec, reports: PageReports) -> Site:
    """What the server has for the guest's page. `/guest` tells a page what it has to load, and for which guest."""
    guest = secrets.token_hex(8)
    site = spec.site or guest
    pages = ("suite.html", "suite.js", "suite.worker.js", "report.js", "archive.js")
    return Site(
        {
            "/": spec.assets,
            **{f"/{name}": spec.tree / name for name in ARCHIVE},
            "/told.json": spec.told,
            **{f"/{name}": PAGES / name for name in pages},
        },
        {
            "/guest": lambda body: f"{site} {guest}".encode(),
            "/failed": reports.fail,
            "/closed": reports.close,
        },
        sockets={"/reports": reports.connection},
        token=spec.token or secrets.token_urlsafe(32),
    )


def note_page(spec: BrowserHostSpec) -> None:
    """Note that the page has been opened."""
    if not spec.opened.exists():
        spec.opened.touch()
        if spec.kept:
            spec.kept.place.shown.touch()


def end_of_browser(browser: StartedBrowser | LentBrowser | None, reports: PageReports) -> tuple[int, str] | None:
    """The exit status and the words for it when the guest's browser or tab is gone; None while it is there.

    A command that ends well and leaves a process is a launcher. There is no `browser` when a person opens the page. Who
    started this process waits no longer for the page than for any other event.
    """
    code, lost = browser.poll() if browser else None, reports.lost_for()
    if not reports.was_there:
        if browser and code is not None and (code or not browser.has_left_processes()):
            return FAULT, f"the browser does not start: {describe_exit(code)}\n{browser.signs()}"
    elif lost and reports.closed:
        return TRAPPED, TAB_CLOSED
    elif lost and code is not None:
        return TRAPPED, f"{BROWSER_ENDED}{describe_exit(code)}"
    elif lost > _RETURN:
        return TRAPPED, TAB_CRASHED
    return None


def run(spec: BrowserHostSpec) -> int:
    with spec.events.open("ab", buffering=0) as events:
        reports = PageReports(events.write, print_output)
        with contextlib.ExitStack() as stack:
            listening = spec.kept.listening if spec.kept else None
            url = f"{stack.enter_context(serving(site_of(spec, reports), spec.port, listening))}/suite.html"
            browser: StartedBrowser | LentBrowser | None = None
            if spec.browser and spec.kept:
                browser = LentBrowser(spec.browser, spec.kept)
            elif spec.browser:
                browser = stack.enter_context(StartedBrowser(spec.browser, url))
            while not reports.ended.wait(_LOOK):
                if reports.was_there:
                    note_page(spec)
                elif isinstance(browser, LentBrowser) and browser.has_lost_its_page():
                    browser = stack.enter_context(browser.replace(url))
                if end := end_of_browser(browser, reports):
                    status, words = end
                    if spec.kept:
                        spec.kept.place.lost.touch()
                    print(f"\n{words}", flush=True)
                    return status
            note_page(spec)
            return reports.status


def main() -> None:
    status = FAULT
    adopt_orphans()
    try:
        with short_temporary_directory():
            status = run(json_records.decode(sys.argv[1].encode(), BrowserHostSpec))
        end_descendants(KILL_WAIT)  # the harness counts their processor time as this process's
    except (MatrixError, OSError) as exc:
        print(exc)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
