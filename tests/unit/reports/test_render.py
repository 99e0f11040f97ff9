from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from matrix.limitations import Limitation
from matrix.outcome import Status
from reports import page as pages_of_a_run
from reports import render
from reports.page import Commands
from reports.summary import CellStatus
from reports.triage import Sighting, Subject
from reports.unexpected import Unexpected
from reports.verdict import Verdict
from tests.unit.hostile import UNSEEN
from tests.unit.summaries import (
    MARK,
    Page,
    as_json,
    cell_of,
    hostile,
    hostile_run,
    pages,
    row_of,
    run_of,
    shown,
    table_rows,
)


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
    assert "Nothing unexpected in 1 cell." in page
    assert 'class="bad"' not in page


def test_a_cell_links_to_its_page_and_that_page_to_the_junit_file() -> None:
    cell = cell_of(modules=replace(cell_of().modules, planned=1, run=1))
    text, _ = pages(run_of(cell))
    assert f'href="cells/{cell.id}/index.html"' in text
    assert 'href="junit.xml"' in pages_of_a_run.cell_page(cell, ()).content.decode()


def test_a_cells_page_has_the_commands_that_run_its_tests_again() -> None:
    cell = cell_of(modules=replace(cell_of().modules, planned=1, run=1))
    commands = Commands(again="test -m 'a\"b'", by_hand="repro -u cpu", bisect="bisect it", explain="explain it")
    text = pages_of_a_run.cell_page(cell, (), commands).content.decode()
    assert """data-again="test -m &#39;a&#34;b&#39;" data-by-hand="repro -u cpu" data-bisect="bisect it\"""" in text


def test_a_cells_page_begins_with_what_is_red_by_cause() -> None:
    cell = cell_of(modules=replace(cell_of().modules, planned=1, run=1))
    rows = (row_of("test.test_a"), replace(row_of("test.test_a"), test="test.test_b"))
    text = pages_of_a_run.cell_page(cell, (), unexpected=rows).content.decode()
    assert "2 unexpected, 1 cause<" in text
    assert "<li>test.test_a</li>\n<li>test.test_b</li>" in text
    assert text.index("1 cause") < text.index(">Modules</h2>") < text.index("a note")
    assert "Nothing unexpected" not in text


def test_of_a_cause_with_many_tests_the_first_are_listed_and_the_rest_is_a_link() -> None:
    cell = cell_of(modules=replace(cell_of().modules, planned=1, run=1))
    rows = tuple(
        replace(row_of(f"cause {cause}:"), test=f"test.{cause}.{number}") for cause in range(6) for number in range(201)
    )
    text = pages_of_a_run.cell_page(cell, (), unexpected=rows).content.decode()
    assert text.count("<li>test.") == 5 * 200 + 20
    assert '<a href="#verdict=red">1 more</a>' in text
    assert '<a href="#verdict=red">181 more</a>' in text


def test_modules_without_any_test_are_named() -> None:
    cell = cell_of(modules=replace(cell_of().modules, planned=1, run=1, vacuous=("test_tcl", "test_curses")))
    text = pages_of_a_run.cell_page(cell, ()).content.decode()
    assert "2 modules ran without testing anything" in text
    assert "test_tcl, test_curses" in text


# --- Markdown


@hostile
def test_the_markdown_has_nothing_that_a_reader_cannot_see(text: str) -> None:
    run = hostile_run(text)
    row = replace(run.unexpected[0], outcome=text, cell=text)
    _, markdown = pages(replace(run, run_id=text, started=text, unexpected=(row,)))
    assert MARK in markdown
    assert not re.search(UNSEEN, markdown)


@hostile
def test_hostile_text_breaks_no_table_of_the_markdown(text: str) -> None:
    _, harmless = pages(hostile_run(""))
    _, markdown = pages(hostile_run(text))
    assert table_rows(markdown) == table_rows(harmless) == [9, 9, 9, 7, 7, 7, 6, 6, 6]
    assert "<script" not in markdown


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


def test_an_expected_build_failure_is_not_bad() -> None:
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
def test_an_allowed_failure_is_marked_with_its_reason(tmp_path: Path, status: CellStatus, words: str) -> None:
    summary = run_of(cell_of(status=status, allowed_to_fail="<it> hangs"))
    page, markdown = pages(summary)
    assert f"</span> {words}<br><small>&lt;it&gt; hangs</small></td>" in page
    assert f"| {words} |" in markdown
    assert "- allowed to fail: &lt;it&gt; hangs\n" in markdown
    said = shown(summary, tmp_path)
    assert words in said
    assert "allowed to fail: <it> hangs" in said


@pytest.mark.parametrize("status", [CellStatus.OK, CellStatus.UNOBTAINABLE, CellStatus.ERROR])
def test_a_cell_that_may_fail_but_does_not_is_shown_like_any_other(tmp_path: Path, status: CellStatus) -> None:
    summary = run_of(cell_of(status=status, allowed_to_fail="it hangs"))
    for text in (*pages(summary), shown(summary, tmp_path)):
        assert "allowed to fail" not in text


def test_a_cell_that_may_be_missing_is_shown_with_its_reason(tmp_path: Path) -> None:
    summary = run_of(cell_of("no such suite", status=CellStatus.UNOBTAINABLE, may_be_missing=True))
    page, markdown = pages(summary)
    assert "</span> unobtainable, may be missing</td>" in page
    assert "| unobtainable, may be missing |" in markdown
    for text in (page, markdown, shown(summary, tmp_path)):
        assert "no such suite" in text


def test_an_expired_rule_is_a_red_row_without_a_command(tmp_path: Path) -> None:
    row = Unexpected(cell="", test="", outcome="expired", verdict=Verdict.STALE, detail="rules.toml: exclusion[3]")
    summary = run_of(cell_of(), unexpected=(row,), exit_status=1)
    page, markdown = pages(summary)
    said = shown(summary, tmp_path)
    for text in (page, markdown.replace("\\", ""), said):
        assert "rules.toml: exclusion[3]" in text
    assert "again:" not in said


# --- an issue


def about(text: str) -> Subject:
    one = Sighting(
        test="test.test_a.A.test_one",
        cell=cell_of().id,
        module="test_a",
        outcome=Status.CRASHED,
        verdict=Verdict.REGRESSION,
        limitation="no-fork",
        detail=text,
        whole=text,
    )
    limitation = Limitation(id="no-fork", title=text, section="processes", references=("https://example.org/fork",))
    other = replace(one, outcome=Status.PASSED, cell="another", detail=text)
    return Subject(
        sighting=one,
        others=(("wazero-1.12.0", other),),
        limitation=limitation,
        harness="0123abcd",
        by_hand=f"cd /guest\nenv wasmtime {text}",
    )


def issue_of(subject: Subject) -> str:
    cell = replace(cell_of(), host="Linux 6.1 x86_64, glibc 2.36, Python 3.11.7")
    return render.issue(subject, [subject.sighting], [], run_of(cell), render.Repeating())


def test_an_issue_has_what_a_runtimes_maintainers_need() -> None:
    text = issue_of(about("it trapped"))
    assert "This is a known limitation, no-fork: it trapped.\n- <https://example.org/fork>\n" in text
    assert "| wazero-1.12.0 | passed | it trapped |" in text
    assert "- host: Linux 6.1 x86\\_64, glibc 2.36, Python 3.11.7\n" in text
    assert "code 0123abcd\n" in text
    assert "\n```\ncd /guest\nenv wasmtime it trapped\n```\n" in text


@hostile
def test_hostile_text_breaks_nothing_in_an_issue(text: str) -> None:
    assert not re.search(UNSEEN, issue_of(about(text)))

    def unfenced(text: str) -> str:
        subject = replace(about(text), by_hand="")
        return issue_of(replace(subject, sighting=replace(subject.sighting, whole="")))

    assert table_rows(unfenced(text)) == table_rows(unfenced(""))
