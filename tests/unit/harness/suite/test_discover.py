from __future__ import annotations

from pathlib import Path

import pytest

from harness.suite.discover import module_size, test_modules
from matrix.errors import Unobtainable, UsageError

found_in = test_modules
del test_modules  # it is no test

RULES_312 = '''
"""What regrtest splits up."""
SPLITTESTDIRS: set[str] = {
    "test_asyncio",
    "test_concurrent_futures",
}
'''
RULES_PLAIN = 'import os\nSPLITTESTDIRS = {\n    "test_asyncio",\n}\n'


def tree(top: Path, *files: str, rules: str = "", place: str = "findtests.py") -> Path:
    """A source tree with some files below Lib/test."""
    for name in files:
        path = top / "Lib/test" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#" * len(name))
    if rules:
        path = top / "Lib/test/libregrtest" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rules)
    return top


def test_modules_and_packages_are_found_in_order(tmp_path: Path) -> None:
    source = tree(tmp_path, "test_os.py", "test_json/__init__.py", "test_json/test_dump.py", "test_abc.py")
    assert found_in(source) == ("test_abc", "test_json", "test_os")


def test_files_that_are_not_tests_are_left_out(tmp_path: Path) -> None:
    source = tree(
        tmp_path, "test_os.py", "__init__.py", "support/__init__.py", "test_data.txt", "pickletester.py", "regrtest.py",
        "test_os.pyc", "libregrtest/__init__.py",
    )  # fmt: skip
    assert found_in(source) == ("test_os",)


@pytest.mark.parametrize("rules", [RULES_312, RULES_PLAIN])
def test_a_split_package_counts_as_its_modules(tmp_path: Path, rules: str) -> None:
    source = tree(
        tmp_path,
        "test_asyncio/__init__.py",
        "test_asyncio/test_events.py",
        "test_asyncio/test_tasks.py",
        "test_asyncio/utils.py",
        "test_json/test_dump.py",
        "test_os.py",
        rules=rules,
    )
    assert found_in(source) == (
        "test.test_asyncio.test_events",
        "test.test_asyncio.test_tasks",
        "test_json",
        "test_os",
    )


def test_without_rules_no_package_is_split(tmp_path: Path) -> None:
    source = tree(tmp_path, "test_asyncio/test_events.py", rules="STDTESTS = []\n", place="runtest.py")
    assert found_in(source) == ("test_asyncio",)


def test_in_311_the_rules_are_in_another_file(tmp_path: Path) -> None:
    source = tree(tmp_path, "test_asyncio/test_events.py", rules=RULES_PLAIN, place="runtest.py")
    assert found_in(source) == ("test.test_asyncio.test_events",)


def test_a_tree_without_tests_is_an_error_that_names_it(tmp_path: Path) -> None:
    source = tree(tmp_path, "__init__.py")
    with pytest.raises(UsageError, match="has no test modules") as caught:
        found_in(source)
    assert str(tmp_path / "Lib/test") in str(caught.value)


def test_the_size_of_a_module_is_the_size_of_its_sources(tmp_path: Path) -> None:
    source = tree(tmp_path, "test_os.py", "test_json/__init__.py", "test_json/test_dump.py", "test_json/data.txt")
    assert module_size(source, "test_os") == len("test_os.py")
    assert module_size(source, "test_json") == len("test_json/__init__.py" + "test_json/test_dump.py")
    assert module_size(source, "test.test_json.test_dump") == len("test_json/test_dump.py")
    assert module_size(source, "test_gone") == 0


@pytest.mark.parametrize("rules", ["SPLITTESTDIRS = {", "SPLITTESTDIRS = names()", "SPLITTESTDIRS = 1", "x = '\0'"])
def test_rules_that_cannot_be_read_are_named(tmp_path: Path, rules: str) -> None:
    source = tree(tmp_path, "test_os.py", rules=rules)
    with pytest.raises(Unobtainable, match=r"libregrtest/findtests\.py"):
        found_in(source)


def test_rules_that_are_no_utf_8_are_named(tmp_path: Path) -> None:
    source = tree(tmp_path, "test_os.py", rules="x")
    (source / "Lib/test/libregrtest/findtests.py").write_bytes(b"x = '\xff'")
    with pytest.raises(Unobtainable, match=r"libregrtest/findtests\.py is no Python"):
        found_in(source)
