"""CPython trees in directories."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.machine.store import Store
from harness.provide.cpython_directory import CPythonDirectory, cpython_from, tree_fingerprint
from harness.provide.obtain import obtain
from harness.provide.provider import silently
from matrix.errors import Unobtainable, UsageError
from tests.unit.harness.provide.directories import cpython_tree


@pytest.mark.parametrize(
    ("text", "version"), [("3.15.0a2+", "3.15.0a2"), ("3.13.5", "3.13.5"), ("3.14.0rc1", "3.14.0rc1")]
)
def test_the_version_comes_from_patchlevel_h(tmp_path: Path, text: str, version: str) -> None:
    cpython = cpython_from(cpython_tree(tmp_path / "tree", text))
    assert (cpython.version, cpython.directory) == (version, tmp_path / "tree")
    assert cpython.id == f"cpython-{version}-tree"


def test_a_directory_without_the_parts_of_a_tree_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"configure, Include/patchlevel\.h, Lib/os\.py, Lib/test not in it"):
        cpython_from(tmp_path)
    with pytest.raises(UsageError, match="there is no such directory"):
        cpython_from(tmp_path / "gone")


def test_a_tree_without_a_version_is_refused(tmp_path: Path) -> None:
    tree = cpython_tree(tmp_path / "tree")
    (tree / "Include/patchlevel.h").write_text("")
    with pytest.raises(UsageError, match="does not state the version"):
        cpython_from(tree)


def test_a_tree_is_used_in_place(tmp_path: Path, store: Store) -> None:
    tree = cpython_tree(tmp_path / "tree")
    found = obtain("cpython", [CPythonDirectory(tree)], store, silently)
    assert (found.path, found.provider, found.digest) == (tree, "directory", tree_fingerprint(tree))


@pytest.mark.parametrize("trace", ["Programs/python.o", "pybuilddir.txt"])
def test_a_tree_that_was_built_in_place_is_refused_with_a_remedy(tmp_path: Path, store: Store, trace: str) -> None:
    tree = cpython_tree(tmp_path / "tree")
    (tree / trace).parent.mkdir(exist_ok=True)
    (tree / trace).write_text("")
    assert CPythonDirectory(tree).cached(store) is None
    with pytest.raises(Unobtainable, match="make distclean"):
        obtain("cpython", [CPythonDirectory(tree)], store, silently)


def test_an_edit_changes_the_fingerprint(tmp_path: Path) -> None:
    tree = cpython_tree(tmp_path / "tree")
    before = tree_fingerprint(tree)
    (tree / "Lib/os.py").write_text("edited")
    assert tree_fingerprint(tree) != before


def test_a_new_and_a_removed_file_change_the_fingerprint(tmp_path: Path) -> None:
    tree = cpython_tree(tmp_path / "tree")
    before = tree_fingerprint(tree)
    (tree / "Lib/new.py").write_text("")
    between = tree_fingerprint(tree)
    (tree / "Lib/new.py").unlink()
    assert tree_fingerprint(tree) == before != between


def test_files_of_git_and_builds_do_not_change_the_fingerprint(tmp_path: Path) -> None:
    tree = cpython_tree(tmp_path / "tree")
    before = tree_fingerprint(tree)
    for name in (".git", "Lib/__pycache__", "cross-build", "builddir"):
        (tree / name).mkdir()
        (tree / name / "file").write_text("")
    assert tree_fingerprint(tree) == before


def test_a_tree_with_a_dangling_link_has_a_fingerprint(tmp_path: Path) -> None:
    tree = cpython_tree(tmp_path / "tree")
    os.symlink("nowhere", tree / "Lib/link")
    assert tree_fingerprint(tree)


@pytest.mark.parametrize("name", ["my tree", "a:b"])
def test_a_tree_whose_path_breaks_builds_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="which configure and make cannot handle") as caught:
        cpython_from(cpython_tree(tmp_path / name))
    assert "move it" in caught.value.hint


def test_a_tree_that_cannot_be_read_is_unobtainable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Store
) -> None:
    def refuse(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path / "Lib"))

    monkeypatch.setattr("harness.provide.cpython_directory.tree_fingerprint", refuse)
    tree = cpython_tree(tmp_path / "tree")
    with pytest.raises(Unobtainable, match=f"{tree} cannot be read: .*Permission denied"):
        CPythonDirectory(tree).obtain(store, silently)
