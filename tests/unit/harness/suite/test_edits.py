from __future__ import annotations

from pathlib import Path

import pytest

from harness.build.manifest import Contents
from harness.suite.edits import TEXT, Edits, Tree, may_use_subinterpreters

SOURCES = {
    "/Lib/json/__init__.py": "from json import decoder",
    "/Lib/json/decoder.py": "x = 1",
    "/Lib/csv.py": "import re",
    "/Lib/test/__init__.py": "",
    "/Lib/test/test_json.py": "import json",
    "/Lib/test/test_csv.py": "import csv; helper = 'csv_helper'; open('data.csv')",
    "/Lib/test/data/one.txt": "1",
    "/LICENSE": "text",
}
"""the files of a tree: what their digests stand for, and their texts"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "tree"


def edits(directory: Path, changed: dict[str, str] | None = None, removed: tuple[str, ...] = ()) -> Edits:
    now = {path: text for path, text in (SOURCES | (changed or {})).items() if path not in removed}
    for path, text in now.items():
        file = directory / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Edits(Contents(SOURCES), Tree(directory=directory, contents=Contents(now)))


JSON = ("/Lib/json/__init__.py", "/Lib/json/decoder.py", "/Lib/test/test_json.py")
CSV = ("/Lib/csv.py", "/Lib/test/test_csv.py")


def test_nothing_differs(directory: Path) -> None:
    found = edits(directory)
    assert not found
    assert not found.concerning(SOURCES)


def test_an_edit_concerns_what_depends_on_the_file(directory: Path) -> None:
    found = edits(directory, {"/Lib/json/decoder.py": "x = 2"})
    assert found
    assert found.concerning(JSON) == "/Lib/json/decoder.py"
    assert not found.concerning(CSV)


@pytest.mark.parametrize("known", [True, False])
def test_a_source_that_is_compiled_to_the_same_concerns_who_reads_its_text(directory: Path, known: bool) -> None:
    path, was, now = "/Lib/json/decoder.py", "x = 1", "x = 1  # one"
    code = dict.fromkeys(SOURCES, "code")
    tree = Tree(directory=directory, contents=Contents(SOURCES | {path: now}, code))
    found = Edits(Contents(SOURCES | {path: was}, code if known else {}), tree)
    assert found
    assert found.concerning(JSON) == ("" if known else path)
    assert found.concerning((*JSON, path + TEXT)) == (path + TEXT if known else path)
    assert not found.concerning(("/Lib/csv.py" + TEXT, *CSV))


def test_a_source_that_is_compiled_to_something_else_concerns_who_imports_it(directory: Path) -> None:
    path = "/Lib/json/decoder.py"
    tree = Tree(directory=directory, contents=Contents(SOURCES | {path: "x = 2"}, {path: "2"}))
    for code in ({path: "1"}, {}):
        assert Edits(Contents(SOURCES, code), tree).concerning(JSON) == path
    uncompiled = Tree(directory=directory, contents=Contents(SOURCES | {path: "x = ("}))
    assert Edits(Contents(SOURCES, {path: "1"}), uncompiled).concerning(JSON) == path


FUNCTIONS = {"/Lib/json/decoder.py": ("the module", "one", "two", "three")}


@pytest.mark.parametrize(
    ("now", "concerned"),
    [
        (("the module", "one", "two", "three"), ["", "/Lib/json/decoder.py as text"]),  # a comment, and lines moved
        (("the module", "one", "other", "three"), ["0-2", "2", "0,2-3"]),
        (("the module", "other", "two", "other"), ["0-2", "0-1", "0,2-3", "3"]),
        (("other", "one", "two", "three"), ["0-2", "0-1", "0", "0,2-3"]),
        (("the module", "one", "two"), ["0-2", "0-1", "0", "2", "3", "0,2-3"]),
        ((), ["0-2", "0-1", "0", "2", "3", "0,2-3"]),
    ],
)
def test_a_function_that_changed_concerns_those_for_which_it_ran(
    directory: Path, now: tuple[str, ...], concerned: list[str]
) -> None:
    path = "/Lib/json/decoder.py"
    tree = Tree(directory=directory, contents=Contents(SOURCES | {path: "x = 2"}, {path: "2"}, {path: now}))
    found = Edits(Contents(SOURCES, {path: "1"}, FUNCTIONS), tree)
    for ran in ("0-2", "0-1", "0", "2", "3", "0,2-3"):
        reads = ("/Lib/json/__init__.py ran 0", f"{path} ran {ran}", "/Lib/test/test_json.py")
        assert found.concerning(reads) == (path if ran in concerned else "")
    assert found.concerning(JSON) == path
    assert not found.concerning(("/Lib/csv.py ran 0-3", *CSV))


def test_a_function_that_changed_concerns_everyone_when_it_is_not_known_what_it_was(directory: Path) -> None:
    found = edits(directory, {"/Lib/json/decoder.py": "x = 2"})
    assert found.concerning(("/Lib/json/decoder.py ran 0",)) == "/Lib/json/decoder.py"


def test_a_file_that_is_new_or_missing_concerns_whatever_ran_of_what_names_it(directory: Path) -> None:
    removed = edits(directory, removed=("/Lib/csv.py",))
    assert removed.concerning(("/Lib/csv.py ran 0",)) == "/Lib/csv.py"
    new = edits(directory, {"/Lib/csv_helper.py": ""})
    assert not new.concerning(("/Lib/csv.py ran 0",))
    found = edits(directory, {"/Lib/csv/__init__.py": ""})
    assert found.concerning(("/Lib/csv.py ran 0",)) == "/Lib/csv.py"


def test_a_new_file_concerns_what_names_it_also_when_no_function_that_ran_has_changed(directory: Path) -> None:
    new, path = "/Lib/csv_helper.py", "/Lib/test/test_csv.py"
    files = SOURCES | {path: SOURCES[path] + " # edited"}
    for one, text in (files | {new: ""}).items():
        (directory / one.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        (directory / one.lstrip("/")).write_text(text)
    read = f"{path} ran 0"
    for now, concerned in ((files, ""), (files | {new: ""}, path)):
        tree = Tree(directory=directory, contents=Contents(now, {}, {path: ("the module", "other")}))
        assert Edits(Contents(SOURCES, {}, {path: ("the module", "one")}), tree).concerning((read,)) == concerned


@pytest.mark.parametrize("read", ["/Lib/json/decoder.py ran ", "/Lib/json/decoder.py ran x", "/Lib/a ran 1-", " ran 1"])
def test_a_path_that_only_looks_as_if_functions_ran_is_a_path(directory: Path, read: str) -> None:
    assert not edits(directory, {"/Lib/json/decoder.py": "x = 2"}).concerning((read,))


def test_a_file_that_is_removed_concerns_what_depends_on_it(directory: Path) -> None:
    found = edits(directory, removed=("/Lib/csv.py",))
    assert found.concerning(CSV)
    assert not found.concerning(JSON)


@pytest.mark.parametrize(
    ("new", "concerned"),
    [
        ("/Lib/csv/__init__.py", CSV),  # it would be found in place of csv.py
        ("/Lib/test/csv_helper.py", CSV),  # it may have been looked for, and not found
        ("/Lib/csv_helper.cpython-313-wasm32-wasi.so", CSV),
        ("/Lib/test/data.csv", CSV),
        ("/Lib/decoder.py", JSON),
        ("/Lib/test/test_json/__init__.py", JSON),  # nothing names it: the driver imports it
        ("/Lib/test/test_csv/__init__.py", CSV),
        ("/Lib/test/test_new.py", ()),
        ("/Lib/test/test_new/__init__.py", ()),
        ("/Lib/new/__init__.py", ()),
    ],
)
def test_a_new_file_concerns_what_names_it(directory: Path, new: str, concerned: tuple[str, ...]) -> None:
    found = edits(directory, {new: ""})
    assert bool(found.concerning(JSON)) == (concerned == JSON)
    assert bool(found.concerning(CSV)) == (concerned == CSV)


def test_a_new_file_that_is_no_source_concerns_what_depends_on_a_file_beside_it(directory: Path) -> None:
    found = edits(directory, {"/Lib/test/data/two.txt": "2"})
    assert found.concerning(("/Lib/test/data/one.txt",))
    assert not found.concerning(JSON)


@pytest.mark.parametrize(
    ("changed", "removed", "listing"),
    [
        ({"/Lib/test/test_new.py": ""}, (), "/Lib/test/"),
        ({"/Lib/test/test_new/deep/a.py": ""}, (), "/Lib/test/"),
        ({"/Lib/test/test_new/deep/a.py": ""}, (), "/Lib/test/test_new/"),
        ({}, ("/Lib/test/data/one.txt",), "/Lib/test/"),  # the directory is gone, too
        ({"/NEWS": ""}, (), "/"),
    ],
)
def test_a_listing_depends_on_the_names_in_its_directory(
    directory: Path, changed: dict[str, str], removed: tuple[str, ...], listing: str
) -> None:
    found = edits(directory, changed, removed)
    assert found.concerning((listing,)) == listing
    assert not found.concerning(("/Lib/json/",))
    assert not edits(directory / "other", {"/Lib/test/test_csv.py": "other"}).concerning((listing,))


def test_what_opened_a_directory_depends_on_everything_in_it(directory: Path) -> None:
    found = edits(directory, {"/Lib/test/data/one.txt": "2"})
    assert found.concerning(("/Lib/test",)) == "/Lib/test/"
    assert not found.concerning(("/Lib/json",))


def test_a_path_that_the_tree_does_not_have_is_not_an_edit(directory: Path) -> None:
    assert not edits(directory, {"/Lib/csv.py": "other"}).concerning(("/tmp/file", "/driver.py"))


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("/Lib/test/test_a.py", "_testcapi.run_in_subinterp(code)", True),
        ("/Lib/test/test_a.py", "from test.support import interpreters", True),
        ("/Lib/test/test_a.py", "import os", False),
        ("/Lib/test/support/__init__.py", "def run_in_subinterp(code):", False),  # all tests read it
        ("/Lib/importlib/util.py", "_interpreters", False),
    ],
)
def test_tests_that_speak_of_subinterpreters_may_read_more_than_is_seen(
    directory: Path, path: str, text: str, found: bool
) -> None:
    edits(directory, {path: text})
    reads = ("/Lib/os.py", "/Lib/test/", "/Lib/test/opened_but_not_there.py", "/Lib/test/test_csv.py", path)
    assert may_use_subinterpreters(reads, directory) is found
