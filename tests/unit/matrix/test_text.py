from __future__ import annotations

import pytest

from matrix.text import last_line, shortened


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ""),
        (" \n\n", ""),
        ("one", "one"),
        ("\n \n", ""),
        ("a\r\nb", "b"),
        ("one\n  two \n\n", "two"),
        ("Traceback:\n  ValueError: x  \n\n", "ValueError: x"),
    ],
)
def test_the_last_line_is_the_last_one_that_is_not_blank(text: str, line: str) -> None:
    assert last_line(text) == line


def test_a_short_text_is_not_shortened() -> None:
    assert shortened("12345678", 8) == "12345678"


def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    assert shortened("123456789", 4) == "12\n[... 5 characters left out ...]\n89"
    assert shortened("123456789", 5) == "12\n[... 5 characters left out ...]\n89"


def test_a_shortened_text_says_where_the_whole_text_is() -> None:
    assert shortened("123456789", 4, see="a.log") == "12\n[... 5 characters left out; see a.log ...]\n89"
