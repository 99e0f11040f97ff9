"""Runs one guest in a tab of a browser. It is started as a module and exits with the guest's status.

    python -m harness.guests.runtimes.browser_host SPEC

SPEC is the JSON of `browser.BrowserHostSpec`. A server on loopback serves the page's files and receives its reports, at
addresses with a random token. It writes the driver's events to a file, and what the guest prints to standard output.
The exit status is 134 when the tab crashes and 125 when the browser does not start.
"""

from __future__ import annotations

import os
import secrets
import sys
import threading
import traceback

from playwright.sync_api import Error, sync_playwright

from harness.guests.runtimes.browser import PAGES, BrowserHostSpec, launch_options, short_temporary_directory
from harness.guests.runtimes.ends import FAULT, TRAPPED
from harness.guests.runtimes.page_reports import PageReports
from harness.machine.http_server import Site, serving
from matrix import json_records

_LOOK = 100.0
"""milliseconds between checks whether the guest has ended"""
_RETURN = 10.0
"""seconds in which a page that lost its connection may open another one"""


def print_output(data: bytes) -> None:
    """Print what the guest printed."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def site_of(spec: BrowserHostSpec, reports: PageReports) -> Site:
    """What the server has for the guest's page, under a new token."""
    pages = ("suite.html", "suite.js", "suite.worker.js", "report.js")
    return Site(
        {
            "/": spec.assets,
            "/tests.data": spec.tests / "tests.data",
            "/tests.json": spec.tests / "tests.json",
            "/told.json": spec.told,
            **{f"/{name}": PAGES / name for name in pages},
        },
        {"/report": reports.take, "/failed": reports.fail, "/closed": reports.close},
        held={"/alive": reports.holding},
        token=secrets.token_urlsafe(32),
    )


def run(spec: BrowserHostSpec) -> int:
    with spec.events.open("ab", buffering=0) as events:
        reports = PageReports(events.write, print_output)
        with serving(site_of(spec, reports)) as address, sync_playwright() as playwright:
            try:
                browser = playwright.chromium.launch(**launch_options(spec.browser, spec.memory_limit))
            except Error as exc:
                print(f"the browser does not start: {exc.message}", file=sys.stderr)
                return FAULT
            page = browser.new_page()
            crashed = threading.Event()
            page.on("crash", lambda page: crashed.set())
            page.goto(f"{address}/suite.html")
            while not reports.ended.is_set():
                if crashed.is_set() or not browser.is_connected() or reports.lost_for() > _RETURN:
                    print("the tab crashed", flush=True)
                    return TRAPPED
                try:
                    page.wait_for_timeout(_LOOK)
                except Error:
                    crashed.set()
            return reports.status


def main() -> None:
    status = FAULT
    try:
        with short_temporary_directory():
            status = run(json_records.decode(sys.argv[1].encode(), BrowserHostSpec))
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
