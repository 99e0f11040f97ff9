"""The driver's choice of tests by regrtest's `--match` and `--ignore`."""

from __future__ import annotations

import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

is_wanted = importlib.import_module("harness.guests.inside.filters").is_wanted  # no types: it runs in guests

ID = "test.test_os.FileTests.test_access"


@pytest.mark.parametrize(
    "pattern",
    ["test_access", "FileTests", "test_os", ID, "test_os.FileTests.test_access", "test_acc*", "*.FileTests.*", "test"],
)
def test_a_pattern_is_compared_with_the_id_and_with_its_parts(pattern: str) -> None:
    assert is_wanted(ID, [(pattern, True)])
    assert not is_wanted(ID, [(pattern, False)])


@pytest.mark.parametrize("pattern", ["access", "test_ACCESS", "test_os.FileTests", "os*", "test_[!ao]*s", ""])
def test_a_pattern_must_match_the_whole_of_either(pattern: str) -> None:
    assert not is_wanted("test.test_os.FileTests.access_x", [(pattern, True)])
    assert not is_wanted(ID, [("FileTests.test_access", True)])


def test_several_patterns_are_alternatives() -> None:
    assert is_wanted(ID, [("nothing", True), ("test_access", True), ("other", True)])
    assert not is_wanted(ID, [("nothing", False), ("test_access", False)])


def test_the_last_pattern_that_matches_counts() -> None:
    assert not is_wanted(ID, [("FileTests", True), ("test_access", False)])
    assert is_wanted(ID, [("FileTests", False), ("test_access", True)])


def test_what_no_pattern_matches_is_left_when_the_first_one_ignores() -> None:
    assert is_wanted(ID, [("x", False), ("y", True)])
    assert not is_wanted(ID, [("x", True), ("y", False)])


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "a*", "test.a", "[", "*"]), st.booleans()), min_size=1))
def test_any_patterns_decide(patterns: list[tuple[str, bool]]) -> None:
    assert is_wanted("test.a.b", patterns) in (True, False)
