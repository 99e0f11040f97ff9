"""Integration tests run the real thing: the user's cache, real toolchains, real guests."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from playwright.sync_api import Browser as DrivenBrowser
from playwright.sync_api import Page, Playwright, sync_playwright
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from harness.__main__ import COMMANDS
from harness.commands.command import flattened
from harness.guests.runtimes.browser import Browser
from harness.machine.store import CACHE_NAME, VARIABLE, Store
from harness.provide.items import cpython_providers
from harness.provide.obtain import obtain
from harness.suite.results import read_results
from matrix.load import load
from matrix.outcome import Outcome
from tests.integration.web import Web, serving

TOP = Path(__file__).parents[2]
REAL_ENVIRONMENT = dict(os.environ)
"""The environment of the test run: the user's, with the user's cache, so builds are shared with the main job."""
Harness = Callable[..., subprocess.CompletedProcess[str]]

BROKEN = {
    "test_bool": ("    def test_repr(self):\n", "        self.fail('made to fail')\n"),
    "test_textwrap": ("    def test_simple(self):\n", "        import os; os.abort()\n"),
    "test_colorsys": ("    def test_hsv_roundtrip(self):\n", "        while True: pass\n"),
    "test_contains": (
        "    def test_common_tests(self):\n",
        "        eaten = []\n        while True: eaten.append(bytearray(1 << 22))\n",
    ),
    "test_copy": ("    def test_exceptions(self):\n", "        for _ in range(1024): print('x' * (1 << 20))\n"),
}
"""Modules of CPython's suite: in each, the line that a test begins with and the body that it gets."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "integration" in item.path.parts:
            item.add_marker(pytest.mark.integration)


class ByFile(LoadFileScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """The tests of one file run in one process, and so do all files that use `broken_tree`: some of them change it."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "broken_tree" if Path(file).name in _SHARING else file


_SHARING = {path.name for path in Path(__file__).parent.glob("test_*.py") if "broken_tree" in path.read_text("utf-8")}


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile | None:
    # xdist_group would say it, but pytest-xdist 3.8.0 and pytest 9.2.0 do not agree on where a test's id is kept.
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    """`python -m harness` with arguments, its runs in `tmp_path / "out"`."""

    def run(
        *arguments: str, env: dict[str, str] | None = None, reuse: bool = False
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            harness_command(tmp_path, *arguments, reuse=reuse),
            cwd=TOP,
            env=REAL_ENVIRONMENT | (env or {}),
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )

    return run


def real_store() -> Store:
    """The store that the harness uses when it is started by `harness`."""
    return Store(Path(REAL_ENVIRONMENT.get(VARIABLE) or platformdirs.user_cache_path(CACHE_NAME)))


def without_builds(tmp_path: Path) -> dict[str, str]:
    """An environment whose cache has what the user's has provisioned, and nothing built."""
    real, cache = real_store().root, tmp_path / "cache-without-builds"
    cache.mkdir()
    for name in ("downloads", "entries", "locks"):
        (cache / name).symlink_to(real / name)
    return {VARIABLE: str(cache)}


def harness_command(tmp_path: Path, *arguments: str, reuse: bool = False) -> list[str]:
    """The command. Without `reuse`, and without `--again` among its arguments, nothing of an earlier run is reused."""
    taken = next(one for one in flattened(COMMANDS) if one.name == arguments[0]).parser().options()
    anew = ["--no-reuse"] if "--no-reuse" in taken and "--again" not in arguments and not reuse else []
    out = ["--out", str(tmp_path / "out")] if "--out" in taken else []
    return [sys.executable, "-m", "harness", *arguments, *anew, *out]


def summary(tmp_path: Path) -> Any:
    """The newest run's summary.json."""
    return json.loads((tmp_path / "out/latest/summary.json").read_text())


def outcomes(tmp_path: Path) -> dict[str, Outcome]:
    """The outcomes of the newest run, of all its cells, by test."""
    found: dict[str, Outcome] = {}
    for path in (tmp_path / "out/latest/cells").glob("*/outcomes.jsonl"):
        for result in read_results(path).values():
            found |= {outcome.test: outcome for outcome in result.outcomes}
    return found


@pytest.fixture(scope="module")
def server() -> Iterator[Web]:
    with serving() as web:
        yield web


@pytest.fixture
def web(server: Web) -> Web:
    """A web server that forgets everything between tests."""
    server.answers.clear()
    server.requests.clear()
    return server


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store. The test fails if it leaves anything unfinished there."""
    store = Store(tmp_path / "cache")
    yield store
    for place in ("downloads", "entries", "scratch"):
        assert not [path.name for path in (store.root / place).iterdir() if path.name.startswith(".")]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser that is installed."""
    found = shutil.which("chromium")
    if found is None:
        pytest.fail("there is no chromium on PATH (on Debian: apt-get install chromium)")
    return found


@pytest.fixture(scope="session")
def firefox() -> str:
    """Firefox as it is installed."""
    found = shutil.which("firefox-esr") or shutil.which("firefox")
    if found is None:
        pytest.fail("there is no firefox on PATH (on Debian: apt-get install firefox-esr)")
    return found


def launched(playwright: Playwright, executable: str) -> DrivenBrowser:
    """A Chromium for tests of pages. Its sandbox does not start as root: https://crbug.com/638180"""
    return playwright.chromium.launch(executable_path=executable, chromium_sandbox=os.geteuid() != 0)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[DrivenBrowser]:
    """A Chromium for the pages that a module of tests looks at."""
    with sync_playwright() as playwright:
        browser = launched(playwright, chromium)
        yield browser
        browser.close()


@contextlib.contextmanager
def faultless_tab(browser: DrivenBrowser, **options: Any) -> Iterator[Page]:
    """A tab for pages on this disk, which must report no error and ask for nothing from elsewhere."""
    page = browser.new_page(**options)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: problems.append(request.url) if not request.url.startswith("file:") else None)
    yield page
    page.close()
    assert problems == []


def run_harness(out: Path, *words: str, cwd: Path = TOP) -> subprocess.CompletedProcess[str]:
    """`python -m harness` with these words, its runs in `out`."""
    return subprocess.run(
        [sys.executable, "-m", "harness", *words, "--out", str(out)],
        cwd=cwd,
        env=REAL_ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )


def browser_of(name: str, executable: str) -> Browser:
    """The adapter of a browser of the matrix."""
    (row,) = (row for row in load().runtimes if row.name == name)
    assert row.browser is not None
    return Browser(Path(executable), row.browser, row.without)


@pytest.fixture(scope="session")
def cpython_source() -> Path:
    """The sources of the default CPython, which nobody writes to."""
    (cpython,) = (row for row in load().cpythons if row.version == "3.13.5")
    return obtain(cpython.id, cpython_providers(cpython), real_store(), print).path


@pytest.fixture(scope="session")
def broken_tree(cpython_source: Path) -> Path:
    """A CPython 3.13 checkout in which five tests misbehave as `BROKEN` says."""
    # The place in the cache is the same for every session, so that make finds its earlier work. The folder
    # above serves as a home: `~/cpython` of the README is then this checkout, and its build is shared.
    tree = real_store().root / "state/home/cpython"
    if not tree.exists():
        tree.parent.mkdir(parents=True, exist_ok=True)
        partial = tree.with_suffix(".part")
        shutil.rmtree(partial, ignore_errors=True)
        ignored = shutil.ignore_patterns("__pycache__", ".manifest.json")
        shutil.copytree(cpython_source, partial, symlinks=True, ignore=ignored)
        for module, (head, body) in BROKEN.items():
            path = partial / "Lib/test" / f"{module}.py"
            text = path.read_text("utf-8")
            assert head in text, module
            path.write_text(text.replace(head, head + body, 1), "utf-8")
        partial.rename(tree)
    return tree


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def browser_name(request: pytest.FixtureRequest) -> str:
    """The name of each browser that is installed."""
    return str(request.param)


@pytest.fixture(scope="module")
def each_browser(request: pytest.FixtureRequest, browser_name: str) -> Browser:
    """The adapter of each browser that is installed."""
    return browser_of(browser_name, str(request.getfixturevalue(browser_name)))
