from __future__ import annotations

from pathlib import Path

from matrix.model import CPython
from tests.unit import made


def test_the_id_of_a_users_tree_contains_the_name_of_its_directory(tmp_path: Path) -> None:
    assert CPython(version="3.15.0a2", directory=tmp_path / "my tree").id == "cpython-3.15.0a2-my-tree"


def test_a_debug_build_is_another_build() -> None:
    assert made.build(debug=True).id == made.build().id + "_debug"
