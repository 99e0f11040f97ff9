"""The pages of a real run, opened from disk and used in a real Chromium."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect

from harness.runs.records import STARTED, read_started, run_directory
from harness.suite.files import OUTCOMES
from harness.suite.results import append_result, read_results
from matrix import json_records
from matrix.outcome import ModuleResult, Outcome, Status
from tests.integration.conftest import REAL_ENVIRONMENT, TOP, faultless_tab, run_harness
from tests.unit.hostile import TEXTS

CELLS = ("wasmtime-49.0.0", "wasmtime-50.0.1", "node-20.18.0", "node-22.20.0")
MODULES = ("test_json", "test_struct", "test_signal", "test_bool")
SCRIPT = "<script>document.title = 'owned'</script>"
TABS = ("index", "compare", "limitations", "trends")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of four cells: a real one, then the same one with some red outcomes and hostile texts."""
    out = tmp_path_factory.mktemp("page") / "out"
    runtimes = [word for runtime in CELLS for word in ("--runtime", runtime)]
    done = run_harness(out, "test", "--target", "wasi", "--target", "node", *runtimes, *MODULES, "--no-reuse")
    assert done.returncode == 0, done.stdout + done.stderr
    first = run_directory(out, "latest")
    for outcomes in first.glob(f"cells/*/{OUTCOMES}"):
        for result in read_results(outcomes).values():  # whatever a module took on a loaded machine
            append_result(outcomes, replace(result, duration=1.0))
    assert run_harness(out, "report", first.name).returncode == 0
    second = out / first.name.replace(first.name.split("-")[1], "235959", 1)
    shutil.copytree(first, second)
    started = read_started(first)
    moved = json_records.encode(started).replace(first.name.encode(), second.name.encode())
    later = time.strftime("%Y-%m-%dT23:59:59+00:00", time.gmtime())
    (second / STARTED).write_bytes(moved.replace(started.started.encode(), later.encode()))
    (place,) = second.glob("cells/wasi*wasmtime-50*")
    bad = [
        Outcome(test=f"test.test_bool.Hostile.test_{number}", status=Status.FAILED, detail=text, output=text)
        for number, text in enumerate([SCRIPT, *TEXTS.values(), "x" * 10_000_000])
        if text
    ]
    found = read_results(place / OUTCOMES)["test_bool"]
    plain = [one for one in found.outcomes if not one.test.endswith(("test_repr", "test_str", "test_int"))]
    traced = [
        Outcome(test=f"test.test_bool.BoolTest.{name}", status=Status.FAILED, detail=TRACEBACK, output="printed")
        for name in ("test_str", "test_int")
    ]
    red = Outcome(test="test.test_bool.BoolTest.test_repr", status=Status.FAILED, detail="AssertionError: made to fail")
    odd = Outcome(test="test.test_bool.BoolTest.test_odd", status=Status.SKIPPED, detail="nobody knows why")
    escaped = [msgspec_safe(one) for one in bad]
    result = ModuleResult(
        module="test_bool", outcomes=(*plain, red, *traced, odd, *escaped), duration=found.duration + 5
    )
    append_result(place / OUTCOMES, result)
    done = run_harness(out, "report", second.name)
    assert done.returncode == 1, done.stdout + done.stderr
    return second


def msgspec_safe(one: Outcome) -> Outcome:
    """Text as the guest's driver writes it, without lone surrogates, which JSON cannot hold."""
    clean = one.detail.encode("utf-8", "backslashreplace").decode()
    return Outcome(test=one.test, status=one.status, detail=clean, output=clean)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab. The test fails when the tab reported an error, or ran a script from a hostile text."""
    with faultless_tab(browser) as page:
        yield page
        assert "owned" not in page.title()


def cell_of(out: Path, runtime: str) -> str:
    (place,) = out.glob(f"cells/*{runtime}")
    return place.name


def show(page: Page, out: Path, name: str, fragment: str = "") -> None:
    page.goto("about:blank")
    page.goto((out / name).as_uri() + fragment)


def test_the_matrix_shows_each_cell_with_a_link(page: Page, out: Path) -> None:
    show(page, out, "index.html")
    squares = page.locator("#grid a.square")
    expect(squares).to_have_count(4)
    expect(page.locator("#grid a.square.bad")).to_have_count(1)
    red = page.locator("#grid a.square.bad")
    expect(red).to_have_text("✗")
    expect(red).to_have_accessible_name(re.compile(f"{cell_of(out, 'wasmtime-50.0.1')}: unexpected; 4/4 modules"))
    assert red.bounding_box()["width"] <= 40  # type: ignore[index]
    red.focus()
    expect(page.locator("#about-square")).to_contain_text("4/4 modules")
    page.locator("#grid a.square.good").first.hover()
    expect(page.locator("#about-square")).to_contain_text(": ok; ")
    expect(page.locator("ul.legend")).to_contain_text("✗ something is unexpected")
    page.get_by_label("Rows").select_option("runtime")
    page.get_by_label("Columns").select_option("SDK")
    expect(page.locator("#grid tbody th")).to_have_text(
        ["node 20.18.0", "node 22.20.0", "wasmtime 49.0.0", "wasmtime 50.0.1"]
    )
    expect(squares).to_have_count(4)
    page.reload()
    expect(page.get_by_label("Rows")).to_have_value("runtime")
    page.locator("#grid a.square.bad").click()
    expect(page.locator("h1")).to_have_text(cell_of(out, "wasmtime-50.0.1"))


def test_neighbours_that_say_the_same_are_folded(page: Page, out: Path) -> None:
    show(page, out, "index.html")
    heads = page.locator("#grid thead tr").last.locator("th")
    expect(heads).to_have_text(["node 20.18.0", "node 22.20.0", "wasmtime 49.0.0", "wasmtime 50.0.1"])
    page.get_by_label("Alike").select_option("folded")
    expect(heads).to_have_text(["node 20.18.0, 22.20.0", "wasmtime 49.0.0", "wasmtime 50.0.1"])
    both = page.locator("#grid a.square", has_text="2")
    both.focus()
    expect(page.locator("#about-square a")).to_have_text([cell_of(out, "node-20.18.0"), cell_of(out, "node-22.20.0")])
    page.reload()
    expect(heads).to_have_count(3)


def test_the_first_tap_shows_what_a_square_says_and_the_second_opens_its_cell(browser: Browser, out: Path) -> None:
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 800})
    page = context.new_page()
    show(page, out, "index.html")
    red = page.locator("#grid a.square.bad")
    red.tap()
    expect(page.locator("#about-square")).to_contain_text("4/4 modules")
    expect(page).to_have_url(re.compile("index.html$"))
    red.tap()
    expect(page.locator("h1")).to_have_text(cell_of(out, "wasmtime-50.0.1"))
    context.close()


def test_the_first_page_says_first_what_is_new_and_leads_to_the_assertion_in_one_click(page: Page, out: Path) -> None:
    show(page, out, "index.html")
    assert page.locator("h2").first.inner_text().startswith("✗ ")
    expect(page.locator("h2").first).to_contain_text("causes: ")
    expect(page.locator("#news")).to_contain_text("are those of")  # the same SDK, runtime, list and harness
    cause = page.get_by_role("region", name="Causes").locator(
        "tr", has_text="in test/test_bool.py, line 40, in test_str"
    )
    expect(cause.locator("td").first).to_have_text("2")
    expect(cause).to_contain_text("new")
    expect(cause.locator("code")).to_contain_text("nox -s test-wasi -- --cell ")
    cause.get_by_role("link").first.click()
    expect(page.locator("tr.target")).to_contain_text("AssertionError: 'one")
    expect(page.locator("tr.target pre.message")).to_be_in_viewport()


def test_the_first_page_lists_changes_and_red_outcomes(page: Page, out: Path) -> None:
    show(page, out, "index.html")
    changed = page.get_by_role("region", name="Changes").locator("tr", has_text="BoolTest.test_repr")
    expect(changed).to_contain_text("newly failing")
    page.get_by_text("unexpected outcomes, one by one").click()
    red = page.get_by_role("region", name="Unexpected outcomes").get_by_role(
        "link", name="test.test_bool.BoolTest.test_repr"
    )
    red.click()
    expect(page.locator("tr.target")).to_contain_text("AssertionError: made to fail")


def test_a_square_of_the_runtimes_leads_to_the_tests_that_differ(page: Page, out: Path) -> None:
    show(page, out, "index.html")
    for build in page.locator("details.runtimes > summary").all():  # there are two builds, both folded
        build.click()
    square = page.get_by_role("link", name=re.compile("[0-9]+ differ")).first
    place = page.locator(square.get_attribute("href") or "")
    expect(place).to_be_hidden()
    square.click()
    expect(place).to_be_visible()
    test = page.locator("details", has=place).get_by_role("rowheader").first
    name = test.inner_text()
    test.get_by_role("link").click()
    expect(page.locator("tr.module, tr.target").filter(has_text=name.split(".")[1]).first).to_be_visible()


def test_a_cell_is_filtered_and_read(page: Page, out: Path) -> None:
    cell = cell_of(out, "wasmtime-50.0.1")
    show(page, out, f"cells/{cell}/index.html")
    expect(page.locator("#found")).to_contain_text("in 4 of 4 modules")
    assert page.locator("#modules tr.test").count() == 0, "nothing is laid out that is not seen"
    page.get_by_role("button", name="test_bool", exact=True).click()
    expect(page.locator("#modules").get_by_role("button", name="BoolTest.test_boolean")).to_be_visible()
    page.get_by_label("Verdict").select_option("red")
    expect(page.locator("#found")).to_contain_text("in 1 of 4 modules")
    page.get_by_label("Name or reason").fill("TEST_REPR")
    expect(page.locator("#modules tr.test")).to_have_count(1)
    page.locator("#modules").get_by_role("button", name="BoolTest.test_repr").click()
    expect(page.locator("#modules tr.test")).to_contain_text("AssertionError: made to fail")
    again = f"nox -s test-wasi -- --cell {cell} test.test_bool.BoolTest.test_repr"
    expect(page.locator("#modules tr.test code").first).to_have_text(again)
    by_hand = f"nox -s triage -- repro --cell {cell} test.test_bool.BoolTest.test_repr"
    expect(page.locator("#modules tr.test code").nth(1)).to_have_text(by_hand)
    page.reload()
    expect(page.locator("#modules tr.test")).to_have_count(1)


TRACEBACK = """\
Traceback (most recent call last):
  File "/usr/lib/python3.13/unittest/case.py", line 58, in testPartExecutor
    yield
  File "/guest/Lib/test/test_bool.py", line 40, in test_str
    self.assertEqual("one\\ntwo", "one\\nthree")
AssertionError: 'one\\ntwo' != 'one\\nthree'
  one
- two
+ three
"""


def test_a_cell_begins_with_what_is_red_as_people_read_it(page: Page, out: Path) -> None:
    cell = cell_of(out, "wasmtime-50.0.1")
    show(page, out, f"cells/{cell}/index.html")
    headings = page.locator("h2").all_inner_texts()
    assert [re.sub("[0-9]+", "N", one) for one in headings] == [
        "✗ N unexpected, N causes",
        "N skip that no limitation explains",
        "Modules",
        "What this cell is",
    ]
    cause = page.locator(".cause", has_text="raised in test/test_bool.py, line 40, in test_str")
    expect(cause.locator("h3")).to_have_text(r"AssertionError: 'one\ntwo' != 'one\nthree'")
    expect(cause.locator("tr.test")).to_have_count(2)
    test = cause.locator("tr.test", has_text="test_str")  # the first, which is unfolded
    raised, frames = test.locator("p.raised"), test.locator("pre.frames")
    assert raised.bounding_box()["y"] < frames.bounding_box()["y"]  # type: ignore[index]
    expect(frames).not_to_contain_text("unittest")
    expect(frames.locator(".of-test").first).to_contain_text("test_bool.py")
    expect(test.locator("pre.message .removed")).to_have_text("- two\n")
    expect(test.locator("pre.message .added")).to_have_text("+ three")
    runner = test.locator("details", has_text="Frames of what runs the tests")
    expect(runner.locator("pre")).to_be_hidden()
    runner.locator("summary").click()
    expect(runner.locator("pre")).to_contain_text("unittest/case.py")
    issue = test.locator("details", has_text="The text of an issue")
    issue.locator("summary").click()
    expect(issue.locator("pre")).to_contain_text("failed on 1 of 4 platforms")
    printed = test.locator("details.folded").filter(has=page.get_by_text("Output", exact=True))
    expect(printed.locator("pre")).to_be_hidden()
    page.get_by_text("nobody knows why").click()
    expect(page.locator("details.group tr.test")).to_contain_text("test_odd")


def test_a_command_is_copied_by_a_button(page: Page, out: Path) -> None:
    cell = cell_of(out, "wasmtime-50.0.1")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    show(page, out, f"cells/{cell}/index.html", "#test=test.test_bool.BoolTest.test_str")
    test = page.locator("tr.target")
    test.get_by_label("Versions to search").select_option("runtime")
    test.get_by_role("button", name="Copy the command that bisects").click()
    expect(test.get_by_text("Copied")).to_be_visible()
    wanted = f"nox -s triage -- bisect --cell {cell} --axis runtime test.test_bool.BoolTest.test_str"
    assert page.evaluate("navigator.clipboard.readText()") == wanted


def test_modules_are_in_order_of_their_time_or_name(page: Page, out: Path) -> None:
    show(page, out, f"cells/{cell_of(out, 'wasmtime-50.0.1')}/index.html")
    names = page.locator("#modules tr.module button")
    expect(names.first).to_have_text("test_bool")  # the fixture made it slower
    page.get_by_label("Order of modules").select_option("by name")
    expect(names).to_have_text(sorted(MODULES))


def test_a_skip_names_its_reason_and_limitation(page: Page, out: Path) -> None:
    show(page, out, f"cells/{cell_of(out, 'wasmtime-50.0.1')}/index.html")
    page.get_by_label("Verdict").select_option("skipped")
    page.get_by_role("combobox", name="Module", exact=True).select_option("test_signal")
    page.locator("#modules tr.test button").first.click()
    expect(page.locator("#modules tr.test").first).to_contain_text("Reason: ")
    page.locator("#modules tr.test").first.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile("limitations.html#about-"))


def test_a_cell_shows_the_steps_and_logs_of_its_build(page: Page, out: Path) -> None:
    show(page, out, f"cells/{cell_of(out, 'wasmtime-50.0.1')}/index.html")
    page.get_by_text(re.compile("How it was built")).click()
    expect(page.locator("pre", has_text="configure").first).to_be_visible()
    logs = page.get_by_role("link", name=re.compile("Log of .*configure"))
    assert (
        out / "cells" / cell_of(out, "wasmtime-50.0.1") / str(logs.first.get_attribute("href"))
    ).stat().st_size > 100


def test_hostile_output_is_text(page: Page, out: Path) -> None:
    cell = cell_of(out, "wasmtime-50.0.1")
    show(page, out, f"cells/{cell}/index.html", "#test=test.test_bool.Hostile.test_0")
    expect(page.locator("tr.target pre").first).to_have_text(SCRIPT)
    last = max(int(number) for number in re.findall(r"Hostile\.test_(\d+)", (out / "summary.json").read_text()))
    show(page, out, f"cells/{cell}/index.html", f"#test=test.test_bool.Hostile.test_{last}")
    expect(page.locator("tr.target pre").first).to_contain_text("characters left out")
    link = page.locator("tr.target").get_by_role("link", name="Full text").first.get_attribute("href")
    assert (out / "cells" / cell / str(link)).stat().st_size == 10_000_000
    number = list(TEXTS).index("colours") + 1
    show(page, out, f"cells/{cell}/index.html", f"#test=test.test_bool.Hostile.test_{number}")
    expect(page.locator("tr.target pre").first).to_contain_text("\\x1b[31mred")


def test_runs_and_cells_are_compared(page: Page, out: Path) -> None:
    show(page, out, "compare.html")
    expect(page.locator("#found")).to_contain_text("1 slower")
    expect(page.locator("#changes tr", has_text="BoolTest.test_repr")).to_contain_text("passed")
    assert page.locator("h2", has_text="newly failing").count() == 1
    page.get_by_label("Before: run").select_option(out.name)
    page.get_by_label("Before: cell").select_option(cell_of(out, "node-20.18.0"))
    page.get_by_label("After: cell").select_option(cell_of(out, "node-22.20.0"))
    expect(page.locator("#found")).to_contain_text("4 modules compared: nothing differs.")
    page.get_by_label("After: cell").select_option(cell_of(out, "wasmtime-50.0.1"))
    expect(page.locator("#found")).to_contain_text("newly failing")
    url = page.url
    show(page, out, "compare.html", "#" + url.partition("#")[2])
    expect(page.get_by_label("After: cell")).to_have_value(cell_of(out, "wasmtime-50.0.1"))


def test_limitations_are_filtered_and_read(page: Page, out: Path) -> None:
    show(page, out, "limitations.html")
    rows = page.locator("#limitations tr[id]:visible")
    assert rows.count() > 100
    page.get_by_label("Name, title, section or test").fill("no-threads")
    expect(page.locator("#found")).to_have_text("1 limitation")
    row = page.locator("#limitations tr#no-threads")
    expect(row.locator("td")).to_have_count(4)
    expect(row).to_contain_text("■")
    row.get_by_role("link").click()
    expect(page.locator("#about-no-threads")).to_be_in_viewport()


def test_limitations_of_a_platform_are_shared_and_lead_to_their_tests(page: Page, out: Path) -> None:
    """What does a platform lack, and which tests does that explain: the answer has an address."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    show(page, out, "limitations.html")
    page.get_by_label("Platform").select_option("wasi")
    page.get_by_label("Runtime").select_option("wasmtime 50.0.1")
    page.get_by_role("combobox", name="Limitations").select_option("that explain tests of this run")
    expect(page.locator("#found")).to_contain_text(
        re.compile("^[1-9][0-9]* limitations? that explain tests of this run, in 1 of 4 cells: wasi, wasmtime 50.0.1$")
    )
    count = page.locator("#found").inner_text()
    rows = page.locator("#limitations tr[id]:visible")
    expect(rows.first.locator("td:visible")).to_have_count(1)
    page.get_by_role("button", name="Copy the link to what is shown").click()
    expect(page.get_by_role("button", name="Copy the link to what is shown")).to_have_text("Copied")
    link = page.evaluate("navigator.clipboard.readText()")
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator("#found")).to_have_text(count)
    expect(page.get_by_label("Runtime")).to_have_value("wasmtime 50.0.1")
    entry = page.locator("section.entry:visible").first
    name = entry.locator("h3").inner_text()
    entry.get_by_text("The tests of this run that it explains").click()
    expect(entry.locator("li[data-cell]:visible")).to_have_count(1)
    entry.locator("li[data-cell]:visible").get_by_role("link").click()
    expect(page.locator("#found")).to_contain_text("in 1 of 4 modules")
    expect(page.get_by_role("combobox", name="Limitation")).to_have_value(name)
    page.get_by_role("combobox", name="Limitation").select_option("all")
    expect(page.locator("#found")).to_contain_text("in 4 of 4 modules")


def test_what_a_platform_no_longer_lacks_is_a_question(page: Page, out: Path) -> None:
    show(page, out, "limitations.html", "#which=that+hold+only+elsewhere&platform=node&cpython=none+such")
    expect(page.get_by_label("CPython")).to_have_value("")
    expect(page.locator("#found")).to_contain_text("in 2 of 4 cells")
    numbers = page.locator("#cells li:visible").evaluate_all("all => all.map((one) => String(one.value))")
    heads = page.locator("#limitations thead th.n:visible").evaluate_all(
        "all => all.map((one) => one.lastChild.textContent)"
    )
    assert numbers == heads
    for row in page.locator("#limitations tr[id]:visible").all():
        listed = row.locator("td").evaluate_all("all => all.map((one) => [one.hidden, 'listed' in one.dataset])")
        assert any(holds for hidden, holds in listed if hidden)
        assert not any(holds for hidden, holds in listed if not hidden)
    page.get_by_role("combobox", name="Limitations").select_option("where probe and list disagree")
    expect(page.locator("#found")).to_have_text("0 limitations where probe and list disagree, in 2 of 4 cells: node")


def test_trends_show_both_runs(page: Page, out: Path) -> None:
    show(page, out, "trends.html")
    expect(page.locator("#found")).to_contain_text("2 runs of ")
    page.get_by_role("combobox", name="Cell").select_option(cell_of(out, "wasmtime-50.0.1"))
    red = page.locator("figure[data-title=red]")
    expect(red.locator("figcaption")).not_to_have_text("red: 0")
    expect(page.locator("figure[data-title=passed] svg")).to_have_attribute("aria-label", re.compile("2 runs"))
    box = red.locator("svg").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 40)
    (first,) = (one.name for one in out.parent.glob("2*") if one != out)
    expect(red.locator("figcaption")).to_have_text(f"red: 0 in {first}")
    expect(page.locator("figure[data-title=passed] figcaption")).to_contain_text(f"in {first}")
    page.mouse.move(0, 0)
    expect(red.locator("figcaption")).not_to_contain_text(" in ")
    red.locator("svg").focus()
    page.keyboard.press("ArrowLeft")
    expect(red.locator("figcaption")).to_contain_text(f"in {out.name}")
    page.keyboard.press("ArrowLeft")
    expect(red.locator("figcaption")).to_contain_text(f"in {first}")
    for title in ("KiB of python.wasm", "milliseconds of a guest's start-up"):
        caption = page.locator(f'figure[data-title="{title}"] figcaption')
        expect(caption).to_have_text(re.compile(rf"^{re.escape(title)}: [1-9][\d,]* in {first}$"))
    jump = page.get_by_role("region", name="Jumps").locator("tbody tr")
    expect(jump).to_have_count(1)
    expect(jump).to_contain_text("red: 0 → ")
    expect(jump).to_contain_text("SDK, CPython and runtime are the same")
    assert page.locator(".timeline rect").count() >= 1
    expect(page.get_by_role("region", name="Slowest modules")).to_contain_text("test_json")
    startups = (
        page.get_by_role("region", name="Time by cell").locator("tbody tr", has_text="node-20").locator("td").nth(4)
    )
    assert float(startups.inner_text()) > 0


def test_a_jump_leads_to_the_comparison_of_its_cell(page: Page, out: Path) -> None:
    cell = cell_of(out, "wasmtime-50.0.1")
    show(page, out, "trends.html", f"#cell={cell}")
    page.get_by_role("region", name="Jumps").get_by_role("link", name=f"Compare {out.name} with the run before").click()
    expect(page.get_by_label("After: cell")).to_have_value(cell)
    expect(page.locator("#changes tr", has_text="BoolTest.test_repr")).to_contain_text("passed")


def test_a_part_that_changed_is_marked_and_named(page: Page, out: Path, tmp_path: Path) -> None:
    shutil.copytree(out / "page", tmp_path / "page", ignore=shutil.ignore_patterns("history"))
    shutil.copy(out / "trends.html", tmp_path)
    figures = tmp_path / "page" / "figures.js"
    text = figures.read_text("utf-8")
    assert text.count('"parts":[]') == 1
    figures.write_text(text.replace('"parts":[]', f'"parts":[[1,0,"SDK","old","{SCRIPT}"]]'), "utf-8")
    show(page, tmp_path, "trends.html")
    page.get_by_role("combobox", name="Cell").select_option("(all cells together)")
    expect(page.get_by_role("region", name="Jumps")).to_contain_text(f"SDK: old → {SCRIPT}")
    expect(page.locator("figure[data-title=passed] .mark")).to_have_count(1)


def test_a_size_that_jumped_is_listed_and_one_that_is_missing_is_a_dash(page: Page, out: Path, tmp_path: Path) -> None:
    """The figures of three made-up runs of one cell, and of another cell in the last run."""
    shutil.copytree(out / "page", tmp_path / "page", ignore=shutil.ignore_patterns("history"))
    shutil.copy(out / "trends.html", tmp_path)
    sizes = ([None, None], [1000, 100], [1500, 120])
    rows = [[run, 0, 1, 5, 0, 0, 0, 1.0, *sizes[run]] for run in range(3)]
    data = {
        "runs": [[f"run-{run}", f"2026-01-0{run + 1}T00:00:00+00:00"] for run in range(3)],
        "cells": ["one", "other"],
        "rows": [*rows, [2, 1, 1, 5, 0, 0, 0, 1.0, 2000, 10]],
        "parts": [],
    }
    call = f'receive("page/figures.js", {json.dumps(data)});'
    (tmp_path / "page" / "figures.js").write_text(call, "utf-8")
    show(page, tmp_path, "trends.html", "#cell=one")
    jumps = page.get_by_role("region", name="Jumps").locator("tbody tr")
    expect(jumps).to_have_count(1)
    expect(jumps.locator("td").first).to_have_text("KiB of python.wasm: 1,000 → 1,500")
    size = page.locator('figure[data-title="KiB of python.wasm"]')
    expect(size.locator("circle")).to_have_count(2)
    size.locator("svg").focus()
    for said in ("1,500 in run-2", "1,000 in run-1", "- in run-0"):
        page.keyboard.press("ArrowLeft")
        expect(size.locator("figcaption")).to_have_text(f"KiB of python.wasm: {said}")
    page.get_by_role("combobox", name="Cell").select_option("(all cells together)")
    expect(page.locator("figure[data-title=passed]")).to_have_count(1)
    expect(size).to_have_count(0)


def test_one_run_has_its_figures_and_no_empty_charts(page: Page, out: Path) -> None:
    """The first run's page was written when the history had no other."""
    (first,) = (one for one in out.parent.glob("2*") if one != out)
    show(page, first, "trends.html")
    expect(page.locator("#found")).to_contain_text("one run")
    expect(page.locator("figure")).to_have_count(0)
    expect(page.get_by_role("region", name="Figures by run").locator("tbody tr")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", [*TABS, "cell"])
def test_the_pages_are_accessible(browser: Browser, out: Path, name: str, scheme: str) -> None:
    """axe finds no problems: https://github.com/dequelabs/axe-core"""
    page = browser.new_page(color_scheme="dark" if scheme == "dark" else "light")
    show(page, out, f"cells/{cell_of(out, 'wasmtime-50.0.1')}/index.html" if name == "cell" else f"{name}.html")
    page.wait_for_function("() => !document.querySelector('#found')?.textContent.startsWith('Loading')")
    if name == "cell":
        page.locator("details.group summary").first.click()
        page.get_by_label("Verdict").select_option("red")
        page.locator("#modules tr.test button").first.click()
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found] == []
    page.close()


def test_the_keyboard_suffices(page: Page, out: Path) -> None:
    show(page, out, f"cells/{cell_of(out, 'wasmtime-50.0.1')}/index.html")
    button = page.get_by_role("button", name="test_bool", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("#modules tr.test button").first).to_have_attribute("aria-expanded", "true")


def test_the_page_fits_a_narrow_screen(browser: Browser, out: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    for name in (*(f"{tab}.html" for tab in TABS), f"cells/{cell_of(out, 'wasmtime-50.0.1')}/index.html"):
        show(page, out, name)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, name
        for table in ("table.causes", "table.tests"):
            for wide in page.locator(f".wide:has(> {table})").all():
                assert wide.evaluate("one => one.scrollWidth <= one.clientWidth"), (name, table)
    page.close()


def test_the_pages_fit_on_paper(browser: Browser, out: Path) -> None:
    """Nothing is cut at the right edge of an A4 sheet, which is 190 mm wide between its margins: 718 CSS pixels."""
    page = browser.new_page(viewport={"width": 718, "height": 1000})
    page.emulate_media(media="print")
    for name in (*(f"{tab}.html" for tab in TABS), f"cells/{cell_of(out, 'wasmtime-50.0.1')}/index.html"):
        show(page, out, name)
        page.wait_for_function("() => !document.querySelector('#found')?.textContent.startsWith('Loading')")
        assert page.evaluate("document.documentElement.scrollWidth") <= 718, name
    page.close()


def test_junit2html_reads_the_junit_file(out: Path, tmp_path: Path) -> None:
    target = tmp_path / "junit.html"
    (source,) = out.glob("cells/*wasmtime-50*/junit.xml")
    subprocess.run([sys.executable, "-m", "junit2htmlreport", str(source), str(target)], check=True, timeout=300)
    assert "test_repr" in target.read_text("utf-8")


def test_report_opens_the_page(out: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}\n')
    browser.chmod(0o755)
    command = [sys.executable, "-m", "harness", "report", out.name, "--open", "--out", str(out.parent)]
    subprocess.run(
        command,
        cwd=TOP,
        env=dict(os.environ) | REAL_ENVIRONMENT | {"BROWSER": f"{browser} %s"},
        check=False,
        timeout=900,
    )
    deadline = time.monotonic() + 120
    while not seen.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert seen.read_text().strip() == (out / "index.html").as_uri()
