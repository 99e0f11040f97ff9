from __future__ import annotations

import pytest
from msgspec.structs import replace

from matrix.browsers import BrowserLine, defect, too_old, user_js, words
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
        (replace(LINE, oldest={"A": "9", "A B": "new"}), "oldest: A B: 'new' is not a version"),
    ],
)
def test_what_cannot_work_is_told(line: BrowserLine, said: str) -> None:
    assert (defect(line) or "").startswith(said)


AGED = replace(LINE, oldest={"Chromium": "96", "Google Chrome": "96.1", "Mozilla Firefox": "114"})


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Chromium 95.0.4638.69 built on Debian 11.1\n", "Chromium 95.0.4638.69 is too old: 96 or later is needed"),
        ("a warning\nMozilla Firefox 102.15.1esr\n", "Mozilla Firefox 102.15.1 is too old: 114 or later is needed"),
        ("Google Chrome 96.0.4664.45 \n", "Google Chrome 96.0.4664.45 is too old: 96.1 or later is needed"),
        ("Google Chrome 96.1\n", None),
        ("Chromium 156.0.8078.108\n", None),
        ("Mozilla Firefox 114\n", None),
        ("Vivaldi 7.0.3495.6 stable\n", None),  # its own numbers
        ("Mozilla Firefox\n", None),
        ("", None),
    ],
)
def test_a_browser_may_be_too_old(said: str, reason: str | None) -> None:
    assert too_old(AGED, said) == reason


def test_the_browsers_of_the_matrix_can_be_started() -> None:
    lines = [row.browser for row in load().runtimes if row.kind is RuntimeKind.BROWSER]
    assert lines
    assert [defect(line) for line in lines if line] == [None] * len(lines)
