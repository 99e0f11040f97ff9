from __future__ import annotations

import pytest

from matrix import errors
from matrix.errors import near


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.UsageError, 2),
        (errors.ConfigError, 2),
        (errors.Unobtainable, 3),
        (errors.BuildFailed, 3),
        (errors.HarnessFault, 4),
        (errors.HistoryUnusable, 4),
    ],
)
def test_each_error_has_its_exit_status(error: type[errors.MatrixError], status: int) -> None:
    assert error("what").exit_status == status


def test_a_hint_is_printed_below_the_message() -> None:
    assert str(errors.UsageError("what", hint="do that")) == "what\n  -> do that"
    assert str(errors.UsageError("what")) == "what"


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("test_jsn", ["test_json", "a_test_of_other_things"], "did you mean test_json?"),
        ("json", ["test_json_more_and_more_and_more", "test_os"], "did you mean test_json_more_and_more_and_more?"),
        ("JSON", ["a_json_in_a_very_long_name_indeed"], "did you mean a_json_in_a_very_long_name_indeed?"),
        ("zzz", ["b", "a", "a"], "there are: a, b"),
        ("zzz", [f"word{number}" for number in range(50)], ""),
        ("zzz", [], ""),
    ],
)
def test_similar_words_are_suggested(word: str, known: list[str], hint: str) -> None:
    assert near(word, known) == hint


def test_few_words_are_suggested() -> None:
    assert near("test_a", [f"test_a{number}" for number in range(9)]).count(" or ") == 2
