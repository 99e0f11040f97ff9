"""Runs one page probe, in a process beside the browser. It is started as a module and prints the probe's JSON line.

    python -m harness.guests.runtimes.page_prober SPEC

SPEC is the JSON of `browser.PageProbe`. The probe is a script with a function `probe(open_page, assets)`, which returns
what a probe in a guest would print. `open_page(path, isolated=True, instead={})` opens a page that is served from the
build's `assets` and the harness's own pages. With `isolated` the server sends the headers for cross-origin isolation.
`instead` replaces files: it maps the end of an address to a text. Other requests outside loopback are refused.
"""

from __future__ import annotations

import contextlib
import runpy
import sys
from collections.abc import Iterator, Mapping

from playwright.sync_api import Browser, Page, Route, sync_playwright

from harness.guests.runtimes.browser import PAGES, PageProbe, launch_options, short_temporary_directory
from harness.machine.http_server import HEADERS, Site, serving
from matrix import json_records

_MEMORY = 2 << 30
"""bytes of linear memory"""


class Opener:
    """Opens pages for a probe, each with a server of its own."""

    def __init__(self, browser: Browser, spec: PageProbe) -> None:
        self._browser = browser
        self._files = {"/": spec.assets, "/repl.html": PAGES / "repl.html", "/repl.js": PAGES / "repl.js"}

    @contextlib.contextmanager
    def __call__(self, path: str, *, isolated: bool = True, instead: Mapping[str, str] | None = None) -> Iterator[Page]:
        headers = HEADERS if isolated else {}
        with serving(Site(self._files, headers=headers)) as address:

            def answer(route: Route) -> None:
                url = route.request.url
                for end, text in (instead or {}).items():
                    if url.endswith(end):
                        kind = "text/html" if end.endswith(".html") else "text/javascript"
                        more = {"Content-Type": kind, "Access-Control-Allow-Origin": address}
                        return route.fulfill(body=text, headers={**headers, **more})
                return route.continue_() if url.startswith(f"{address}/") else route.abort()

            page = self._browser.new_page()
            page.route("**/*", answer)
            page.goto(f"{address}{path}")
            yield page
            page.close()


def main() -> None:
    spec = json_records.decode(sys.argv[1].encode(), PageProbe)
    probe = runpy.run_path(str(spec.script))["probe"]
    with short_temporary_directory(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(spec.browser, _MEMORY))
        print(json_records.encode(probe(Opener(browser, spec), spec.assets)).decode())
        browser.close()


if __name__ == "__main__":
    main()
