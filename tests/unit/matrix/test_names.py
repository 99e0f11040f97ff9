from __future__ import annotations

import pytest

from matrix.names import LONGEST, cut, full_name, is_within, spellings

DUMP = "test.test_json.test_dump.TestPyDump.test_dump"


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("test_json", "test.test_json"),
        ("test.test_json", "test.test_json"),
        ("test.test_asyncio.test_events", "test.test_asyncio.test_events"),
        ("testing", "test.testing"),
    ],
)
def test_a_full_name_begins_with_the_package(name: str, full: str) -> None:
    assert full_name(name) == full
    assert spellings(name) == (name, full)


@pytest.mark.parametrize(
    "name", [DUMP, DUMP.removeprefix("test."), "test_json", "test.test_json", "test_json.test_dump.TestPyDump"]
)
def test_a_test_is_within_itself_its_class_and_its_module(name: str) -> None:
    assert is_within(DUMP, name)


@pytest.mark.parametrize(
    "name",
    [
        "test_js",
        "test_json.test_dump.TestPyDump.test_",
        "test_json.test_dump.TestCDump",
        "test_json.test_dump.TestPyDump.test_dump.more",
        "test_dump",
        "",
    ],
)
def test_a_test_is_not_within_a_name_that_merely_resembles_it(name: str) -> None:
    assert not is_within(DUMP, name)


def test_tests_outside_the_package_keep_their_names() -> None:
    assert is_within("distutils.tests.test_cmd.CommandTestCase.test_dump", "distutils.tests.test_cmd")


def test_a_name_of_300000_characters_is_cut_and_stays_different_from_others() -> None:
    first, second = (f"test.test_a.A.test_{'x' * 300_000}{end}" for end in "ab")
    assert len(cut(first)) == len(cut(second)) == LONGEST
    assert cut(first) != cut(second)
    assert cut(first).startswith("test.test_a.A.test_xxx")
    assert cut(cut(first)) == cut(first)
    assert cut("\ud800" * 300_000) != cut("\ud801" * 300_000)


def test_a_name_that_is_not_too_long_stays() -> None:
    assert cut(DUMP) == DUMP
    assert cut("x" * LONGEST) == "x" * LONGEST
