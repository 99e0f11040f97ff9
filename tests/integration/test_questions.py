"""Questions that people ask, answered on the pages in two browsers, with the clicks counted. A choice of a list is one.

The outcomes are those of a real run. They stand for further cells, too: one of a later CPython, in which all takes half
as long again; one of a later SDK, in which a test fails; one of a later Emscripten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Locator, Page, expect

from harness.runs.records import (
    STARTED,
    CellRecord,
    cell_directory,
    read_record,
    read_started,
    run_directory,
    write_record,
)
from harness.suite.files import OUTCOMES
from harness.suite.results import append_result, read_results
from matrix import json_records
from matrix.expand import expand
from matrix.load import load
from matrix.model import Cell
from matrix.outcome import ModuleResult, Outcome, Status
from matrix.select import Selection
from reports.summary import CellStatus, untested_cell
from tests.integration.conftest import faultless_tab, run_harness
from tests.integration.marionette import Firefox, started

WASI = "wasi_wasi-sdk-24_cpython-3.13.5_wasmtime-50.0.1"
SLOWER = "wasi_wasi-sdk-24_cpython-3.14.0_wasmtime-50.0.1"
SDK_32, SDK_33 = ("wasi_wasi-sdk-32_cpython-3.13.5_wasmtime-50.0.1", "wasi_wasi-sdk-33_cpython-3.13.5_wasmtime-50.0.1")
NODE = "node_emscripten-3.1.69_cpython-3.11.2_node-22.20.0"
EMSCRIPTEN_6 = "node_emscripten-6.0.8_cpython-3.11.2_node-22.20.0"
BROKEN = "test.test_bool.BoolTest.test_repr"
TRACEBACK = """\
Traceback (most recent call last):
  File "/guest/Lib/test/test_bool.py", line 22, in test_repr
    self.assertEqual(repr(True), 'true')
AssertionError: 'True' != 'true'
"""
LIKE = {WASI: WASI, SLOWER: WASI, SDK_32: WASI, SDK_33: WASI, NODE: NODE, EMSCRIPTEN_6: NODE}
"""the real cell whose outcomes each cell has"""


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The second of two nights of six cells; a test that SDK 33 breaks failed only in the second."""
    out = tmp_path_factory.mktemp("questions") / "out"
    real = [word for cell in (WASI, NODE) for word in ("--cell", cell)]
    done = run_harness(out, "test", *real, "test_json", "test_bool", "test_asyncio", "--no-reuse")
    assert done.returncode == 0, done.stdout + done.stderr
    source = run_directory(out, "latest")
    for name, second in (("20260101-000000-made-0001", False), ("20260102-000000-made-0002", True)):
        run = out / name
        _make(source, run, name, second=second)
        assert run_harness(out, "report", name).returncode in (0, 1)
    return run


def _make(source: Path, run: Path, name: str, *, second: bool) -> None:
    """A run of the six cells with the outcomes of the real ones."""
    cells = {cell.id: cell for cell in expand(load()).cells if cell.id in LIKE}
    for cell in cells.values():
        results = read_results(cell_directory(source, LIKE[cell.id]) / OUTCOMES)
        place = cell_directory(run, cell.id)
        place.mkdir(parents=True)
        for result in results.values():
            append_result(place / OUTCOMES, _changed(result, cell.id, second=second))
        record = read_record(source, LIKE[cell.id])
        assert record is not None
        write_record(run, _record(record, cell))
    started = read_started(source)
    request = replace(started.request, cells=replace(started.request.cells, selection=Selection(cell=tuple(cells))))
    when = f"{name[:4]}-{name[4:6]}-{name[6:8]}T00:00:00+00:00"
    begun = replace(started, run_id=name, started=when, request=request, cells=tuple(cells))
    (run / STARTED).write_bytes(json_records.encode(begun))


def _record(record: CellRecord, cell: Cell) -> CellRecord:
    base = untested_cell(cell, CellStatus.OK, "")
    return replace(record, base=replace(base, build=record.base.build, host=record.base.host))


def _changed(result: ModuleResult, cell: str, *, second: bool) -> ModuleResult:
    """The result of a module as the cell has it."""
    result = replace(result, duration=3.0 if cell == SLOWER else 2.0)
    if cell == SDK_33 and second and result.module == "test_bool":
        broken = Outcome(test=BROKEN, status=Status.FAILED, detail=TRACEBACK)
        return replace(result, outcomes=tuple(broken if one.test == BROKEN else one for one in result.outcomes))
    return result


class Reader:
    """Somebody who reads the pages. Counts the clicks."""

    def __init__(self, page: Page, start: Path) -> None:
        self.page = page
        self.clicks = 0
        page.goto(start.as_uri())

    def click(self, there: Locator) -> None:
        self.clicks += 1
        there.click()

    def choose(self, label: str, value: str) -> None:
        self.clicks += 1
        self.page.get_by_role("combobox", name=label, exact=True).select_option(value)

    def square(self, cell: str) -> Locator:
        return self.page.locator("#grid").get_by_role("link", name=re.compile(f"^{re.escape(cell)}:"))


@pytest.fixture
def reader(browser: Browser, night: Path) -> Iterator[Reader]:
    """A reader of the first page, whose tab must not report an error."""
    with faultless_tab(browser, viewport={"width": 1300, "height": 900}) as page:
        yield Reader(page, night / "index.html")


def test_what_broke_tonight(reader: Reader) -> None:
    """One click from something red to this assertion, this command, since this night."""
    causes = reader.page.get_by_role("region", name="Causes")
    row = causes.locator("tr", has_text="AssertionError: 'True' != 'true'")
    expect(row).to_be_in_viewport()
    expect(row).to_contain_text("new")
    reader.click(row.get_by_role("link").first)
    test = reader.page.locator("tr.target")
    expect(test.locator("p.raised")).to_have_text("AssertionError: 'True' != 'true'")
    since = test.locator("p.since")
    expect(since).to_contain_text("Like this since this run. Before that: passed, in 20260101-000000-made-0001")
    expect(test.locator("code").first).to_have_text(f"nox -s test-wasi -- --cell {SDK_33} {BROKEN}")
    for shown in (test.locator("p.raised"), since, test.locator("code").first):
        expect(shown).to_be_in_viewport()
    assert reader.clicks == 1
    reader.click(test.get_by_role("link", name="what else changed"))
    expect(reader.page.locator("#found")).to_contain_text("1 newly failing")


def test_does_asyncio_work_on_wasi(reader: Reader) -> None:
    reader.click(reader.square(WASI))
    reader.page.get_by_label("Name or reason").fill("asyncio")
    rows = reader.page.locator("#modules tr.test")
    expect(rows.first).to_contain_text("skipped")
    expect(rows.first.locator(".said")).to_contain_text(re.compile("socket|thread|asyncio", re.IGNORECASE))
    assert reader.clicks == 1
    reader.click(rows.first.get_by_role("button"))
    limitation = rows.first.locator("p", has_text="Limitation:").get_by_role("link")
    expect(limitation).to_be_visible()


def test_is_314_slower_than_313(reader: Reader) -> None:
    reader.click(reader.square(SLOWER))
    reader.click(reader.page.locator("#beside").get_by_role("link", name="CPython 3.13.5"))
    expect(reader.page.locator("#found")).to_contain_text(
        "They took 66.0 s before and 99.0 s after, 1.50 times as long."
    )
    assert reader.clicks == 2


def test_which_tests_does_sdk_33_break(reader: Reader) -> None:
    reader.click(reader.square(SDK_33))
    reader.click(reader.page.locator("#beside").get_by_role("link", name="wasi-sdk-32"))
    expect(reader.page.locator("#found")).to_contain_text("1 newly failing")
    row = reader.page.locator("#changes tr", has_text=BROKEN)
    expect(row).to_contain_text("passed")
    expect(row).to_contain_text("failed")
    assert reader.clicks == 2


def test_what_does_emscripten_6_no_longer_lack(reader: Reader) -> None:
    reader.click(reader.page.get_by_role("link", name="Limitations", exact=True))
    reader.choose("SDK", "emscripten-6.0.8")
    reader.choose("Platform", "node")
    reader.choose("Limitations", "that hold only elsewhere")
    found = reader.page.locator("#found")
    expect(found).to_contain_text(re.compile("^[1-9][0-9]* limitations? that hold only elsewhere"))
    names = reader.page.locator("#limitations tr[id]:visible th").all_inner_texts()
    assert "no-umask" in names
    number = reader.page.locator("#cells li").evaluate_all(
        f"all => all.findIndex((one) => one.textContent === '{NODE}')"
    )
    for name in names:  # what only WASI lacks is no answer
        square = reader.page.locator(f"#limitations tr[id='{name}'] td").nth(number)
        expect(square).to_have_attribute("data-listed", "")
    assert reader.clicks == 4


# --- the same ways in Firefox


@pytest.fixture(scope="module")
def tab(firefox: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with started(firefox, tmp_path_factory.mktemp("firefox") / "profile") as firefox_tab:
        yield firefox_tab


def square(cell: str) -> str:
    return f'#grid a[aria-label^="{cell}:"]'


def beside(cell: str) -> str:
    return f'#beside a[href*="ac={cell}"]'


@pytest.mark.parametrize(
    ("clicks", "typed", "where", "answer"),
    [
        (("table.causes a.raised",), "", "tr.target p.since", "Before that: passed, in 20260101-000000-made-0001"),
        ((square(WASI),), "asyncio", "#modules tr.test .said", "requires socket support"),
        ((square(SLOWER), beside(WASI)), "", "#found", "before and 99.0 s after, 1.50 times as long"),
        ((square(SDK_33), beside(SDK_32)), "", "#changes", BROKEN),
        (
            (
                'nav a[href="limitations.html"]',
                'option[value="emscripten-6.0.8"]',
                'option[value="node"]',
                'option[value="that hold only elsewhere"]',
            ),
            "",
            "#no-umask",
            "no-umask",
        ),
    ],
    ids=["tonight", "asyncio", "slower", "SDK 33", "Emscripten 6"],
)
def test_the_questions_are_answered_in_firefox(
    tab: Firefox, night: Path, clicks: tuple[str, ...], typed: str, where: str, answer: str
) -> None:
    tab.open((night / "index.html").as_uri())
    for one in clicks:
        tab.click(one)
    if typed:
        tab.write("#filters input[type=search]", typed)
    tab.wait_for(where, answer)
