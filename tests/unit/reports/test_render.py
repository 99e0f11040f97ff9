from __future__ import annotations

import html
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from msgspec.structs import replace
from rich.console import Console

from reports import page as pages_of_a_run
from reports import render
from reports.differences import Comparison, Difference
from reports.render import markdown_cell
from reports.summary import CellStatus, CellSummary, SdkUsed, Summary, Unexpected, untested_cell
from tests.unit import made
from tests.unit.hostile import TEXTS, texts

HOSTILE = {name: text for name, text in TEXTS.items() if name != "a lone surrogate"}
"""a summary's JSON cannot hold lone surrogates, so none reach it"""
hostile = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
MARK = "the-hostile-text:"


def cell_of(text: str = "", status: CellStatus = CellStatus.OK, **changes: object) -> CellSummary:
    base = untested_cell(made.cell(), status, text, notes=(text, "a note"))
    return replace(base, sdk=SdkUsed(id="wasi-sdk-24", version="24", provider=text, detail=text), **changes)


def row_of(text: str) -> Unexpected:
    return Unexpected(
        cell="the-cell", test=text, outcome="failed", verdict="regression", detail=text, reproduce=f"nox {text}"
    )


CELLS = tuple(f"node_emscripten-{version}_cpython-3.11.2_node-20.18.0" for version in ("3.1.24", "3.1.58", "3.1.69"))


def comparison_of(*tests: str, cells: tuple[str, ...] = CELLS, text: str = "failed") -> Comparison:
    """Tests that passed everywhere but in the last cell."""
    outcomes = dict.fromkeys(cells, "passed") | {cells[-1]: text}
    return Comparison(
        cpython="cpython-3.11.2",
        cells=cells,
        tests=1000,
        differences=tuple(Difference(module="test_a", test=test, outcomes=outcomes) for test in tests),
    )


def run_of(
    *cells: CellSummary,
    unexpected: tuple[Unexpected, ...] = (),
    comparisons: tuple[Comparison, ...] = (),
    exit_status: int = 0,
) -> Summary:
    return Summary(
        run_id="20261122-120301-wasi-3f9a",
        started="2026-11-22T12:03:01+00:00",
        duration_s=61.5,
        exit_status=exit_status,
        cells=cells,
        unexpected=unexpected,
        comparisons=comparisons,
    )


def hostile_run(text: str) -> Summary:
    return run_of(cell_of(MARK + text), unexpected=(row_of(MARK + text),), exit_status=1)


class Page(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def as_json(summary: Summary) -> Any:
    (found,) = (file.content for file in render.summary_files(summary) if file.name == "summary.json")
    return json.loads(found)


def pages(summary: Summary) -> tuple[str, str]:
    """index.html and summary.md."""
    files = [*render.summary_files(summary), *pages_of_a_run.run_files(pages_of_a_run.RunPage(summary=summary))]
    texts = {file.name: file.content.decode() for file in files}
    return texts["index.html"], texts["summary.md"]


def test_a_summary_is_two_files() -> None:
    assert [file.name for file in render.summary_files(run_of(cell_of()))] == ["summary.json", "summary.md"]


# --- HTML


@hostile
def test_hostile_text_makes_no_markup_in_the_page(text: str) -> None:
    harmless, _ = pages(hostile_run(""))
    page, _ = pages(hostile_run(text))
    assert Page(page).tags == Page(harmless).tags
    assert Page(page).attributes == Page(harmless).attributes


def test_the_page_shows_hostile_text_as_it_is() -> None:
    page, _ = pages(hostile_run("<script>alert('1')</script>"))
    assert "<script>" not in page
    assert "<script>alert('1')</script>" in html.unescape(page)


def test_the_page_allows_no_scripts() -> None:
    page, _ = pages(run_of(cell_of()))
    assert "default-src 'none'" in page


def test_a_green_run_says_so() -> None:
    page, _ = pages(run_of(cell_of()))
    assert "Nothing unexpected." in page
    assert 'class="bad"' not in page


def test_a_cell_leads_to_its_page_and_that_to_its_junit_file() -> None:
    cell = cell_of(modules=replace(cell_of().modules, planned=1, run=1))
    text, _ = pages(run_of(cell))
    assert f'href="cells/{cell.id}/index.html"' in text
    assert 'href="junit.xml"' in pages_of_a_run.cell_page(cell, (), "").content.decode()


def test_modules_without_any_test_are_named() -> None:
    cell = cell_of(modules=replace(cell_of().modules, planned=1, run=1, vacuous=("test_tcl", "test_curses")))
    text = pages_of_a_run.cell_page(cell, (), "").content.decode()
    assert "2 modules ran without testing anything" in text
    assert "test_tcl, test_curses" in text


# --- Markdown


_BAR = re.compile(r"(?<!\\)(?:\\\\)*\|")


def table_rows(markdown: str) -> list[int]:
    """The number of cells in each line that begins as a row of a table."""
    return [len(_BAR.findall(line)) - 1 for line in markdown.splitlines() if line.startswith("|")]


@hostile
def test_hostile_text_breaks_no_table_of_the_markdown(text: str) -> None:
    _, harmless = pages(hostile_run(""))
    _, markdown = pages(hostile_run(text))
    assert table_rows(markdown) == table_rows(harmless) == [9, 9, 9, 6, 6, 6]
    assert "<script" not in markdown


@given(texts)
@example("\\|")
@example("\\\\| |")
def test_any_text_is_one_cell_of_a_table(text: str) -> None:
    row = f"| {markdown_cell(text)} |"
    assert len(row.splitlines()) == 1
    assert table_rows(row) == [1]
    assert "<" not in row


@given(texts.map(lambda text: text * 50))
def test_a_long_text_is_cut_so_that_the_table_stays_whole(text: str) -> None:
    cut = markdown_cell(text)
    assert len(cut) <= 300
    assert table_rows(f"| {cut} |") == [1]


def test_markdown_marks_are_shown_as_they_are() -> None:
    assert markdown_cell("a_b *c* `d` [e](f) # g") == r"a\_b \*c\* \`d\` \[e\](f) \# g"


# --- both


def test_red_rows_beyond_the_most_are_counted() -> None:
    rows = tuple(row_of(f"test.test_a.A.test_{number}.") for number in range(203))
    summary = run_of(cell_of(), unexpected=rows, exit_status=1)
    page, markdown = pages(summary)
    for text in (page, markdown):
        assert "3 more are in" in text
    assert "test_199." in page
    assert "test_200." not in page
    assert len(as_json(summary)["unexpected"]) == 203


def test_a_build_that_fails_as_expected_is_not_bad() -> None:
    page, markdown = pages(run_of(cell_of("known", CellStatus.BUILD_FAILED, expected=True)))
    assert 'class="bad"' not in page
    assert "does not build, as expected" in page
    assert "does not build, as expected" in markdown


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (CellStatus.UNEXPECTED, "unexpected, allowed to fail"),
        (CellStatus.BUILD_FAILED, "build-failed, allowed to fail"),
    ],
)
def test_what_fails_and_may_is_told_apart_with_the_reason(tmp_path: Path, status: CellStatus, words: str) -> None:
    summary = run_of(cell_of(status=status, allowed_to_fail="<it> hangs"))
    page, markdown = pages(summary)
    assert f"</span> {words}<br><small>&lt;it&gt; hangs</small></td>" in page
    assert f"| {words} |" in markdown
    assert "- allowed to fail: &lt;it&gt; hangs\n" in markdown
    said = shown(summary, tmp_path)
    assert words in said
    assert "allowed to fail: <it> hangs" in said


@pytest.mark.parametrize("status", [CellStatus.OK, CellStatus.UNOBTAINABLE, CellStatus.ERROR])
def test_what_may_fail_and_does_not_is_shown_like_any_other(tmp_path: Path, status: CellStatus) -> None:
    summary = run_of(cell_of(status=status, allowed_to_fail="it hangs"))
    for text in (*pages(summary), shown(summary, tmp_path)):
        assert "allowed to fail" not in text


def test_an_expired_rule_is_a_red_row_without_a_command(tmp_path: Path) -> None:
    row = Unexpected(cell="", test="", outcome="expired", verdict="stale", detail="rules.toml: exclusion[3]")
    summary = run_of(cell_of(), unexpected=(row,), exit_status=1)
    page, markdown = pages(summary)
    said = shown(summary, tmp_path)
    for text in (page, markdown.replace("\\", ""), said):
        assert "rules.toml: exclusion[3]" in text
    assert "again:" not in said


# --- what differs between cells


def tables(markdown: str) -> list[list[str]]:
    """The lines of each table: consecutive lines that begin as rows."""
    found: list[list[str]] = [[]]
    for line in markdown.splitlines():
        if line.startswith("|"):
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return [table for table in found if table]


def comparing(*comparisons: Comparison) -> Summary:
    return run_of(cell_of(), comparisons=comparisons)


def test_what_differs_is_a_table_of_the_page() -> None:
    page, _ = pages(comparing(comparison_of("test.test_a.A.test_one")))
    assert "What differs between the cells of cpython-3.11.2" in page
    assert "1 of 1000 tests did not come to the same in all 3 cells." in page
    head = [f'<th scope="col">{name}</th>' for name in ("test", *(f"emscripten-3.1.{part}" for part in (24, 58, 69)))]
    assert "".join(head) in page
    assert '<th scope="row">test.test_a.A.test_one</th><td>passed</td><td>passed</td><td>failed</td>' in page


def test_the_page_names_the_module_of_a_test_that_does_not_lie_in_it() -> None:
    page, _ = pages(comparing(comparison_of("test.test_b.B.test_one")))
    assert '<th scope="row">test.test_b.B.test_one <small>(test_a)</small></th>' in page


def test_what_differs_is_a_table_of_the_markdown() -> None:
    _, markdown = pages(comparing(comparison_of("test.test_a.A.one", "test.test_a.A.two")))
    assert tables(markdown)[-1] == [
        "| test | emscripten-3.1.24 | emscripten-3.1.58 | emscripten-3.1.69 |",
        "| --- | --- | --- | --- |",
        r"| test.test\_a.A.one | passed | passed | failed |",
        r"| test.test\_a.A.two | passed | passed | failed |",
    ]


@pytest.mark.parametrize("count", [2, 3])
def test_every_table_of_the_markdown_has_a_rule_and_rows_of_one_width(count: int) -> None:
    comparisons = (comparison_of("a", "b", cells=CELLS[:count]), comparison_of("c"))
    summary = run_of(cell_of(), cell_of(), unexpected=(row_of("x"),), comparisons=comparisons)
    _, markdown = pages(summary)
    found = tables(markdown)
    assert [len(table) for table in found] == [4, 3, 4, 3]
    for table in found:
        assert len(set(table_rows("\n".join(table)))) == 1
        assert re.fullmatch(r"\|(?: -{3,}:? \|)+", table[1])
    lines = ["", *markdown.splitlines()]
    for table in found:
        assert lines[lines.index(table[0]) - 1] == ""  # else it is part of the paragraph before it


@hostile
def test_hostile_names_and_outcomes_break_no_table_of_differences(text: str) -> None:
    cells = (f"node_{MARK}", f"node_{MARK}{text}")
    plain = comparing(comparison_of(MARK, cells=(f"node_{MARK}", f"node_{MARK}.")))
    summary = comparing(comparison_of(MARK + text, cells=cells, text=MARK + text)) if text else plain
    harmless_page, harmless = pages(plain)
    page, markdown = pages(summary)
    assert table_rows(markdown) == table_rows(harmless) == [9, 9, 9, 3, 3, 3]
    assert Page(page).tags == Page(harmless_page).tags
    assert Page(page).attributes == Page(harmless_page).attributes


def test_the_table_of_differences_shows_hostile_text_as_it_is() -> None:
    page, markdown = pages(comparing(comparison_of("<script>alert('1')</script> test_a")))
    assert "<script>alert" not in page + markdown
    assert "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; test_a</th>" in page


def test_cells_that_do_not_differ_have_no_table() -> None:
    page, markdown = pages(comparing(comparison_of()))
    for text in (page, markdown):
        assert "0 of 1000 tests did not come to the same in all 3 cells." in text
    assert Page(page).tags.count("table") == 1
    assert len(tables(markdown)) == 1


def test_a_run_that_compares_nothing_does_not_speak_of_it() -> None:
    for text in pages(run_of(cell_of())):
        assert "differ" not in text


def test_each_version_of_cpython_has_a_table_of_its_own() -> None:
    comparisons = (comparison_of("one"), replace(comparison_of("two"), cpython="cpython-3.13.5"))
    page, markdown = pages(comparing(*comparisons))
    assert Page(page).tags.count("table") == len(tables(markdown)) == 3
    for text in (page, markdown):
        assert text.index("the cells of cpython-3.11.2") < text.index("the cells of cpython-3.13.5")


def test_differences_beyond_the_most_are_counted() -> None:
    comparison = comparison_of(*(f"test.test_a.A.test{number}." for number in range(203)))
    summary = comparing(comparison)
    page, markdown = pages(summary)
    for text in (page, markdown):
        assert "3 more are in" in text
        assert "test199." in text
        assert "test200." not in text
    assert len(as_json(summary)["comparisons"][0]["differences"]) == 203


# --- the terminal


def shown(summary: Summary, directory: Path) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="strict")
    render.show(summary, directory, Console(file=stream, highlight=False, width=200))
    stream.seek(0)
    return stream.read()


def test_skips_that_nothing_explains_are_said_with_the_command_that_lists_them(tmp_path: Path) -> None:
    assert "no limitation explains" not in shown(run_of(cell_of()), tmp_path)
    text = shown(run_of(cell_of(unattributed_skips=30), cell_of(unattributed_skips=5)), tmp_path)
    assert "35 skips that no limitation explains: nox -s triage -- queue 20261122-120301-wasi-3f9a" in text


@hostile
def test_hostile_text_neither_breaks_nor_steers_the_terminal(tmp_path: Path, text: str) -> None:
    said = shown(hostile_run(text), tmp_path)
    assert MARK in said
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", said)


def test_the_end_of_a_run_says_what_is_red_and_how_to_see_it_again(tmp_path: Path) -> None:
    said = shown(run_of(cell_of(), unexpected=(row_of("test.test_a"),), exit_status=1), tmp_path)
    assert "1 unexpected" in said
    assert "regression failed test.test_a" in said
    assert "again: nox test.test_a" in said
    assert "index.html" in said


def test_the_end_of_a_run_shows_the_first_red_rows_and_counts_the_rest(tmp_path: Path) -> None:
    rows = tuple(row_of(f"test.test_a.A.test_{number}.") for number in range(20))
    said = shown(run_of(cell_of(), unexpected=rows), tmp_path)
    assert "20 unexpected" in said
    assert "test_14." in said
    assert "test_15." not in said
    assert "and 5 more in summary.md" in said


def test_the_end_of_a_run_counts_what_differs(tmp_path: Path) -> None:
    said = shown(comparing(comparison_of("test.test_a.A.test_one")), tmp_path)
    assert "1 of 1000 tests differ between the 3 cells of cpython-3.11.2: see index.html" in said


def test_the_reason_of_an_untested_cell_is_shown(tmp_path: Path) -> None:
    said = shown(run_of(cell_of("no such release", CellStatus.UNOBTAINABLE)), tmp_path)
    assert "unobtainable" in said
    assert "no such release" in said
