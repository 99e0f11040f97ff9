from __future__ import annotations

from pathlib import Path

from matrix.model import CPython
from tests.unit import made


def test_the_id_of_a_users_tree_contains_the_name_of_its_directory(tmp_path: Path) -> None:
    assert CPython(version="3.15.0a2", directory=tmp_path / "my tree").id == "cpython-3.15.0a2-my-tree"


def test_the_id_of_a_commit_of_a_tree_contains_its_first_digits(tmp_path: Path) -> None:
    commit = "1b8858023b" + "0" * 30
    cpython = CPython(version="3.13.0a5", directory=tmp_path / "my tree", commit=commit)
    assert cpython.id == "cpython-3.13.0a5-my-tree-1b8858023b"


def test_a_debug_build_is_another_build() -> None:
    assert made.build(debug=True).id == made.build().id + "_debug"
