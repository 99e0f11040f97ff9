"""Which tests a word of the command line names."""

from __future__ import annotations

import pytest

from reports.matching import matching


@pytest.mark.parametrize("word", ["test_[", "test_[!a]", "[", "***", "?"])
def test_any_glob_is_taken(word: str) -> None:
    names = {"test.test_[", "test.test_b", "["}
    found = matching(names, word)
    assert found
    assert set(found) <= names


def test_a_name_is_found_without_being_a_glob() -> None:
    assert matching({"test.test_a", "test_a"}, "test_a") == ["test_a"]
    assert matching({"test.test_a", "test.test_ab"}, "test_a") == ["test.test_a"]
