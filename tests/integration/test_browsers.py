"""Browsers that are started with an address: how guests in them report and end, whoever ends them.

The guests are small scripts in place of a build's `python.js`. They report as the interpreter's worker does.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
import wasmtime
from playwright.sync_api import Error, Page, sync_playwright

from harness.build.stage import pack
from harness.guests.adapter import GuestRun
from harness.guests.guest_files import Preopen
from harness.guests.runtimes.browser import PAGES, Browser, BrowserStart, InPage, PageProbe
from harness.guests.runtimes.ends import FAULT, TRAPPED
from harness.guests.runtimes.manual import Manual
from harness.guests.runtimes.page_reports import PageReports
from harness.guests.runtimes.started_browser import StartedBrowser
from harness.guests.session import GuestSession
from harness.guests.settings import GuestSettings, Limits
from harness.machine.http_server import Site, serving
from harness.machine.process import base_environment
from harness.machine.store import Store
from harness.suite.batch import DRIVER
from matrix import json_records
from tests.integration.conftest import browser_of, launched

pytestmark = pytest.mark.integration

WAIT = 120.0
"""seconds"""
SPEAK = 'report("events", "one\\n"); report("output", "two\\n"); report("events", "three\\n");'
LOOP = f"{SPEAK} for (;;) {{}}"
EAT = """
const memory = new WebAssembly.Memory({ initial: 16 });
try {
  for (;;) memory.grow(16);
} catch (error) {
  report("output", `${memory.buffer.byteLength >> 20} ${error.name}\n`);
}
end(0);
"""


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def browser_name(request: pytest.FixtureRequest) -> str:
    """Each browser that is installed."""
    return str(request.param)


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest, browser_name: str) -> Browser:
    """The adapter of each browser."""
    return browser_of(browser_name, str(request.getfixturevalue(browser_name)))


class Guest:
    """A guest in a browser: the process of the harness that serves it, and what it left."""

    def __init__(self, browser: InPage, script: str, directory: Path, program: str = "python.js") -> None:
        directory.mkdir()
        assets, tree = directory / "assets", directory / "tree"
        for made in (assets, tree):
            made.mkdir()
        (assets / program).write_text(script)
        (assets / "python.wasm").write_bytes(b"")
        pack(tree, {"/Lib/os.py": Path(os.__file__)})
        files = browser.lay_out(tree, "", directory)
        run = GuestRun(
            wasm=assets / "python.wasm",
            wasm_digest="",
            argv=(f"/build/{program}", "-c", "pass"),
            env={"PYTHONPATH": "/lib"},
            preopens=(Preopen(host=tree, guest="/"),),
            wasm_stack=0,
            memory_limit=64 << 20,
        )
        command = browser.command(run, run.wasm, directory)
        self._events = files.events
        self.process = psutil.Popen(
            command.argv,
            env={**base_environment(), **command.env},
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def events(self) -> str:
        return self._events.read_text() if self._events.exists() else ""

    def wait_until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + WAIT
        while not condition():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < end
            time.sleep(0.02)

    def end(self) -> tuple[int, str]:
        """Its exit status and what it printed."""
        output, _ = self.process.communicate(timeout=WAIT)
        return self.process.returncode, output.decode()

    def tabs(self) -> list[psutil.Process]:
        """The processes that run pages."""
        found = []
        for process in self.process.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                words = process.cmdline()
                if "--type=renderer" in words or ("-contentproc" in words and words[-1] == "tab"):
                    found.append(process)
        return found


@pytest.fixture
def guests(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Guest]]:
    """Starts guests; what is left of them is killed at the end."""
    started: list[Guest] = []

    def start(script: str, program: str = "python.js") -> Guest:
        started.append(Guest(browser, script, tmp_path / f"guest{len(started)}", program))
        return started[-1]

    yield start
    for guest in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(guest.process.pid, 9)
        guest.process.communicate(timeout=WAIT)


Start = Callable[..., Guest]


def test_what_a_guest_reports_arrives_in_order(guests: Start) -> None:
    guest = guests(f"{SPEAK} end(3);")
    assert guest.end() == (3, "two\n")
    assert guest.events() == "one\nthree\n"


def test_a_worker_that_fails_says_how(guests: Start) -> None:
    guest = guests(f'{SPEAK} throw new RangeError("too far");')
    status, output = guest.end()
    assert status == TRAPPED
    assert output.startswith("two\n")
    assert "RangeError: too far" in output
    assert guest.events() == "one\nthree\n"


TRAPS = """(module
  (memory 1)
  (table 1 funcref)
  (type $type (func))
  (func (export "unreachable") unreachable)
  (func (export "load") (drop (i32.load (i32.const 65536))))
  (func (export "call") (call_indirect (type $type) (i32.const 0)))
  (func (export "divide") (drop (i32.div_s (i32.const 1) (i32.const 0))))
  (func $again (export "again") (call $again) (call $again)))
"""


@pytest.mark.parametrize(
    ("function", "meaning"),
    [
        ("unreachable", "a trap: unreachable code was reached"),
        ("load", "a trap: memory access out of bounds"),
        ("call", "a trap: a bad call"),
        ("divide", "a trap: bad arithmetic"),
        ("again", "JavaScript's stack overflowed"),
    ],
)
def test_traps_are_told_apart(guests: Start, browser: Browser, function: str, meaning: str) -> None:
    code = f"new WebAssembly.Module(new Uint8Array({list(wasmtime.wat2wasm(TRAPS))}))"
    status, output = guests(f"new WebAssembly.Instance({code}).exports.{function}();").end()
    assert (browser.describe_end(status, output), output) == (f"the guest ended with {meaning}", output)


MODULE = """
export default async (settings) => {{
  const written = {{}};
  const FS = {{
    analyzePath: () => ({{ exists: true }}),
    makedev: () => 0,
    mkdev() {{}},
    registerDevice: (device, operations) => {{ written.events = operations; }},
    utime() {{}},
    writeFile: (path, data) => {{ written[path] = data; }},
  }};
  const exit = (status) => Object.assign(new Error("exit"), {{ name: "ExitStatus", status }});
  return {{
    FS,
    callMain(argv) {{
      const said = `${{settings.thisProgram}} ${{argv}} ${{written["/Lib/os.py"].length}}\\n`;
      for (const letter of said) settings.stdout(letter.charCodeAt(0));
      written.events.write({{}}, new TextEncoder().encode("one\\n"), 0, 4);
      {body}
    }},
  }};
}};
"""
"""a program as CPython 3.14's Emscripten build is: a module, whose `main` may still run when `callMain` returns"""


@pytest.mark.parametrize(
    ("body", "status", "last"),
    [
        ("settings.onExit(3); return 3;", 3, ""),
        ("(async () => { await 0; settings.onExit(3); })();", 3, ""),
        ("throw exit(5);", 5, ""),
        ("(async () => { await 0; throw exit(5); })();", 5, ""),
        ('throw new WebAssembly.RuntimeError("unreachable");', TRAPPED, "RuntimeError: unreachable"),
        ('(async () => { await 0; throw new RangeError("too far"); })();', TRAPPED, "RangeError: too far"),
    ],
)
def test_a_program_that_is_a_module_runs(guests: Start, body: str, status: int, last: str) -> None:
    guest = guests(MODULE.format(body=body), "python.mjs")
    code, output = guest.end()
    size = Path(os.__file__).stat().st_size
    first, _, rest = output.partition("\n")
    assert (code, first) == (status, f"/build/python.mjs -c,pass {size}")
    assert rest.partition("\n")[0] == last
    assert guest.events() == "one\n"


def test_a_module_that_cannot_be_loaded_says_why(guests: Start) -> None:
    code, output = guests("this is no module", "python.mjs").end()
    assert code == TRAPPED
    assert "SyntaxError" in output


def test_a_runtime_without_jspi_has_none(request: pytest.FixtureRequest, tmp_path: Path, browser_name: str) -> None:
    adapter = browser_of(f"{browser_name}-no-jspi", str(request.getfixturevalue(browser_name)))
    script = 'report("output", `${typeof WebAssembly.promising} ${typeof WebAssembly.Suspending}\\n`); end(0);'
    assert Guest(adapter, script, tmp_path / "guest").end() == (0, "undefined undefined\n")


def test_a_guests_memory_is_limited(guests: Start) -> None:
    assert guests(EAT).end() == (0, "64 RangeError\n")


def test_a_tab_that_is_killed_loses_nothing(guests: Start) -> None:
    guest = guests(LOOP)
    guest.wait_until(lambda: "three" in guest.events())
    for tab in guest.tabs():
        tab.kill()
    assert guest.end() == (TRAPPED, "two\n\nthe tab crashed\n")
    assert guest.events() == "one\nthree\n"


def test_a_tab_that_is_closed_is_told_from_one_that_crashed(tmp_path: Path, chromium: str) -> None:
    (tmp_path / "by-hand.txt").write_text("http://127.0.0.1:8411/a-token/suite.html")
    guest = Guest(Manual(tmp_path / "by-hand.txt"), LOOP, tmp_path / "guest")
    with sync_playwright() as playwright:
        page = launched(playwright, chromium).new_page()
        guest.wait_until(lambda: opens(page, "http://127.0.0.1:8411/a-token/suite.html"))
        guest.wait_until(lambda: "three" in guest.events())
        page.close()
        assert guest.end() == (TRAPPED, "two\n\nthe tab was closed\n")
    assert guest.events() == "one\nthree\n"


def opens(page: Page, address: str) -> bool:
    """Whether a page could be opened: the server may not be there yet."""
    try:
        page.goto(address)
    except Error:
        return False
    return True


def test_a_browser_that_is_killed_loses_nothing(guests: Start) -> None:
    guest = guests(LOOP)
    guest.wait_until(lambda: "three" in guest.events())
    (command,) = guest.process.children()
    command.kill()
    assert guest.end() == (TRAPPED, "two\n\nthe browser ended with signal SIGKILL\n")
    assert guest.events() == "one\nthree\n"


def test_nothing_is_left_of_a_guest_that_is_killed(guests: Start) -> None:
    guest = guests(LOOP)
    guest.wait_until(lambda: "three" in guest.events())
    family = [guest.process, *guest.process.children(recursive=True)]
    assert len(family) > 3
    os.killpg(guest.process.pid, 9)
    _, alive = psutil.wait_procs(family, WAIT)
    assert alive == []


def test_a_browser_that_does_not_start_says_why(tmp_path: Path) -> None:
    command = tmp_path / "browser"
    command.write_text("#!/bin/sh\necho there is no display >&2\nexit 7\n")
    command.chmod(0o755)
    guest = Guest(browser_of("chromium", str(command)), LOOP, tmp_path / "guest")
    status, output = guest.end()
    assert status == FAULT
    assert "the browser does not start: exit status 7\nthere is no display\n" in output


def test_a_browser_that_opens_no_page_is_told(tmp_path: Path, store: Store) -> None:
    command = tmp_path / "browser"
    command.write_text("#!/bin/sh\necho there is no display >&2\nexec sleep 3600\n")
    command.chmod(0o755)
    wasm = tmp_path / "python.wasm"
    settings = GuestSettings(
        wasm=wasm,
        wasm_digest="",
        compiled=wasm,
        executable="/python.js",
        python_flags=(),
        wasm_stack=0,
        limits=Limits(seconds=2),
        tree=tmp_path,
        build="/",
        platform_library="/lib",
        resources=(),
        verbose=False,
        fail_env_changed=False,
        timeout=0,
    )
    session = GuestSession(settings, browser_of("chromium", str(command)), store, DRIVER, {})
    try:
        assert session.wait() == []
    finally:
        session.close()
    assert session.timed_out
    assert session.ended == (
        "no test ended for 2 s: the guest was ended: the browser did not open the page\nthere is no display"
    )


# --- the server


@pytest.fixture
def start(browser: Browser, tmp_path: Path) -> BrowserStart:
    """How the browser is started."""
    command = browser.page_probe(Path("unused"), Path("unused"), tmp_path)
    return json_records.decode(command.argv[-1].encode(), PageProbe).browser


class Reported:
    """A site whose page reports, and what it reported."""

    def __init__(self, directory: Path, worker: str) -> None:
        self.events, self.output = bytearray(), bytearray()
        self.reports = PageReports(self.events.extend, self.output.extend)
        script = directory / "suite.worker.js"
        script.write_text(f'importScripts("report.js");\n{worker}')
        files = {f"/{name}": PAGES / name for name in ("suite.html", "suite.js", "report.js")}
        posts = {"/report": self.reports.take, "/failed": self.reports.fail, "/closed": self.reports.close}
        held = {"/alive": self.reports.holding}
        self.site = Site(files | {"/suite.worker.js": script}, posts, held=held, token="the-token-of-this-run")


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


def test_another_page_cannot_feed_outcomes_into_a_run(start: BrowserStart, tmp_path: Path) -> None:
    """It is told the port and even the token, and posts what the run's own page would post."""
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
            const message = {{ method: "POST", body: "evil 1 events 5\\nfalse", mode: "no-cors" }};
            const came = [];
            for (const at of ["{address}", "{server}"]) {{
              came.push(await fetch(`${{at}}/report`, message).then(({{ type }}) => type, ({{ name }}) => name));
            }}
            await fetch("done", {{ method: "POST", body: came.join(" ") }});
            </script>"""
        )
        other = Site({"/evil.html": tmp_path / "evil.html"}, {"/done": take}, headers={})
        with serving(other) as elsewhere, StartedBrowser(start, f"{elsewhere}/evil.html"):
            assert done.wait(WAIT)
        assert answers == [b"opaque opaque"]  # they have arrived, and have been refused
        assert not reported.events
        own = b"own 1 events 4\nreal"
        assert httpx.post(f"{address}/report", content=own, headers={"Origin": server}).status_code == 200
        assert reported.events == b"real"


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
