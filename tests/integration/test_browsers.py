"""Browsers that are started with an address: how guests in them report and end, whoever ends them.

The guests are small scripts in place of a build's `python.js`. They report as the interpreter's worker does.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import wasmtime
from playwright.sync_api import Error, Page, sync_playwright

from harness.build.stage import pack
from harness.guests.adapter import GuestRun, Lent
from harness.guests.guest_files import Preopen
from harness.guests.runtimes.browser import Browser, InPage
from harness.guests.runtimes.ends import TRAPPED
from harness.guests.runtimes.manual import Manual
from harness.machine.process import base_environment
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


class Guest:
    """A guest in a browser: the process of the harness that serves it, and what it left."""

    def __init__(
        self, browser: InPage, script: str, directory: Path, program: str = "python.js", lent: Lent | None = None
    ) -> None:
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
            lent=lent,
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
            pass_fds=command.descriptors,
        )
        self.companion = psutil.Process(command.companion) if command.companion else self.process

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

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, 9)
        self.process.communicate(timeout=WAIT)

    def tabs(self) -> list[psutil.Process]:
        """The processes that run pages."""
        found = []
        for process in self.companion.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                words = process.cmdline()
                if "--type=renderer" in words or ("-contentproc" in words and words[-1] == "tab"):
                    found.append(process)
        return found


@pytest.fixture
def guests(each_browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Guest]]:
    """Starts guests; what is left of them is killed at the end."""
    started: list[Guest] = []

    def start(script: str, program: str = "python.js") -> Guest:
        started.append(Guest(each_browser, script, tmp_path / f"guest{len(started)}", program))
        return started[-1]

    yield start
    for guest in started:
        guest.kill()


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
def test_traps_are_told_apart(guests: Start, each_browser: Browser, function: str, meaning: str) -> None:
    code = f"new WebAssembly.Module(new Uint8Array({list(wasmtime.wat2wasm(TRAPS))}))"
    status, output = guests(f"new WebAssembly.Instance({code}).exports.{function}();").end()
    assert (each_browser.describe_end(status, output), output) == (f"the guest ended with {meaning}", output)


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
    command = min(guest.process.children(), key=psutil.Process.create_time)  # the others are orphans of it
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
