"""What pages report while they have no server, and what other pages cannot report in their place."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from harness.guests.runtimes.browser import PAGES, Browser
from harness.guests.runtimes.browser_specs import BrowserStart, PageProbe
from harness.guests.runtimes.page_reports import PageReports
from harness.guests.runtimes.started_browser import StartedBrowser
from harness.machine.http_server import Site, serving
from matrix import json_records

pytestmark = pytest.mark.integration

WAIT = 120.0
"""seconds"""


@pytest.fixture
def start(each_browser: Browser, tmp_path: Path) -> BrowserStart:
    """How the browser is started."""
    command = each_browser.page_probe(Path("unused"), Path("unused"), tmp_path)
    return json_records.decode(command.argv[-1].encode(), PageProbe).browser


class Reported:
    """A site whose page reports, and what it reported."""

    def __init__(self, directory: Path, worker: str) -> None:
        self.events, self.output = bytearray(), bytearray()
        self.reports = PageReports(self.events.extend, self.output.extend)
        script = directory / "suite.worker.js"
        script.write_text(f'importScripts("report.js");\n{worker}')
        files = {f"/{name}": PAGES / name for name in ("suite.html", "suite.js", "report.js")}
        posts = {"/guest": lambda body: b"site guest", "/failed": self.reports.fail, "/closed": self.reports.close}
        sockets = {"/reports": self.reports.connection}
        self.site = Site(files | {"/suite.worker.js": script}, posts, sockets=sockets, token="the-token-of-this-run")


def test_nothing_is_lost_while_there_is_no_server(start: BrowserStart, tmp_path: Path) -> None:
    wait = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);"
    count = f'for (let i = 1; i <= 100; i++) {{ report("events", `${{i}}\\n`); {wait} }} report("end", "0");'
    reported = Reported(tmp_path, count)
    with contextlib.ExitStack() as stack:
        with serving(reported.site) as address:
            stack.enter_context(StartedBrowser(start, f"{address}/suite.html"))
            wait_for(lambda: len(reported.events) > 20)
        time.sleep(1)  # what was being answered has been taken
        before = len(reported.events)
        time.sleep(2)  # the worker sends its next report to nobody, several times
        assert len(reported.events) == before
        assert reported.reports.lost_for() > 0
        port = int(address.partition("127.0.0.1:")[2].partition("/")[0])
        stack.enter_context(serving(reported.site, port))
        assert reported.reports.ended.wait(WAIT)
        assert reported.events.decode().split() == [str(number) for number in range(1, 101)]
        wait_for(lambda: reported.reports.lost_for() == 0)


def test_a_page_that_cannot_wait_says_why(start: BrowserStart, tmp_path: Path) -> None:
    reported = Reported(tmp_path, "")
    reported.site.headers.clear()  # without them the page is not cross-origin isolated
    with serving(reported.site) as address, StartedBrowser(start, f"{address}/suite.html"):
        assert reported.reports.ended.wait(WAIT)
    assert b"Error: the page has no SharedArrayBuffer (WebKitGTK" in reported.output


def test_another_page_cannot_feed_outcomes_into_a_run(start: BrowserStart, tmp_path: Path) -> None:
    """It is told the port and even the token, and sends what the run's own page would send."""
    reported = Reported(tmp_path, "")
    reported.site.headers.clear()  # they would hide from the page that its requests arrive
    done = threading.Event()
    answers: list[bytes] = []

    def take(body: bytes) -> bytes:
        answers.append(body)
        done.set()
        return b""

    with serving(reported.site) as address:
        server = address.rpartition("/")[0]
        (tmp_path / "evil.html").write_text(
            f"""<script type="module">
            const message = {{ method: "POST", body: "evil\\nthe worker ended", mode: "no-cors" }};
            const came = [];
            for (const at of ["{address}", "{server}"]) {{
              came.push(await fetch(`${{at}}/failed`, message).then(({{ type }}) => type, ({{ name }}) => name));
              const socket = new WebSocket(`${{at.replace("http", "ws")}}/reports`);
              came.push(await new Promise((done) => {{
                socket.onopen = () => {{ socket.send("evil 1 events 5\\nfalse"); done("open"); }};
                socket.onerror = () => done("refused");
              }}));
            }}
            await fetch("done", {{ method: "POST", body: came.join(" ") }});
            </script>"""
        )
        other = Site({"/evil.html": tmp_path / "evil.html"}, {"/done": take}, headers={})
        with serving(other) as elsewhere, StartedBrowser(start, f"{elsewhere}/evil.html"):
            assert done.wait(WAIT)
        assert answers == [b"opaque refused opaque refused"]  # they have arrived, and have been refused
        assert bytes(reported.events + reported.output) == b""
        with connect(f"{address.replace('http', 'ws')}/reports", origin=Origin(server)) as own:
            own.send("own 1 events 4\nreal")
            assert own.recv() == "1"
        assert reported.events == b"real"


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
