"""Probes in real guests: what each saw, and that a probe that hangs or ends its guest affects no other."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.build.watcher import Silent
from harness.cells.prepare import Prepared, PrepareOptions, Preparer
from harness.guests.probing import run_page_probe, run_probes
from harness.guests.runtimes.choose import choose_adapter
from harness.guests.settings import Limits
from harness.machine.store import Store
from matrix.expand import expand
from matrix.limitations import Limitations, State
from matrix.load import load
from matrix.resolve import resolve
from matrix.select import Selection, select
from tests.integration.conftest import REAL_ENVIRONMENT, TOP, browser_of, real_store

pytestmark = pytest.mark.integration

SCRIPTS = {
    "works": 'print(\'{"holds": false, "saw": "it works"}\')',
    "raises": "1 / 0",
    "hangs": 'print(\'{"holds": null, "saw": "about to hang"}\')\nwhile True: pass',
    "silent": "pass",
    "ends": 'import os\nprint(\'{"holds": true, "saw": "abort"}\')\nos.abort()',
    "ends-silently": "import os\nos.abort()",
    "prints": "print('what is this?')",
    "exits": "import sys\nsys.exit(3)",
    "leaves-files": "import os\nopen('a', 'w').close()\nprint('{\"holds\": false, \"saw\": \"%s\"}' % os.listdir())",
    "asks": 'import time\nprint(\'{"holds": true, "saw": "asked", "send": "SIGTERM"}\')\ntime.sleep(600)',
    "sees-none": 'import os\nprint(\'{"holds": false, "saw": "%s"}\' % os.listdir())',
}

OF_THE_HOST = {"filesystem-host-dependent", "file-times-in-nanoseconds"}
"""what they see is the host's file system's, too"""


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    matrix = load()
    (cell,) = select(expand(matrix), Selection(target=("wasi",)))
    preparer = Preparer(real_store(), PrepareOptions(jobs=2), Silent(), print)
    return preparer.prepare(resolve(matrix, cell), Limits(seconds=5.0))


def test_each_probe_is_judged_by_what_it_printed(prepared: Prepared, tmp_path: Path) -> None:
    scripts = {}
    for name, text in SCRIPTS.items():
        scripts[name] = tmp_path / f"{name}.py"
        scripts[name].write_text(text)
    runtime = choose_adapter(prepared.cell.runtime, prepared.runtime, prepared.settings.runtime_flags)
    settings = replace(prepared.settings, limits=Limits(seconds=5.0))

    found = run_probes(scripts, settings, runtime, real_store())

    assert [one.limitation for one in found] == list(SCRIPTS)
    saw = {one.limitation: (one.state, one.saw) for one in found}
    assert saw["works"] == (State.LIFTED, "it works")
    assert saw["raises"][0] is State.BROKEN
    assert "ZeroDivisionError" in saw["raises"][1]
    assert saw["hangs"][0] is State.CANNOT_BE_TRIED
    assert "about to hang: no test ended for 5 s" in saw["hangs"][1]
    assert saw["silent"] == (State.BROKEN, "it said nothing")
    assert saw["ends"][0] is State.HOLDS
    assert saw["ends"][1].startswith("abort: the guest ended with a trap")
    assert saw["ends-silently"][0] is State.BROKEN
    assert saw["prints"][0] is State.BROKEN
    assert "SystemExit: 3" in saw["exits"][1]
    assert saw["asks"] == (State.HOLDS, "asked: the guest ended with signal SIGTERM")
    assert saw["leaves-files"] == (State.LIFTED, "['a']")
    assert saw["sees-none"] == (State.LIFTED, "[]")


def test_the_command_writes_the_matrix_and_agrees_with_the_list(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harness", "probe", "--target", "wasi", "--out", str(tmp_path)]
    done = subprocess.run(
        command, cwd=TOP, env=REAL_ENVIRONMENT, capture_output=True, text=True, timeout=1800, check=False
    )
    squares = json.loads(next(tmp_path.glob("*/probes.json")).read_text())["squares"]
    wrong = {one["limitation"] for one in squares if one["wrong"]}
    assert done.returncode == int(bool(wrong)), done.stdout + done.stderr
    assert wrong <= OF_THE_HOST, done.stdout
    probes = Limitations.load().probes()
    assert {one["limitation"] for one in squares} == probes.keys()
    assert {one["state"] for one in squares} <= {"holds", "lifted", "partly", "cannot be tried"}
    matrix = next(tmp_path.glob("*/limitations.md")).read_text()
    assert all(f"### {name}" in matrix for name in probes)
    assert not (tmp_path / "latest").exists()  # which names the last run of a suite


def test_a_limitation_without_a_probe_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harness", "probe", "no-frok", "--target", "wasi", "--out", str(tmp_path)]
    done = subprocess.run(
        command, cwd=TOP, env=REAL_ENVIRONMENT, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 2
    assert "no limitation 'no-frok' has a probe" in done.stderr
    assert "no-fork" in done.stderr


# --- page probes

PAGE = "<title>a page</title><script src='https://example.invalid/widget.js' crossorigin></script>"
WIDGET = "async (path) => String((await openFrame(path)).widget)"
PAGE_PROBES = {
    "isolated": "with open_page() as page:\n        saw = page.evaluate('() => String(crossOriginIsolated)')",
    "plain": "with open_page(isolated=False) as page:\n"
    "        saw = page.evaluate('() => String(crossOriginIsolated)')",
    "alone": f"with open_page() as page:\n        saw = page.evaluate('{WIDGET}', 'page.html')",
    "instead": "with open_page(instead={'/page.html': '<script>var widget = 1</script>'}) as page:\n"
    f"        saw = page.evaluate('{WIDGET}', 'page.html')",
    "again": "with open_page() as page:\n"
    "        page.evaluate('() => { globalThis.left = 1 }')\n"
    "        page.reload()\n"
    "        saw = page.evaluate('() => typeof left')",
    "errors": "with open_page() as page:\n        saw = page.evaluate('() => nothing()')",
    "files": "saw = (assets / 'page.html').read_text()[:7]",
    "raises": "1 / 0",
    "hangs": "while True: pass",
}


def test_a_page_probe_opens_served_pages_and_nothing_else(tmp_path: Path, chromium: str) -> None:
    (tmp_path / "build").mkdir()
    (tmp_path / "build/page.html").write_text(PAGE)
    browser, store = browser_of("chromium", chromium), Store(tmp_path / "cache")
    found = {}
    for name, body in PAGE_PROBES.items():
        script = tmp_path / "pages" / f"{name}.py"
        script.parent.mkdir(exist_ok=True)
        script.write_text(f"def probe(open_page, assets):\n    {body}\n    return {{'holds': True, 'saw': saw}}\n")
        found[name] = run_page_probe(name, script, tmp_path / "build", Limits(seconds=20.0), browser, store)

    assert {name: one.saw for name, one in found.items() if one.state is State.HOLDS} == {
        "isolated": "true",
        "plain": "false",
        "alone": "undefined",
        "instead": "1",
        "again": "undefined",
        "files": "<title>",
    }
    assert found["raises"].state is found["hangs"].state is found["errors"].state is State.BROKEN
    assert "nothing is not defined" in found["errors"].saw
    assert "ZeroDivisionError" in found["raises"].saw
    assert found["hangs"].saw.startswith("it was ended after 20 s")
