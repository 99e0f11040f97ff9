from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.guests.adapter import GuestRun
from harness.guests.guest_files import MEMORY_EVENTS, MEMORY_WORK, GuestFiles, Preopen
from harness.guests.runtimes.browser import PAGES, Browser, repl_files
from harness.guests.runtimes.browser_specs import BrowserHostSpec, BrowserStart, PageProbe, WorkerSpec
from harness.guests.runtimes.choose import choose_adapter
from harness.guests.runtimes.ends import FAULT, TRAPPED
from harness.guests.runtimes.manual import Manual
from harness.machine.http_server import Site
from harness.machine.store import Store
from harness.provide.by_hand import ADDRESS, ByHand
from harness.provide.provider import Obtained, silently
from matrix import json_records
from matrix.browsers import BrowserLine
from matrix.model import Runtime, RuntimeKind

CHROMIUM = Path("/nowhere/a browser/chromium")
LINE = BrowserLine(
    commands=("chromium",),
    run=("--headless", "--user-data-dir={profile}", "{url}"),
    as_root=("--no-sandbox",),
    says="^Chromium ",
    debian="chromium",
    environment={"NO_REPORTS": "1"},
    preferences={"quiet": True, "wait.seconds": 0, "home": 'a "page"'},
)
BROWSER = Browser(CHROMIUM, LINE, ("WebAssembly.promising",))
TREE = Path("/nowhere/guest")
RUN = GuestRun(
    wasm=Path("/nowhere/build/python.wasm"),
    wasm_digest="the wasm",
    argv=("/cross-build/host/python.js", "-u", "-W", "default", "/driver.py", "/plan.json"),
    env={"PYTHONPATH": "/usr/local/lib/python3.11"},
    preopens=(Preopen(host=TREE, guest="/"),),
    wasm_stack=0,
    memory_limit=2 << 30,
)


@pytest.fixture
def place(tmp_path: Path) -> GuestFiles:
    """The files of a guest, as `harness.suite.batch` lays them out."""
    place = BROWSER.lay_out(TREE, "/cross-build/host", tmp_path)
    (place.root / "driver.py").write_text("print('é')\n", "utf-8")
    (place.root / "plan.json").write_text("{}")
    return place


def spec(directory: Path, run: GuestRun = RUN) -> BrowserHostSpec:
    """What the host of the tab is told."""
    command = BROWSER.command(run, run.wasm, directory)
    return json_records.decode(command.argv[-1].encode(), BrowserHostSpec)


# --- the command


def test_a_page_probe_is_a_process_beside_the_browser(tmp_path: Path) -> None:
    command = BROWSER.page_probe(Path("/nowhere/probe.py"), Path("/nowhere/build"), tmp_path)
    assert command.argv[:3] == (sys.executable, "-m", "harness.guests.runtimes.page_prober")
    told = json_records.decode(command.argv[3].encode(), PageProbe)
    assert (told.browser.argv[0], told.script, told.assets) == (
        str(CHROMIUM),
        Path("/nowhere/probe.py"),
        Path("/nowhere/build"),
    )
    assert command.env["HOME"] == str(tmp_path)


@pytest.mark.usefixtures("place")
def test_a_guest_has_a_process_of_the_same_python(tmp_path: Path) -> None:
    argv = BROWSER.command(RUN, RUN.wasm, tmp_path).argv
    assert argv[:3] == (sys.executable, "-m", "harness.guests.runtimes.browser_host")
    assert len(argv) == 4


@pytest.mark.usefixtures("place")
def test_the_process_finds_the_harness_and_keeps_its_files_in_the_guests_directory(tmp_path: Path) -> None:
    env = BROWSER.command(RUN, RUN.wasm, tmp_path).env
    assert (Path(env["PYTHONPATH"]) / "harness/guests/runtimes/browser_host.py").is_file()
    assert env["HOME"] == str(tmp_path)


def test_the_host_gets_what_to_serve_and_where_to_write_events(tmp_path: Path, place: GuestFiles) -> None:
    found = spec(tmp_path)
    assert (found.assets, found.tree) == (Path("/nowhere/build"), TREE)
    assert (found.told, found.events) == (tmp_path / "told.json", place.events)


@pytest.mark.usefixtures("place")
def test_the_host_gets_how_the_browser_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    profile = tmp_path / "profile"
    assert spec(tmp_path).browser == BrowserStart(
        argv=(str(CHROMIUM), "--headless", f"--user-data-dir={profile}", "{url}"),
        env={"NO_REPORTS": "1"},
        profile=profile,
        user_js='user_pref("quiet", true);\nuser_pref("wait.seconds", 0);\nuser_pref("home", "a \\"page\\"");\n',
    )


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(("user", "more"), [(0, ("--no-sandbox",)), (1000, ())])
def test_root_has_more_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, more: tuple[str, ...]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    start = spec(tmp_path).browser
    assert start is not None
    assert start.argv[1:-3] == more


# --- what the worker is told


def told(directory: Path, **changes: Any) -> WorkerSpec:
    return json_records.decode(spec(directory, replace(RUN, **changes)).told.read_bytes(), WorkerSpec)


@pytest.mark.usefixtures("place")
def test_the_worker_gets_the_command_line_without_the_program(tmp_path: Path) -> None:
    assert told(tmp_path).arguments == ("-u", "-W", "default", "/driver.py", "/plan.json")


@pytest.mark.usefixtures("place")
def test_the_worker_gets_the_paths_of_program_work_and_events(tmp_path: Path) -> None:
    found = told(tmp_path)
    assert found.program == "/cross-build/host/python.js"
    assert (found.work, found.events) == (MEMORY_WORK, MEMORY_EVENTS)


def test_the_worker_gets_the_same_paths_as_the_driver(tmp_path: Path, place: GuestFiles) -> None:
    found = told(tmp_path)
    assert (found.work, found.events) == (place.guest_work, place.guest_events)


def test_the_worker_gets_the_drivers_files_where_the_command_line_names_them(tmp_path: Path, place: GuestFiles) -> None:
    found = told(tmp_path)
    assert found.files == {"/driver.py": "print('é')\n", "/plan.json": "{}"}
    assert set(found.files) == {f"{place.guest_root}{path.name}" for path in place.root.iterdir()}
    assert set(found.files) <= set(found.arguments)


@pytest.mark.usefixtures("place")
def test_the_worker_gets_the_guests_memory_limit(tmp_path: Path) -> None:
    assert told(tmp_path, memory_limit=64 << 20).memory == 64 << 20


def test_the_worker_gets_what_to_do_without(tmp_path: Path, place: GuestFiles, by_hand: Manual) -> None:
    assert told(tmp_path).without == ("WebAssembly.promising",)
    command = by_hand.command(RUN, RUN.wasm, tmp_path)
    found = json_records.decode(command.argv[-1].encode(), BrowserHostSpec)
    assert json_records.decode(found.told.read_bytes(), WorkerSpec).without == ()


@pytest.mark.usefixtures("place")
def test_the_worker_reads_every_key_that_it_gets(tmp_path: Path) -> None:
    document = json.loads(spec(tmp_path).told.read_bytes())
    script = (PAGES / "suite.worker.js").read_text("utf-8")
    assert document.keys() == {"program", "work", "events", "arguments", "files", "memory", "without"}
    for key in document:
        assert f"told.{key}" in script


OWN = ("suite.html", "suite.js", "suite.worker.js", "report.js", "archive.js", "probe.html", "evaluate.js")


@pytest.mark.parametrize("name", OWN)
def test_the_pages_are_there(name: str) -> None:
    assert (PAGES / name).is_file()


# --- the rest of an adapter


def test_the_browser_compiles_the_module_itself(store: Store) -> None:
    assert BROWSER.compile(RUN, store) == RUN.wasm


def test_a_guest_in_memory_cannot_write_to_shared_files() -> None:
    assert BROWSER.confines_writes


def test_the_adapter_starts_the_browser_that_was_found(tmp_path: Path) -> None:
    runtime = Runtime(
        name="chromium", version="installed", kind=RuntimeKind.BROWSER, browser=LINE, without=("Atomics.wait",)
    )
    obtained = Obtained(path=CHROMIUM, provider="PATH", detail="chromium 1.2.3", digest="")
    found = choose_adapter(runtime, obtained)
    found.lay_out(TREE, "/cross-build/host", tmp_path)
    command = found.command(RUN, RUN.wasm, tmp_path)
    spec = json_records.decode(command.argv[-1].encode(), BrowserHostSpec)
    assert spec.browser is not None
    assert spec.browser.argv[0] == str(CHROMIUM)
    assert json_records.decode(spec.told.read_bytes(), WorkerSpec).without == ("Atomics.wait",)


# --- how a guest ended


def ended(code: int, output: str) -> str:
    return BROWSER.describe_end(code, output)


def test_the_end_of_the_output_tells_why_a_browser_does_not_start() -> None:
    said = ended(FAULT, "x" * 3000 + "\nthe browser does not start: no such file\n")
    assert said.startswith("the browser could not be used: ")
    assert said.endswith("the browser does not start: no such file")
    assert len(said) < 2100


@pytest.mark.parametrize(
    ("output", "meaning"),
    [
        ("RangeError: Maximum call stack size exceeded\n", "JavaScript's stack overflowed"),
        ("Uncaught RuntimeError: unreachable\n", "a trap: unreachable code was reached"),
        ("RuntimeError: memory access out of bounds\n", "a trap: memory access out of bounds"),
        ("Aborted(native code called abort())\n", "an abort"),
        ("RuntimeError: null function\n", "a trap: a bad call"),
        ("RuntimeError: indirect call signature mismatch\n", "a trap: a bad call"),
        ("RuntimeError: unreachable executed\n", "a trap: unreachable code was reached"),
        ("RuntimeError: index out of bounds\n", "a trap: memory access out of bounds"),
        ("RuntimeError: integer divide by zero\n", "a trap: bad arithmetic"),
        ("too much recursion\n", "JavaScript's stack overflowed"),
        ("Aborted(OOM)\n", "it ran out of memory"),
    ],
)
def test_an_end_that_v8_or_emscripten_reports_is_described(output: str, meaning: str) -> None:
    assert ended(TRAPPED, f"test_one ... ok\n{output}") == f"the guest ended with {meaning}"


@pytest.mark.parametrize("said", ["the tab crashed", "the tab was closed", "the browser ended with signal SIGKILL"])
def test_an_end_of_the_browser_is_told(said: str) -> None:
    assert ended(TRAPPED, f"RuntimeError: unreachable, said a test\n{said}\n") == said
    assert ended(1, f"{said}\n") == "the guest ended with exit status 1"
    assert ended(TRAPPED, f"{said}\nand more\n") == "the guest ended with exit status 134"


@pytest.mark.parametrize(
    ("code", "output", "meaning"),
    [
        (1, "", "exit status 1"),
        (TRAPPED, "", "exit status 134"),
        (-9, "", "signal SIGKILL"),
    ],
)
def test_any_other_end_is_described_by_its_exit_status(code: int, output: str, meaning: str) -> None:
    assert ended(code, output) == f"the guest ended with {meaning}"


@given(st.integers(-64, 255).filter(bool), st.text())
def test_every_end_is_described(code: int, output: str) -> None:
    assert ended(code, output).startswith(("the guest ended with ", "the browser could not be used: "))


# --- a page that a person opens


@pytest.fixture
def by_hand(tmp_path: Path) -> Manual:
    """The adapter of a page at some address."""
    file = tmp_path / "by-hand.txt"
    file.write_text("http://127.0.0.1:8400/a-token/suite.html\n")
    return Manual(file)


def test_a_person_is_asked_to_open_the_address(by_hand: Manual) -> None:
    assert by_hand.asks.startswith("open http://127.0.0.1:8400/a-token/suite.html in a browser")


@pytest.mark.usefixtures("place")
def test_the_server_of_a_page_that_a_person_opens_has_its_address(tmp_path: Path, by_hand: Manual) -> None:
    command = by_hand.command(RUN, RUN.wasm, tmp_path)
    found = json_records.decode(command.argv[-1].encode(), BrowserHostSpec)
    assert (found.browser, found.port, found.token) == (None, 8400, "a-token")
    assert (spec(tmp_path).port, spec(tmp_path).token) == (0, "")


def test_a_page_that_a_person_opens_has_the_address_of_this_run(store: Store) -> None:
    found = ByHand().obtain(store, silently)
    assert found == ByHand().cached(store)
    assert found.path.read_text() == f"{ADDRESS}\n"
    assert found.path.stat().st_mode & 0o077 == 0


def test_a_page_that_nobody_opens_is_told(tmp_path: Path, by_hand: Manual) -> None:
    assert by_hand.describe_silence(tmp_path) == "nobody opened the page"


# --- a guest that says nothing


def test_a_browser_that_opens_no_page_shows_what_it_printed(tmp_path: Path) -> None:
    assert BROWSER.describe_silence(tmp_path) == "the browser did not open the page"
    BROWSER.start(tmp_path).log.write_text("x" * 3000 + "\nthere is no display\n")
    said = BROWSER.describe_silence(tmp_path)
    assert said.startswith("the browser did not open the page\nx")
    assert said.endswith("x\nthere is no display")
    assert len(said) < 2100


@pytest.mark.usefixtures("place")
def test_a_page_that_was_opened_is_told_from_one_that_was_not(tmp_path: Path, by_hand: Manual) -> None:
    spec(tmp_path).opened.touch()
    for adapter in (BROWSER, by_hand):
        assert adapter.describe_silence(tmp_path) == "the page was opened, but its interpreter said nothing"


# --- the REPL's page


def test_a_build_has_its_own_worker_for_the_repl_or_ours(tmp_path: Path) -> None:
    assets = tmp_path / "cross-build/host"
    assets.mkdir(parents=True)
    files = repl_files(assets)
    assert files["/"] == assets
    assert files["/python.worker.js"] == PAGES / "repl.worker.js"
    assert files["/archive.json"] == tmp_path / "guest/archive.json"
    assert all(path.is_file() for path in files.values() if path.is_relative_to(PAGES))
    (assets / "python.worker.js").write_text("")
    assert repl_files(assets) == {"/": assets, "/repl.html": PAGES / "repl.html", "/repl.js": PAGES / "repl.js"}


def test_upstreams_examples_have_what_the_build_made_and_what_only_the_sources_have(tmp_path: Path) -> None:
    assets, home = tmp_path / "cross-build/host", tmp_path / "Tools/wasm/emscripten"
    for name in ("web_example", "web_example_new"):
        (home / name).mkdir(parents=True)
        for file in ("index.html", "python.worker.mjs"):
            (home / name / file).write_text("a source")
    (assets / "web_example").mkdir(parents=True)
    (assets / "web_example/index.html").write_text("made")
    site = Site(repl_files(assets))
    assert site.file("/web_example/index.html") == assets / "web_example/index.html"
    assert site.file("/web_example/python.worker.mjs") == home / "web_example/python.worker.mjs"
    assert site.file("/web_example_new/index.html") is None  # no build made it
