from __future__ import annotations

import pytest
from msgspec.structs import replace

from matrix.browsers import BrowserLine, defect, user_js, words
from matrix.load import load
from matrix.model import RuntimeKind

LINE = BrowserLine(
    commands=("a", "b"), run=("--profile", "{profile}", "{url}"), as_root=("--bare",), says="^A ", debian="a"
)


def test_the_words_have_the_profile_and_leave_the_address() -> None:
    assert words(LINE, profile="/a b", root=False) == ("--profile", "/a b", "{url}")
    assert words(LINE, profile="/p", root=True) == ("--bare", "--profile", "/p", "{url}")


def test_preferences_are_javascript() -> None:
    assert user_js({}) == ""
    assert user_js({"a.b": False, "n": 3, "s": '"'}) == (
        'user_pref("a.b", false);\nuser_pref("n", 3);\nuser_pref("s", "\\"");\n'
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (replace(LINE, run=("{url}",)), "run: {profile} is missing"),
        (replace(LINE, run=("{profile}",)), "run: {url} is missing"),
        (replace(LINE, run=("{profile}{url}{port}",)), "run: there is no placeholder {port}; there are: profile, url"),
        (replace(LINE, as_root=("{}",)), "as_root: there is no placeholder {}; there are: profile, url"),
        (replace(LINE, commands=()), "commands: there is none"),
        (replace(LINE, says="("), "says: '(' is not a regular expression"),
    ],
)
def test_what_cannot_work_is_told(line: BrowserLine, said: str) -> None:
    assert (defect(line) or "").startswith(said)


def test_the_browsers_of_the_matrix_can_be_started() -> None:
    lines = [row.browser for row in load().runtimes if row.kind is RuntimeKind.BROWSER]
    assert lines
    assert [defect(line) for line in lines if line] == [None] * len(lines)
