"""Two real small nights of four cells. In the second, three things are broken on purpose: its report names the three.

A copy of the harness has a runtime of its own, a script around wasmtime's command, and then an entry that is stale.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from harness.provide.items import runtime_providers
from harness.provide.obtain import obtain
from matrix.load import load
from matrix.model import RuntimeKind
from tests.integration.conftest import BROKEN, TOP, faultless_tab, real_store, run_harness

ROW = """
[[runtime]]
name = "mywasm"
version = "1.0"
kind = "command"
executable = "{executable}"

[runtime.command]
run = ["run", "--argv0", "{{argv0}}", "{{preopens}}", "{{variables}}", "{{module}}", "{{arguments}}"]
preopen = ["--dir", "{{host}}::{{guest}}"]
variable = ["--env", "{{name}}={{value}}"]
"""
SCRIPT = """#!/bin/sh
case $1 in
--version) echo "mywasm 1.0"; exit;;
esac
shift
exec {wasmtime} run {options} "$@"
"""
HAS_ALL = "-W max-wasm-stack=16777216"
LACKS_IMPORTS = f"{HAS_ALL} -S cli=n"
"""without the functions of WASI (`wasmtime run -S help`)"""
STALE = """
[[limitation]]
id = "no-json"
title = "json does not read documents"
section = "Made up for this test"
references = ["https://docs.python.org/3/library/json.html"]

[[limitation.tests]]
match = "test.test_json.test_decode.TestPyDecode.test_empty_objects"
expect = "failed"
reason = "it is said to fail, and passes"
"""
TEST = "test.test_bool.BoolTest.test_repr"


class Nights:
    """The copy of the harness, its runs and the checkout that they test."""

    def __init__(self, directory: Path, tree: Path) -> None:
        self.project = directory / "project"
        self.tree = tree
        self.out = directory / "out"
        self.site = directory / "site"
        for name in ("harness", "matrix", "reports"):
            shutil.copytree(TOP / name, self.project / name, ignore=shutil.ignore_patterns("out", "__pycache__"))
        self.runtime = directory / "mywasm"
        self._give_runtime(HAS_ALL)
        with (self.project / "matrix/data/runtimes.toml").open("a") as file:
            file.write(ROW.format(executable=self.runtime))
        targets = self.project / "matrix/data/targets.toml"
        targets.write_text(targets.read_text().replace('["wasmtime", ', '["mywasm", "wasmtime", ', 1))
        self._repair()

    def _give_runtime(self, options: str) -> None:
        store = real_store()
        (row,) = (row for row in load().runtimes if row.kind is RuntimeKind.CLI)
        wasmtime = obtain(row.id, runtime_providers(row, store), store, print).path
        self.runtime.write_text(SCRIPT.format(wasmtime=wasmtime, options=options))
        self.runtime.chmod(0o755)

    def _module(self) -> Path:
        return self.tree / "Lib/test/test_bool.py"

    def _repair(self) -> None:
        head, body = BROKEN["test_bool"]
        self._module().write_text(self._module().read_text("utf-8").replace(head + body, head), "utf-8")

    def break_three_things(self) -> None:
        """A test in one CPython, a runtime, the list of limitations."""
        head, body = BROKEN["test_bool"]
        self._module().write_text(self._module().read_text("utf-8").replace(head, head + body, 1), "utf-8")
        self._give_runtime(LACKS_IMPORTS)
        (self.project / "matrix/limitations/made-up.toml").write_text(STALE)

    def harness(self, *words: str) -> subprocess.CompletedProcess[str]:
        return run_harness(self.out, *words, cwd=self.project)

    def night(self, status: int) -> str:
        """Test the four cells and publish; the run's id."""
        cells = (
            "--runtime",
            "wasmtime-50.0.1",
            "--runtime",
            "mywasm-1.0",
            "--cpython",
            "3.13.5",
            "--cpython",
            str(self.tree),
        )
        done = self.harness("test", "--target", "wasi", *cells, "test_bool", "test_json", "--no-reuse")
        assert done.returncode == status, done.stdout + done.stderr
        done = self.harness("report", "--publish", str(self.site))
        assert done.returncode == status, done.stdout + done.stderr
        return (self.out / "latest").resolve().name


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory, broken_tree: Path) -> tuple[Nights, str, str]:
    nights = Nights(tmp_path_factory.mktemp("nights"), broken_tree)
    first = nights.night(0)
    nights.break_three_things()
    return nights, first, nights.night(1)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab. The test fails when the tab reported an error, or asked for something that is not on this disk."""
    with faultless_tab(browser, viewport={"width": 1300, "height": 900}) as page:
        yield page


def test_the_first_screen_names_the_three_causes(page: Page, nights: tuple[Nights, str, str]) -> None:
    made, first, second = nights
    page.goto((made.out / second / "index.html").as_uri())
    expect(page.locator("h2").first).to_contain_text("3 causes: all new")
    expect(page.locator("#news")).to_contain_text(f"Since {first}, not the same:")
    expect(page.locator("#news")).to_contain_text("list of limitations")
    rows = page.get_by_role("region", name="Causes").locator("tbody tr")
    expect(rows).to_have_count(3)
    for row, said in zip(
        rows.all(),
        (
            ("unknown import: `wasi_snapshot_preview1::", "2 cells (mywasm-1.0)"),
            ("AssertionError: made to fail", "in test/test_bool.py, line 22, in test_repr", "_wasmtime-50.0.1"),
            ("passed, but no-json expects it to be failed", "2 cells (wasmtime-50.0.1)"),
        ),
        strict=True,
    ):
        for text in (*said, "new", "nox -s test-wasi -- --cell "):
            expect(row).to_contain_text(text)
        expect(row).to_be_in_viewport()


def test_a_site_of_both_nights_opens_from_disk(page: Page, nights: tuple[Nights, str, str]) -> None:
    made, _, second = nights
    page.goto((made.site / "index.html").as_uri())
    rows = page.get_by_role("region", name="Runs").locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text(second)
    expect(rows.first).to_contain_text("7 unexpected")
    expect(rows.last).to_contain_text("as expected")
    rows.first.get_by_role("link", name="AssertionError: made to fail").click()
    expect(page.locator("tr.target")).to_contain_text("AssertionError: made to fail")
    page.get_by_role("link", name="All runs").click()
    expect(page.locator("h1")).to_have_text("CPython on WebAssembly: all runs")


def test_the_addresses_of_a_site_lead_to_the_newest_run(page: Page, nights: tuple[Nights, str, str]) -> None:
    made, first, second = nights
    cell = next(path.name for path in (made.site / "cells").iterdir() if "-cpython_wasmtime" in path.name)
    page.goto((made.site / f"cells/{cell}/index.html").as_uri() + f"#test={TEST}")
    expect(page.locator("tr.target")).to_contain_text("AssertionError: made to fail")
    assert f"/runs/{second}/cells/{cell}/index.html#test={TEST}" in page.url
    page.goto((made.site / "limitations.html").as_uri() + "#about-no-json")
    expect(page.locator("#about-no-json")).to_be_in_viewport()
    page.goto((made.site / "latest/index.html").as_uri())
    expect(page.locator("h2").first).to_contain_text("3 causes")
    page.goto((made.site / f"runs/{first}/compare.html").as_uri() + f"#a={first}&b={second}")
    expect(page).to_have_url(re.compile(f"/runs/{second}/compare.html#"))
    expect(page.locator("#found")).to_contain_text("newly failing")


def test_an_old_run_without_its_tests_leads_to_the_newest(
    browser: Browser, nights: tuple[Nights, str, str], tmp_path: Path
) -> None:
    made, first, second = nights
    site = tmp_path / "site"
    shutil.copytree(made.site, site)
    size = sum(path.stat().st_size for path in (site / "runs").rglob("*") if path.is_file())
    done = made.harness("report", "--publish", str(site), "--site-size", f"{size // 1024 - 1}K")
    assert done.returncode == 1, done.stdout + done.stderr
    (cell,) = (path.name for path in (site / "cells").iterdir() if "-cpython_wasmtime" in path.name)
    assert not (site / f"runs/{first}/cells/{cell}/tests.js").exists()
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    expect(page.locator("table.runs tbody tr").last).to_contain_text("without its tests")
    page.goto((site / f"runs/{first}/cells/{cell}/index.html").as_uri() + f"#test={TEST}")
    expect(page.locator("#found")).to_contain_text("The site no longer has the tests of this run.")
    page.locator("#found").get_by_role("link").click()
    expect(page.locator("tr.target")).to_contain_text("AssertionError: made to fail")
    assert f"/runs/{second}/" in page.url
    page.close()


@pytest.mark.parametrize("name", ["index.html", "latest/index.html"])
def test_a_site_is_accessible_and_fits_a_narrow_screen_and_paper(
    browser: Browser, nights: tuple[Nights, str, str], name: str
) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto((nights[0].site / name).as_uri())
    expect(page.locator("main h1")).to_contain_text("CPython on WebAssembly")
    page.wait_for_load_state()
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 718, "height": 1000})
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 718
    page.close()


def test_no_link_of_a_site_is_broken(nights: tuple[Nights, str, str]) -> None:
    made, *_ = nights
    links = 0
    for place in made.site.rglob("*.html"):
        for link in re.findall(r'(?:href|src)="([^"#]+)', place.read_text("utf-8")):
            if not link.startswith("https://"):
                assert (place.parent / html.unescape(link)).is_file(), (place, link)
                links += 1
    assert links > 500


def test_the_feed_of_a_site_tells_both_nights(nights: tuple[Nights, str, str]) -> None:
    made, first, second = nights
    atom = "{http://www.w3.org/2005/Atom}"
    entries = ET.parse(made.site / "feed.xml").getroot().findall(f"{atom}entry")
    assert len(entries) == 2
    assert (entries[0].findtext(f"{atom}title") or "").startswith("3 new causes: ")
    for entry, run in zip(entries, (second, first), strict=True):
        (link,) = entry.findall(f"{atom}link")
        assert link.get("href") == f"runs/{run}/index.html"
    assert json.loads((made.site / "latest.json").read_bytes())["run"] == second
    assert (made.site / "badge.svg").read_text() == (made.out / second / "badge.svg").read_text()
