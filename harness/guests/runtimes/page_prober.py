"""Runs one page probe, in a process beside the browser. It is started as a module and prints the probe's JSON line.

    python -m harness.guests.runtimes.page_prober SPEC

SPEC is the JSON of `browser_specs.PageProbe`. The probe is a script with a function `probe(open_page, assets)`, which
returns what a probe in a guest would print. `open_page(isolated=True, instead={})` opens an empty page beside the
build's `assets` and the harness's own pages; `page.evaluate(script, *values)` calls a function there. With `isolated`
the server sends the headers for cross-origin isolation. `instead` replaces files: it maps URL paths to texts. The page
can reach no other server: a Content-Security-Policy forbids it.
"""

from __future__ import annotations

import contextlib
import queue
import runpy
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.guests.runtimes.browser import PAGES, repl_files
from harness.guests.runtimes.browser_specs import PageProbe
from harness.guests.runtimes.started_browser import StartedBrowser, short_temporary_directory
from harness.machine.http_server import HEADERS, Site, serving
from harness.machine.process import describe_exit
from matrix import json_records
from matrix.errors import MatrixError

_ONLY_HERE = {
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:",
    "Cache-Control": "no-cache",
}
_POLL = 10.0
"""seconds after which the page asks again"""
_LOOK = 0.5
"""seconds between checks whether the browser is still there"""


class ProbeFailed(MatrixError):
    """A script of a probe raised an error in the page, or the browser has ended."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the page says of a script."""

    value: Any = None
    error: str = ""


class OpenPage:
    """A page that evaluates scripts for a probe (`pages/evaluate.js`)."""

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self.end_of_browser: Callable[[], str] = str
        """how the browser ended; "" while it runs"""

    def evaluate(self, script: str, *values: object) -> Any:
        """What a function of JavaScript returns for JSON values; its promise is awaited. Raises ProbeFailed."""
        self._asked.put(msgspec.json.encode({"script": script, "values": values}))
        while True:
            with contextlib.suppress(queue.Empty):
                answer = self._answers.get(timeout=_LOOK)
                if answer.error:
                    raise ProbeFailed(answer.error)
                return answer.value
            if end := self.end_of_browser():
                raise ProbeFailed(end)

    def reload(self) -> None:
        """Load the page again, with new contents."""
        self._asked.put(b'{"reload": true}')

    def next(self, body: bytes) -> bytes:
        """The page asks what to do: the JSON of it, or nothing when there is nothing to do for a while."""
        try:
            return self._asked.get(timeout=_POLL)
        except queue.Empty:
            return b""

    def answer(self, body: bytes) -> bytes:
        """The page has done it."""
        self._answers.put(msgspec.json.decode(body, type=Answer))
        return b""


class Opener:
    """Opens pages for a probe, each with a browser and a server of its own."""

    def __init__(self, spec: PageProbe) -> None:
        self._browser = spec.browser
        self._files = repl_files(spec.assets) | {f"/{name}": PAGES / name for name in ("probe.html", "evaluate.js")}

    @contextlib.contextmanager
    def __call__(self, *, isolated: bool = True, instead: Mapping[str, str] | None = None) -> Iterator[OpenPage]:
        files = dict(self._files)
        for number, (path, text) in enumerate((instead or {}).items()):
            files[path] = Path.cwd() / f"{number}{Path(path).suffix}"
            files[path].write_text(text, "utf-8")
        page = OpenPage()
        headers = {**(HEADERS if isolated else {}), **_ONLY_HERE}
        posts = {"/next": page.next, "/answer": page.answer}
        with (
            serving(Site(files, posts, headers, token=secrets.token_urlsafe(32))) as address,
            StartedBrowser(self._browser, f"{address}/probe.html") as browser,
        ):

            def end() -> str:
                code = browser.poll()
                return f"the browser ended with {describe_exit(code)}\n{browser.signs()}" if code else ""

            page.end_of_browser = end
            yield page


def main() -> None:
    spec = json_records.decode(sys.argv[1].encode(), PageProbe)
    probe = runpy.run_path(str(spec.script))["probe"]
    with short_temporary_directory():
        print(json_records.encode(probe(Opener(spec), spec.assets)).decode())


if __name__ == "__main__":
    main()
