"""CPython trees in directories."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.machine.store import Store
from harness.provide.cpython_directory import CPythonDirectory, cpython_from
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


def test_a_tree_is_known_by_where_a_link_to_it_leads(tmp_path: Path) -> None:
    tree = cpython_tree(tmp_path / "tree", "3.15.0a2+")
    (tmp_path / "link").symlink_to("tree")
    assert cpython_from(tmp_path / "link") == cpython_from(tree)


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


def test_a_tree_is_used_by_its_snapshot(tmp_path: Path, store: Store) -> None:
    tree = cpython_tree(tmp_path / "tree", "3.15.0a2+")
    found = obtain("cpython", [CPythonDirectory(tree)], store, silently)
    assert (found.provider, found.detail) == ("directory", f"{tree}, 3.15.0a2+")
    assert found.path.is_relative_to(store.root / "snapshots")
    assert (found.path / "Lib/os.py").read_text() == (tree / "Lib/os.py").read_text()


@pytest.mark.parametrize("trace", ["Programs/python.o", "pybuilddir.txt", "Makefile", "python"])
def test_a_tree_that_was_built_in_place_is_used_like_any_other(tmp_path: Path, store: Store, trace: str) -> None:
    tree = cpython_tree(tmp_path / "tree")
    before = obtain("cpython", [CPythonDirectory(tree)], store, silently)
    (tree / trace).parent.mkdir(exist_ok=True)
    (tree / trace).write_text("")
    assert obtain("cpython", [CPythonDirectory(tree)], store, silently) == before


def test_a_setup_local_is_left_out_and_said(tmp_path: Path, store: Store) -> None:
    tree = cpython_tree(tmp_path / "tree")
    (tree / "Modules").mkdir(exist_ok=True)
    (tree / "Modules/Setup.local").write_text("_json _json.c\n")
    (note,) = CPythonDirectory(tree).obtain(store, silently).notes
    assert note.startswith(f"{tree}/Modules/Setup.local is left out")


def test_an_edit_changes_the_digest_and_its_undoing_brings_it_back(tmp_path: Path, store: Store) -> None:
    tree = cpython_tree(tmp_path / "tree")
    provider = CPythonDirectory(tree)
    before, text = provider.obtain(store, silently).digest, (tree / "Lib/os.py").read_text()
    (tree / "Lib/os.py").write_text("edited")
    between = provider.obtain(store, silently).digest
    (tree / "Lib/os.py").write_text(text)
    assert provider.obtain(store, silently).digest == before != between


@pytest.mark.parametrize("name", ["my tree", "a:b", "it's", 'say "b"', "été"])
def test_the_path_of_a_tree_may_have_any_characters(tmp_path: Path, store: Store, name: str) -> None:
    tree = cpython_tree(tmp_path / name)
    assert cpython_from(tree).directory == tree
    assert CPythonDirectory(tree).obtain(store, silently).path.is_dir()


def test_a_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Store) -> None:
    tree = cpython_tree(tmp_path / "tree")

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("harness.provide.snapshot._content", refuse)
    with pytest.raises(Unobtainable, match=f"{tree}/.* cannot be read: Permission denied"):
        CPythonDirectory(tree).obtain(store, silently)
