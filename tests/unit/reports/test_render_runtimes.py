"""How a report shows the comparison of runtimes: on the page, in Markdown, on the terminal, as a document."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from reports.differences import NO_SUCH_TEST
from reports.render import runtimes_document
from reports.runtimes import AreaCount, RuntimeDifference, RuntimeRow, RuntimeTable
from reports.summary import RuntimeUsed, Summary
from tests.unit.hostile import UNSEEN
from tests.unit.summaries import MARK, Page, cell_of, hostile, pages, run_of, shown, table_rows, tables

FIRST = RuntimeRow(
    cell="a-cell",
    runtime="wasmtime",
    version="50.0.1",
    status="ok",
    passed=120,
    failed=3,
    known=2,
    unexpected=1,
    skipped=7,
    pass_rate=0.975,
    modules=9,
    wall_s=12.34,
    cpu_s=23.45,
    startup_s=0.256,
    speed=1.0,
    areas={"files": AreaCount(passed=100, differ=0), "other": AreaCount(passed=20, differ=0)},
)
TEST = "test.test_os.A.test_one"


def differing(test: str = TEST, limitation: str = "no-clock", outcome: str = "failed") -> RuntimeDifference:
    return RuntimeDifference(
        area="files", module="test_os", test=test, outcome=outcome, first="passed", limitation=limitation
    )


def table_of(*differences: RuntimeDifference, text: str = "") -> RuntimeTable:
    other = replace(
        FIRST,
        cell="other-cell",
        runtime="wazero" + text,
        version="1.12.0" + text,
        modules=4,
        reused=5,
        speed=0.5,
        areas=FIRST.areas | {"files": AreaCount(passed=99, differ=len(differences))},
        differences=differences,
    )
    missing = RuntimeRow(cell="third", runtime="wasmedge", version="0.17.1", status="unobtainable")
    return RuntimeTable(build="the-build" + text, areas=("files", "other"), rows=(FIRST, other, missing))


def run_with(*differences: RuntimeDifference, text: str = "") -> Summary:
    used = RuntimeUsed(name="wasmtime", version="50.0.1" + text, provider=text, detail="a wheel" + text)
    return replace(run_of(replace(cell_of(), id="a-cell", runtime=used)), runtimes=(table_of(*differences, text=text),))


def document(summary: Summary) -> str:
    files = {"no-clock": "../matrix/limitations/wasi.toml"}
    return runtimes_document(summary, "0.1.0 (code abc)", "nox -s nightly -- --set runtimes", files)


FIGURES = ["9", "120", "3", "2", "1", "7", "97.50%", "12.3 s", "23.4 s", "0.26 s", "1.00"]


def test_the_page_compares_figures_and_areas() -> None:
    page, _ = pages(run_with(differing()))
    assert "the-build under 3 runtimes" in page
    assert "Seconds are those of modules that were run: results that were reused do not count." in page
    cells = "".join(f'<td class="n">{text}</td>' for text in FIGURES)
    assert f'<a href="cells/a-cell/index.html">wasmtime 50.0.1</a></th>{cells}</tr>' in page
    assert '<td class="n">4 (5 reused)</td>' in page
    assert ">wasmedge 0.17.1: unobtainable</a></th>" + 11 * '<td class="n">-</td>' in page
    assert "how many do not have the outcome that they have under wasmtime 50.0.1." in page
    square = '<td class="n">99<br><a href="#differ-1-2-files">1 differ</a></td><td class="n">20</td>'
    assert f'<th scope="row">wazero 1.12.0</th>{square}' in page


def test_a_square_leads_to_the_tests_and_the_limitations_that_explain_them() -> None:
    page, _ = pages(run_with(differing(), differing("test.test_os.A.test_two", limitation="")))
    assert '<p id="differ-1-2-files">Explained by' in page
    assert '<a href="limitations.html#about-no-clock">no-clock</a> (1), no limitation (1).' in page
    link = "cells/other-cell/index.html#test=test.test_os.A.test_one"
    assert f'<a href="{link}">{TEST}</a></th><td>passed</td><td>failed</td>' in page


def test_a_test_that_is_not_there_leads_to_its_module() -> None:
    page, _ = pages(run_with(differing(outcome=NO_SUCH_TEST)))
    assert f'<a href="cells/other-cell/index.html#module=test_os">{TEST}</a>' in page


def test_every_link_within_the_page_leads_somewhere() -> None:
    page, _ = pages(run_with(differing()))
    assert set(re.findall(r'href="#(differ[^"]*)"', page)) == set(re.findall(r'id="(differ[^"]*)"', page))


def test_a_page_lists_some_of_the_tests_that_differ() -> None:
    page, _ = pages(run_with(*(differing(f"test.test_os.A.test{number}.") for number in range(203))))
    assert "test199." in page
    assert "test200." not in page
    assert '3 more are in <a href="summary.json">' in page


def test_the_markdown_has_both_tables_and_what_explains_the_differences() -> None:
    _, markdown = pages(run_with(differing(), differing("test.test_os.A.test_two", limitation="")))
    figures, areas = tables(markdown)[1:]
    assert figures[2] == f"| wasmtime 50.0.1 | {' | '.join(FIGURES)} |"
    assert figures[4] == "| wasmedge 0.17.1: unobtainable |" + 11 * " - |"
    assert areas[0] == "| runtime | files | other |"
    assert areas[3] == "| wazero 1.12.0 | 99, 2 differ | 20 |"
    assert len(areas) == 4
    assert "- wazero 1.12.0, files: no-clock (1), no limitation (1)\n" in markdown


@pytest.mark.parametrize("place", ["summary.md", "document"])
def test_markdown_tables_have_a_rule_rows_of_one_width_and_a_blank_line_before(place: str) -> None:
    summary = replace(run_with(differing()), runtimes=(table_of(differing()), table_of()))
    markdown = pages(summary)[1] if place == "summary.md" else document(summary)
    lines = ["", *markdown.splitlines()]
    found = tables(markdown)
    assert len(found) == 5
    for table in found:
        assert len(set(table_rows("\n".join(table)))) == 1
        assert re.fullmatch(r"\|(?: -{3,}:? \|)+", table[1])
        assert lines[lines.index(table[0]) - 1] == ""
    headings = [number for number, line in enumerate(lines) if line.startswith("#")]
    assert all(lines[number - 1] == "" == lines[number + 1] for number in headings)


def test_the_document_says_what_it_was_made_of_and_how_to_make_it_again() -> None:
    text = document(run_with(differing()))
    assert text.startswith("# CPython's test suite under each runtime\n")
    assert "run 20261122-120301-wasi-3f9a, which started 2026-11-22T12:03:01+00:00" in text
    assert "\n    nox -s nightly -- --set runtimes\n" in text
    assert "| harness | 0.1.0 (code abc) |" in text
    assert "| CPython | 3.13.5 |" in text
    assert "| wasi-sdk-24 | 24 |" in text
    assert "| wasmtime | 50.0.1 | a wheel |" in text
    assert "files: [no-clock](../matrix/limitations/wasi.toml) (1)\n" in text


def test_the_end_of_a_run_compares_runtimes_in_short(tmp_path: Path) -> None:
    lines = shown(run_with(differing()), tmp_path).splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith("the-build"))
    assert [re.sub(" +", " ", line).strip() for line in lines[at : at + 4]] == [
        "the-build passed failed skipped pass rate CPU start-up speed differ",
        "wasmtime 50.0.1 120 3 7 97.50% 23.4 s 0.26 s 1.00 0",
        "wazero 1.12.0 120 3 7 97.50% 23.4 s 0.26 s 0.50 1",
        "wasmedge 0.17.1: unobtainable - - - - - - -",
    ]


def test_a_run_with_one_runtime_compares_none(tmp_path: Path) -> None:
    for text in (*pages(run_of(cell_of())), shown(run_of(cell_of()), tmp_path)):
        assert "start-up" not in text


@hostile
def test_hostile_text_breaks_no_comparison(text: str, tmp_path: Path) -> None:
    plain = run_with(differing(MARK))
    summary = run_with(differing(MARK + text, limitation=MARK + text, outcome=text), text=MARK + text)
    (page, markdown), (plain_page, plain_markdown) = pages(summary), pages(plain)
    assert Page(page).tags == Page(plain_page).tags
    assert Page(page).attributes == Page(plain_page).attributes
    assert table_rows(markdown) == table_rows(plain_markdown)
    assert table_rows(document(summary)) == table_rows(document(plain))
    for made in (markdown, document(summary)):
        assert "<script" not in made
        assert not re.search(UNSEEN, made.replace("\n", ""))
    assert not re.search(UNSEEN, shown(summary, tmp_path).replace("\n", ""))
