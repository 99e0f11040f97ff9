from __future__ import annotations

from pathlib import Path

import pytest

from harness.build.manifest import Contents
from harness.suite.changed import Chosen, concerned
from harness.suite.edits import Tree

FILES = {"/Lib/csv.py": "1", "/Lib/json.py": "1", "/Lib/test/test_csv.py": "1", "/Lib/test/test_json.py": "1"}
READS = {"test_csv": ["/Lib/csv.py", "/Lib/test/test_csv.py"], "test_json": ["/Lib/json.py", "/Lib/test/test_json.py"]}


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    for path in FILES:
        file = tmp_path / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("import new" if path == "/Lib/json.py" else "")
    return Tree(directory=tmp_path, contents=Contents(FILES))


def with_file(tree: Tree, path: str) -> Tree:
    (tree.directory / path.lstrip("/")).touch()
    return Tree(directory=tree.directory, contents=Contents(FILES | {path: "1"}))


def test_nothing_differs_and_nothing_is_concerned(tree: Tree) -> None:
    assert concerned([*READS, "test_new"], {}, READS, tree) == {}


def test_what_depends_on_an_edited_file_is_concerned(tree: Tree) -> None:
    assert concerned(READS, {"Lib/csv.py": "M", "Doc/csv.rst": "M"}, READS, tree) == {"test_csv": "/Lib/csv.py"}


def test_what_names_a_new_file_is_concerned(tree: Tree) -> None:
    assert concerned(READS, {"Lib/new.py": "A"}, READS, with_file(tree, "/Lib/new.py")) == {"test_json": "/Lib/json.py"}


def test_what_depends_on_a_file_that_is_gone_is_concerned(tree: Tree) -> None:
    gone = {"test_csv": [*READS["test_csv"], "/Lib/gone.py"]}
    assert concerned(READS, {"Lib/gone.py": "D"}, READS | gone, tree) == {"test_csv": "/Lib/gone.py"}


def test_a_module_that_never_ran_is_concerned_by_any_difference(tree: Tree) -> None:
    assert concerned([*READS, "test_new"], {"Doc/csv.rst": "M"}, READS, tree) == {"test_new": ""}


@pytest.mark.parametrize("name", ["Objects/dictobject.c", "configure", "configure.ac", "Include/Python.h"])
def test_what_the_binary_is_made_from_concerns_everything(tree: Tree, name: str) -> None:
    assert concerned(READS, {name: "M", "Lib/csv.py": "M"}, READS, tree) == dict.fromkeys(READS, f"/{name}")


# --- what is said


def test_it_is_said_what_runs_why_and_how_long_the_rest_would_take() -> None:
    why = {"test_csv": "/Lib/csv.py", "test_x": "/Lib/csv.py", "test_new": ""}
    found = Chosen(since="main (0123456789)", differing=("Lib/csv.py",), why=why)
    assert found.said(480, 96.4) == (
        "Lib/csv.py differs from main (0123456789)",
        "2 of 480 modules, because of Lib/csv.py: test_csv, test_x",
        "1 of 480 modules, which have not run here yet: test_new",
        "the other 477 would take about 96 s",
    )


def test_it_is_said_that_no_module_depends_on_a_difference() -> None:
    assert Chosen(since="main (0123456789)", differing=("README.rst",), why={}).said(480, 96.4)[1:] == (
        "none of 480 modules depends on that; to run them would take about 96 s",
    )


def test_it_is_said_that_nothing_differs() -> None:
    assert Chosen(since="main (0123456789)", differing=(), why={}).said(480, 96.4) == (
        "nothing differs from main (0123456789)",
    )
