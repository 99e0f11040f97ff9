"""The Emscripten targets: real builds, Node, a real Chromium, a real Firefox.

The builds are those of the default cells, in the user's cache; from an empty one they take some minutes.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace
from playwright.sync_api import Error as DrivingError
from playwright.sync_api import expect, sync_playwright
from rich.console import Console

from harness.build.recipes.layout import guest_tree
from harness.build.watcher import Silent
from harness.cells.prepare import PrepareOptions, Preparer
from harness.commands.test import TEST, request_of
from harness.guests.adapter import GuestRun
from harness.guests.guest_files import Preopen
from harness.guests.probing import run_page_probe
from harness.guests.runtimes import browser_host, confine
from harness.guests.runtimes.choose import choose_adapter
from harness.guests.settings import Limits
from harness.machine.guest_process import GuestProcess
from harness.machine.hashing import file_sha256
from harness.runs.one_by_one import test_cells as run_cells
from harness.runs.records import StartedRun
from harness.runs.worker import CellWorker
from matrix.expand import expand
from matrix.limitations import Limitations
from matrix.load import load
from matrix.outcome import Status
from matrix.resolve import resolve
from matrix.select import select
from tests.integration import relaid
from tests.integration.conftest import (
    REAL_ENVIRONMENT,
    TOP,
    Harness,
    browser_of,
    harness_command,
    launched,
    outcomes,
    real_store,
    summary,
)
from tests.integration.test_toolchain_directory import emscripten_tree

NODE_CELL = "node_emscripten-3.1.69_cpython-3.11.2_node-20.18.0"


# --- Node


def test_node_build_is_green_and_a_crash_affects_no_other_test(harness: Harness, tmp_path: Path) -> None:
    done = harness("test", "--target", "node", "test_json", "test_struct", "test_typing")
    assert done.returncode == 0, done.stdout + done.stderr
    seen = outcomes(tmp_path)
    recursion = seen.pop("test.test_typing.ForwardRefTests.test_forward_recursion_actually")
    assert recursion.status is Status.CRASHED
    assert recursion.detail == "the guest ended with JavaScript's stack overflowed"
    assert {outcome.status for outcome in seen.values()} == {Status.PASSED, Status.SKIPPED}
    assert sum(name.startswith("test.test_typing.") for name in seen) > 500
    (cell,) = summary(tmp_path)["cells"]
    assert (cell["verdicts"]["known"], cell["unattributed_skips"]) == (1, 0)


def test_the_same_build_under_another_node(harness: Harness, tmp_path: Path) -> None:
    done = harness("test", "--target", "node", "--runtime", "node-20.18.0", "--runtime", "node-24.19.0", "test_struct")
    assert done.returncode == 0, done.stdout + done.stderr
    document = summary(tmp_path)
    assert [cell["runtime"]["version"] for cell in document["cells"]] == ["20.18.0", "24.19.0"]
    (comparison,) = document["comparisons"]
    assert comparison["tests"] > 10
    assert comparison["differences"] == []
    assert document["cells"][1]["durations_s"]["build"] < 5


# --- what is not available does not stop other cells


def test_an_llvm_that_does_not_fit_does_not_stop_other_cells(harness: Harness, tmp_path: Path) -> None:
    sdk = emscripten_tree(tmp_path / "emscripten-sdk", "echo clang version 17.0.1")
    (sdk / "emscripten/emscripten-version.txt").write_text('"3.1.70"\n')
    done = harness("test", "--target", "node", "--sdk", str(sdk), "--sdk", "3.1.69", "test_bool")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "this Emscripten wants LLVM 19, but its clang is from LLVM 17" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    states = {cell["sdk"]["version"]: cell["status"] for cell in summary(tmp_path)["cells"]}
    assert states["3.1.69"] == "ok"
    assert states.get("3.1.70", "unobtainable") == "unobtainable"


def test_an_unobtainable_port_does_not_stop_other_cells(harness: Harness, tmp_path: Path) -> None:
    assert harness("build", "--target", "wasi").returncode == 0  # so that this process has nothing to make
    known = load()
    missing = {port.name: replace(port, version="0.0", archive=None) for port in known.ports if port.name == "bzip2"}
    matrix = replace(known, ports=tuple(missing.get(port.name, port) for port in known.ports))
    words = ["--target", "node", "--target", "wasi", "test_bool", "--no-reuse", "-n", "1"]
    request = request_of(TEST.parse([*words, "--out", str(tmp_path / "out")]))
    cells = tuple(resolve(matrix, cell) for cell in select(expand(matrix), request.cells.selection))
    limitations, store, console = Limitations.load(), real_store(), Console(file=io.StringIO())
    preparer = Preparer(store, PrepareOptions(jobs=2), Silent(), print)
    worker = CellWorker(request, preparer, limitations, store, console)
    run = StartedRun(run_id="one", started="", request=request, cells=tuple(cell.id for cell in cells))
    assert run_cells(run, cells, worker, limitations, console) == 3
    node, wasi = sorted(summary(tmp_path)["cells"], key=lambda cell: cell["target"])
    assert (wasi["target"], wasi["status"]) == ("wasi", "ok")
    assert (node["target"], node["status"]) == ("node", "unobtainable")
    assert "port-bzip2-0.0 is not available here" in node["reason"]


def guest(tmp_path: Path, code: str, memory_limit: int = 1 << 30) -> tuple[int, str]:
    """Exit status and output of a guest of the default node build that runs some code."""
    matrix = load()
    (cell,) = (resolve(matrix, cell) for cell in expand(matrix).cells if cell.id == NODE_CELL)
    preparer = Preparer(real_store(), PrepareOptions(jobs=2), Silent(), print)
    build = preparer.build(cell)
    directory = build.parents[1]
    program = guest_tree(directory) / build.relative_to(directory) / "python.js"
    node = preparer.provide(cell, cell.runtime.id)
    runtime = choose_adapter(cell.runtime, node)
    allowed = tmp_path / "allowed"
    allowed.mkdir(exist_ok=True)
    run = GuestRun(
        wasm=program.with_suffix(".wasm"),
        wasm_digest=file_sha256(program.with_suffix(".wasm")),
        argv=(str(program), "-c", code),
        env={},
        preopens=(Preopen(host=allowed, guest=str(allowed), writable=True),),
        wasm_stack=0,
        memory_limit=memory_limit,
    )
    command = runtime.command(run, runtime.compile(run, real_store()), tmp_path)
    process = GuestProcess(command.argv, env=dict(os.environ), cwd=allowed, output_limit=1 << 20)
    status = process.wait(120)
    process.kill()
    assert status is not None
    return status, process.output


@pytest.mark.skipif(confine.version() == 0, reason="this kernel has no Landlock")
def test_a_guest_can_write_to_its_own_directories_only(tmp_path: Path) -> None:
    status, output = guest(tmp_path, "open('own', 'w').write('mine')")
    assert (status, output) == (0, "")
    assert (tmp_path / "allowed/own").read_text() == "mine"
    (tmp_path / "other").write_text("yours")
    for deed in (f"open({str(tmp_path / 'other')!r}, 'w')", f"import os; os.unlink({str(tmp_path / 'other')!r})"):
        status, output = guest(tmp_path, deed)
        assert status == 1
        assert "PermissionError" in output
    assert (tmp_path / "other").read_text() == "yours"


def test_a_guests_memory_is_limited(tmp_path: Path) -> None:
    eat = "eaten = []\nwhile True: eaten.append(bytearray(1 << 22))"
    status, output = guest(tmp_path, eat, memory_limit=256 << 20)
    assert status == 1
    assert "MemoryError" in output


def test_v8s_code_is_kept_and_compiled_again_when_it_is_damaged(tmp_path: Path) -> None:
    guest(tmp_path, "pass")
    store = real_store()
    matrix = load()
    (cell,) = (resolve(matrix, cell) for cell in expand(matrix).cells if cell.id == NODE_CELL)
    kept = Preparer(store, PrepareOptions(jobs=2), Silent(), print).prepare(cell, Limits()).settings.compiled
    assert kept.suffix == ".code"
    whole = kept.read_bytes()
    assert len(whole) > 5 << 20
    kept.write_bytes(whole[:5000000] + b"damaged" + whole[5000007:])
    again = Preparer(store, PrepareOptions(jobs=2), Silent(), print).prepare(cell, Limits()).settings.compiled
    assert again == kept
    assert kept.stat().st_size == pytest.approx(len(whole), rel=0.01)


# --- a browser


BOTH = ("--target", "browser", "--runtime", "chromium", "--runtime", "firefox")


@pytest.mark.usefixtures("chromium", "firefox")
def test_browser_build_is_green_in_both_browsers(harness: Harness, tmp_path: Path) -> None:
    done = harness("test", *BOTH, "test_json", "test_struct", "test_bool")
    assert done.returncode == 0, done.stdout + done.stderr
    seen = outcomes(tmp_path)
    assert {outcome.status for outcome in seen.values()} == {Status.PASSED, Status.SKIPPED}
    assert sum(outcome.status is Status.PASSED for outcome in seen.values()) > 150
    document = summary(tmp_path)
    in_chromium, in_firefox = sorted(document["cells"], key=lambda cell: cell["runtime"]["name"])
    assert in_chromium["unattributed_skips"] == in_firefox["unattributed_skips"] == 0
    assert re.match(r"chromium \d+\.", in_chromium["runtime"]["detail"])
    assert re.match(r"firefox\S* \d+\.", in_firefox["runtime"]["detail"])
    (comparison,) = document["comparisons"]
    assert comparison["tests"] > 150
    assert comparison["differences"] == []


@pytest.fixture(scope="module")
def one_build(cpython_source: Path) -> Path:
    """A tree whose Emscripten build is for all targets, as from CPython 3.14 on."""
    return relaid.as_314_for_emscripten(cpython_source, real_store().root / "state/home/3.14")


SHARED = "test.test_importlib.extension.test_loader.Source_MultiPhaseExtensionModuleTests"
"""tests that load a shared module"""
JSPI = ("chromium", "chromium-no-jspi", "firefox", "firefox-no-jspi")


@pytest.mark.usefixtures("chromium", "firefox")
def test_the_one_build_of_314_is_green_in_both_browsers(harness: Harness, tmp_path: Path, one_build: Path) -> None:
    runtimes = [word for name in JSPI for word in ("--runtime", name)]
    cells = ("--target", "browser", "--cpython", str(one_build), "--sdk", "6.0.5", *runtimes)
    done = harness("test", *cells, "test_struct", "test_textwrap", SHARED)
    assert done.returncode == 0, done.stdout + done.stderr
    seen = outcomes(tmp_path)
    assert seen[f"{SHARED}.test_functionality"].status is Status.PASSED
    assert {outcome.status for outcome in seen.values()} == {Status.PASSED, Status.SKIPPED}
    document = summary(tmp_path)
    assert [cell["runtime"]["name"] for cell in document["cells"]] == list(JSPI)
    (comparison,) = document["comparisons"]
    assert comparison["tests"] > 100
    assert comparison["differences"] == []


def test_a_tab_that_is_killed_is_replaced_and_the_right_test_named(tmp_path: Path, chromium: str) -> None:
    command = harness_command(tmp_path, "test", "--target", "browser", "--isolate", "test_struct")
    running = psutil.Popen(command, cwd=TOP, env=REAL_ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    killed = ""
    while running.poll() is None and not killed:
        killed = kill_tab_in_a_test(running)
        time.sleep(0.01)
    output, _ = running.communicate(timeout=1800)
    assert running.returncode == 1, output
    seen = outcomes(tmp_path)
    (crashed,) = (outcome for outcome in seen.values() if outcome.status is Status.CRASHED)
    assert (crashed.test, crashed.detail) == (killed, "the tab crashed")
    others = [outcome.status for outcome in seen.values() if outcome is not crashed]
    assert len(others) > 20
    assert set(others) == {Status.PASSED, Status.SKIPPED}


def kill_tab_in_a_test(run: psutil.Popen) -> str:
    """Kill the tab of a run's guest, if it is in a test and not between two. Returns that test's name, or ""."""
    with contextlib.suppress(psutil.Error, OSError):
        family = run.children(recursive=True)
        specs = [words[-1] for words in (one.cmdline() for one in family) if f"{browser_host.__name__}" in words]
        tabs = [process for process in family if "--type=renderer" in process.cmdline()]
        events = Path(json.loads(specs[0])["events"]) if specs else Path("/nowhere")
        if events.read_text().count('"event":"start"') < 3:
            return ""
        for tab in tabs:
            tab.suspend()
        time.sleep(1)  # what the tab has sent arrives
        last = json.loads(events.read_text().splitlines()[-1])
        for tab in tabs:
            tab.kill() if last["event"] == "start" else tab.resume()
        return str(last["test"]) if last["event"] == "start" else ""
    return ""


@pytest.mark.usefixtures("chromium", "firefox")
def test_page_probes_agree_with_the_list(harness: Harness, tmp_path: Path) -> None:
    names = ("browser-shell-limited", "memfs-not-persistent", "repl-needs-cross-origin-isolation")
    done = harness("probe", *names, "no-keyboard-interrupt", *BOTH)
    assert done.returncode == 0, done.stdout + done.stderr
    squares = json.loads(next(tmp_path.glob("out/*/probes.json")).read_text())["squares"]
    assert len(squares) == 8
    assert {(one["limitation"], one["state"]) for one in squares} == {
        ("browser-shell-limited", "partly"),
        ("memfs-not-persistent", "holds"),
        ("repl-needs-cross-origin-isolation", "holds"),
        ("no-keyboard-interrupt", "cannot be tried"),
    }


@pytest.fixture
def served() -> Iterator[str]:
    """The address of the REPL page of the browser build."""
    command = [sys.executable, "-m", "harness", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=TOP, env=REAL_ENVIRONMENT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        addresses = (re.match(r"http://\S+/repl\.html", line) for line in process.stdout)
        yield next(match[0] for match in addresses if match)
        process.terminate()


def test_the_repl_answers(served: str, chromium: str, tmp_path: Path) -> None:
    with sync_playwright() as playwright:
        browser = launched(playwright, chromium)
        page = browser.new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text))
        page.goto(served)
        line, output = page.locator("#line"), page.locator("#output")
        for typed, answer in (("6 * 7", "\n42\n"), ("print('é' * 3)", "\nééé\n"), ("1 / 0", "ZeroDivisionError")):
            expect(line).to_be_visible(timeout=60_000)
            line.fill(typed)
            line.press("Enter")
            expect(output).to_contain_text(answer.strip(), timeout=30_000)
            assert answer in output.inner_text()
        assert problems == []
        browser.close()


def test_a_page_that_a_person_opens_once_runs_all_guests(tmp_path: Path, chromium: str) -> None:
    words = ("--target", "browser", "--runtime", "manual", "--isolate", "test_bool", "test_struct")
    command = harness_command(tmp_path, "test", *words)
    with (
        subprocess.Popen(command, cwd=TOP, env=REAL_ENVIRONMENT, stdout=subprocess.PIPE, text=True) as running,
        sync_playwright() as playwright,
    ):
        assert running.stdout is not None
        asked = (re.search(r"open (http://127\.0\.0\.1:\d+/\S+) in a browser", line) for line in running.stdout)
        address = next(match[1] for match in asked if match)
        page = launched(playwright, chromium).new_page()
        while running.poll() is None:
            try:
                page.goto(address)
                break
            except DrivingError:
                time.sleep(1)  # the server is there as soon as the first guest is
        output = running.stdout.read()
        assert running.wait(1800) == 0, output
    seen = outcomes(tmp_path)
    assert {outcome.status for outcome in seen.values()} == {Status.PASSED, Status.SKIPPED}
    assert {name.split(".")[1] for name in seen} == {"test_bool", "test_struct"}


TYPE = """
async (typed) => {
  const { document } = await openFrame("repl.html");
  const line = document.getElementById("line"), output = document.getElementById("output");
  if (!await until(() => !line.hidden, 120)) return `no prompt: ${document.getElementById("state").textContent}`;
  line.value = typed;
  line.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
  await until(() => !line.hidden, 120);
  return output.textContent;
}
"""


@pytest.mark.parametrize("name", ["chromium", "firefox"])
@pytest.mark.parametrize("one", [False, True], ids=["for browsers", "for all targets"])
def test_the_repl_answers_in_each_browser(
    request: pytest.FixtureRequest, tmp_path: Path, harness: Harness, one_build: Path, name: str, one: bool
) -> None:
    done = harness("build", "--target", "browser", *(("--cpython", str(one_build), "--sdk", "6.0.5") if one else ()))
    built = re.search(r"built: (.+)/python\.wasm$", done.stdout, re.MULTILINE)
    assert built, done.stdout + done.stderr
    assets = Path(built[1])
    script = tmp_path / "type.py"
    script.write_text(
        f"def probe(open_page, assets):\n    with open_page() as page:\n"
        f"        return {{'holds': True, 'saw': page.evaluate({TYPE!r}, '6 * 7')}}\n"
    )
    browser = browser_of(name, str(request.getfixturevalue(name)))
    seen = run_page_probe("repl", script, assets, Limits(seconds=240.0), browser, real_store())
    assert "6 * 7\n42\n" in seen.saw


def test_a_missing_browser_is_reported(harness: Harness) -> None:
    done = harness("test", "--target", "browser", "test_bool", env={"CPYTHON_WASM_BROWSER": "no-such-browser"})
    assert done.returncode == 3, done.stdout + done.stderr
    assert "no-such-browser" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_port_in_use_is_reported(harness: Harness, chromium: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = harness("serve", "--port", str(port))
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"port {port} on 127.0.0.1 cannot be used" in done.stderr
    assert "--port" in done.stderr


# --- what is left out


def test_a_known_bad_sdk_is_left_out_unless_it_is_asked_for(harness: Harness) -> None:
    wanted = ("--target", "node", "--sdk", "emscripten-3.1.14", "--dry-run")
    done = harness("build", *wanted)
    assert done.returncode == 2
    assert "known bad: wasm_build.py refuses Emscripten 3.1.14" in done.stderr
    assert harness("build", *wanted, "--known-bad").returncode in (0, 3)  # 3 where it cannot be had
