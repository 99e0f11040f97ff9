"""How a report shows what differs between cells."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from tests.unit.summaries import (
    CELLS,
    MARK,
    Page,
    as_json,
    cell_of,
    comparing,
    comparison_of,
    hostile,
    pages,
    row_of,
    run_of,
    table_rows,
    tables,
)


def test_differences_are_a_table_on_the_page() -> None:
    page, _ = pages(comparing(comparison_of("test.test_a.A.test_one")))
    assert "What differs between the cells of cpython-3.11.2" in page
    assert "1 of 1000 tests do not have the same outcome in all 3 cells." in page
    head = [f'<th scope="col">{name}</th>' for name in ("test", *(f"emscripten-3.1.{part}" for part in (24, 58, 69)))]
    assert "".join(head) in page
    assert '<th scope="row">test.test_a.A.test_one</th><td>passed</td><td>passed</td><td>failed</td>' in page


def test_the_page_names_the_module_of_a_test_from_elsewhere() -> None:
    page, _ = pages(comparing(comparison_of("test.test_b.B.test_one")))
    assert '<th scope="row">test.test_b.B.test_one <small>(test_a)</small></th>' in page


def test_differences_are_a_table_in_the_markdown() -> None:
    _, markdown = pages(comparing(comparison_of("test.test_a.A.one", "test.test_a.A.two")))
    assert tables(markdown)[-1] == [
        "| test | emscripten-3.1.24 | emscripten-3.1.58 | emscripten-3.1.69 |",
        "| --- | --- | --- | --- |",
        r"| test.test\_a.A.one | passed | passed | failed |",
        r"| test.test\_a.A.two | passed | passed | failed |",
    ]


@pytest.mark.parametrize("count", [2, 3])
def test_markdown_tables_have_a_rule_and_rows_of_one_width(count: int) -> None:
    comparisons = (comparison_of("a", "b", cells=CELLS[:count]), comparison_of("c"))
    summary = run_of(cell_of(), cell_of(), unexpected=(row_of("x"),), comparisons=comparisons)
    _, markdown = pages(summary)
    found = tables(markdown)
    assert [len(table) for table in found] == [4, 3, 3, 4, 3]
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
        assert "0 of 1000 tests do not have the same outcome in all 3 cells." in text
    assert Page(page).tags.count("table") == 1
    assert len(tables(markdown)) == 1


def test_a_run_without_comparisons_does_not_mention_them() -> None:
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
