"""What is new in a run."""

from __future__ import annotations

from msgspec.structs import replace

from reports import page as pages_of_a_run
from reports.news import News, PartChange, news_of, part_changes, thing, used
from reports.render import in_units
from reports.summary import CellStatus, CPythonUsed, Modules, Summary
from tests.unit.summaries import Page, cell_of, row_of, run_of

OLD, NEW = row_of("test.test_old"), row_of("test.test_new")
RUN = run_of(cell_of(id="the-cell"), unexpected=(OLD, NEW), exit_status=1)


def first_page(news: News | None = None, run: Summary = RUN) -> str:
    shown = pages_of_a_run.RunPage(summary=run, news=news)
    (text,) = (file.content.decode() for file in pages_of_a_run.run_files(shown) if file.name == "index.html")
    return text


def test_a_cause_is_new_when_its_outcome_was_not_red_before_and_new_causes_come_first() -> None:
    news = news_of(RUN, "before", red_before={thing(OLD)})
    assert [(one.cause.raised, one.new, one.rows) for one in news.causes] == [
        ("test.test_new", 1, 1),
        ("test.test_old", 0, 1),
    ]
    assert news.new == 1


def test_of_a_cause_that_has_grown_a_new_test_is_shown() -> None:
    more = replace(OLD, test="test.test_more")
    (one,) = news_of(replace(RUN, unexpected=(OLD, more)), "before", red_before={thing(OLD)}).causes
    assert (one.rows, one.new, one.first.test) == (2, 1, "test.test_more")


def test_without_an_earlier_run_nothing_is_called_new() -> None:
    assert news_of(RUN).new == 0
    text = Page(first_page()).text
    assert "2 unexpected, 2 causes" in text
    assert "as before" not in text
    assert "The history has no earlier run of these cells to compare with." in text


def test_a_part_that_differs_is_named_once_with_its_cells() -> None:
    cells = [cell_of(id=name, cpython=CPythonUsed(version="3.14", detail="of today")) for name in ("a", "b")]
    before = {"a": used(cells[0]) | {"CPython": "3.14 (of yesterday)"}, "b": used(cells[1])}
    before["b"] |= {"CPython": "3.14 (of yesterday)"}
    whole = {"harness": ("1", "2"), "list of limitations": ("same", "same"), "unknown": ("", "2")}
    assert part_changes(cells, before, whole) == (
        PartChange(part="CPython", before="3.14 (of yesterday)", after="3.14 (: of today)", cells=("a", "b")),
        PartChange(part="harness", before="1", after="2"),
    )


def test_a_cell_that_was_not_tested_has_no_part_that_differs() -> None:
    cell = cell_of("why", CellStatus.BUILD_FAILED, id="a")
    assert part_changes([cell], {"a": {"SDK": "another"}}, {}) == ()


def test_the_first_page_answers_what_is_new_and_what_changed_before_the_matrix() -> None:
    news = news_of(
        RUN,
        "the-run-before",
        red_before={thing(OLD)},
        parts=[PartChange(part="SDK", before="33.0", after="33.1", cells=("the-cell",))],
        passing=[("test.test_c", "the-cell")],
    )
    text = " ".join(Page(first_page(news)).text.split())
    assert "2 unexpected, 2 causes: 1 new" in text
    assert "Since the-run-before, not the same: SDK of the-cell: 33.0 → 33.1" in text
    assert "new test.test_new" in text
    assert "as before test.test_old" in text
    assert "1 newly passing: test.test_c (the-cell)" in text
    assert text.index("newly passing") < text.index("All 1 cells as a table")


def test_a_red_run_of_the_same_parts_says_so() -> None:
    assert "are those of <code>before</code>" in first_page(news_of(RUN, "before"))


def test_a_run_without_anything_red_says_so_in_one_line() -> None:
    text = Page(first_page(run=run_of(cell_of(), cell_of()))).text
    assert "Nothing unexpected in 2 cells." in text
    assert "compare with" not in text


def test_cells_that_were_not_built_are_named_once_and_those_expected_to_fail_are_not() -> None:
    failed = [cell_of("make failed\nlong log", CellStatus.BUILD_FAILED, id=name) for name in ("a", "b")]
    expected = cell_of("known to fail", CellStatus.BUILD_FAILED, id="c", expected=True)
    news = news_of(run_of(*failed, expected, cell_of(id="d")), "before", tested_before={"a"})
    assert news.gone == ("a",)
    text = " ".join(Page(first_page(news, run_of(*failed, expected, cell_of(id="d")))).text.split())
    assert "build-failed new 2 of 4 cells: make failed" in text
    start = text[: text.index("Matrix", text.index("Trends") + len("Trends"))]
    assert "long log" not in start
    assert "known to fail" not in start.replace('known to fail",', "")


def test_the_time_of_a_run_is_in_words() -> None:
    assert [in_units(seconds) for seconds in (0.4, 59.6, 61.5, 7380)] == [
        "0 s",
        "1 min 0 s",
        "1 min 2 s",
        "2 h 3 min",
    ]


def test_a_tested_cell_that_is_red_is_not_gone() -> None:
    cell = cell_of(id="a", status=CellStatus.UNEXPECTED, modules=Modules(planned=1, run=1))
    assert news_of(run_of(cell), "before", tested_before={"a"}).gone == ()
