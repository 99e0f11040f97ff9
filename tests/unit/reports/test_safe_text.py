from __future__ import annotations

import re

from hypothesis import example, given

from matrix.text import visible
from reports.safe_text import markdown_line
from tests.unit.hostile import UNSEEN, texts
from tests.unit.summaries import table_rows


@given(texts)
def test_visible_text_hides_nothing_and_is_valid_utf_8(text: str) -> None:
    shown = visible(text)
    shown.encode("utf-8")
    assert not re.search(UNSEEN, shown)


def test_ordinary_text_stays_as_it_is() -> None:
    assert visible("a test\n\twith “quotes”") == "a test\n\twith “quotes”"


def test_a_colour_and_a_lone_surrogate_are_shown_as_escapes() -> None:
    assert visible("\x1b[31m \ud800 \u202e") == "\\x1b[31m \\ud800 \\u202e"


@given(texts)
@example("\\|")
@example("\\\\| |")
def test_any_text_fits_in_one_cell_of_a_table(text: str) -> None:
    row = f"| {markdown_line(text)} |"
    assert len(row.splitlines()) == 1
    assert table_rows(row) == [1]
    assert "<" not in row


@given(texts.map(lambda text: text * 50))
@example("*" * 400)
def test_a_long_text_is_cut_so_that_the_table_stays_whole(text: str) -> None:
    cut = markdown_line(text)
    assert len(cut) <= 300
    assert table_rows(f"| {cut} |") == [1]


def test_a_text_is_not_cut_within_an_escape() -> None:
    assert markdown_line("x" * 301) == "x" * 297 + "..."
    assert markdown_line("x" * 296 + "*" * 5) == "x" * 296 + "..."


def test_markdown_syntax_is_escaped() -> None:
    assert markdown_line("a_b *c* `d` [e](f) # g") == r"a\_b \*c\* \`d\` \[e\](f) \# g"
    assert markdown_line("<b>|`a`\n\x1b[31m *x*") == r"&lt;b&gt;\|\`a\` \\x1b\[31m \*x\*"
