"""The archive of tests, which browsers load."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harness.build.stage import TESTS, pack_tests


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with one file below its tests, and others."""
    tree = tmp_path / "guest"
    for name in ("Lib/os.py", "Lib/test/__init__.py", "Modules/main.c", "configure"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(name)
    return tree


def unpacked(tree: Path) -> dict[str, bytes]:
    """The files that the archive of a tree has."""
    data = (tree / TESTS[0]).read_bytes()
    rows = json.loads((tree / TESTS[1]).read_bytes())
    assert len({name for name, *_ in rows}) == len(rows)
    return {name: data[start:end] for name, start, end, _ in rows}


def test_the_archive_has_every_file_below_the_tests_and_no_other(tree: Path) -> None:
    for name, data in (("test_a.py", b"a = 1\n"), ("data/empty.txt", b""), ("__pycache__/test_a.pyc", b"\x00\xff")):
        (tree / "Lib/test" / name).parent.mkdir(exist_ok=True)
        (tree / "Lib/test" / name).write_bytes(data)
    pack_tests(tree)
    assert unpacked(tree) == {
        "test/__init__.py": b"Lib/test/__init__.py",
        "test/test_a.py": b"a = 1\n",
        "test/data/empty.txt": b"",
        "test/__pycache__/test_a.pyc": b"\x00\xff",
    }


def test_the_files_of_the_archive_follow_each_other_without_gaps(tree: Path) -> None:
    (tree / "Lib/test/test_a.py").write_text("x" * 1000)
    pack_tests(tree)
    rows = json.loads((tree / TESTS[1]).read_bytes())
    assert [start for _, start, _, _ in rows] == [0, *(end for _, _, end, _ in rows)][:-1]
    assert rows[-1][2] == (tree / TESTS[0]).stat().st_size


def test_the_archive_keeps_the_times_that_byte_code_is_compared_with(tree: Path) -> None:
    os.utime(tree / "Lib/test/__init__.py", ns=(0, 1_700_000_000_987_654_321))
    pack_tests(tree)
    ((_, _, _, modified),) = json.loads((tree / TESTS[1]).read_bytes())
    assert modified == 1_700_000_000  # whole seconds, as a .pyc has them


def test_links_in_the_tests_are_packed_as_what_they_lead_to(tree: Path) -> None:
    (tree / "Lib/test/link.py").symlink_to("__init__.py")
    (tree / "Lib/test/nowhere.py").symlink_to("gone.py")
    pack_tests(tree)
    assert unpacked(tree) == dict.fromkeys(("test/__init__.py", "test/link.py"), b"Lib/test/__init__.py")


def test_an_archive_is_made_anew_from_what_is_there(tree: Path) -> None:
    pack_tests(tree)
    (tree / "Lib/test/__init__.py").write_text("edited")
    pack_tests(tree)
    assert unpacked(tree) == {"test/__init__.py": b"edited"}


def test_the_archive_leaves_nothing_else_behind_and_is_the_same_every_time(tree: Path) -> None:
    before = sorted(path.name for path in tree.iterdir())
    pack_tests(tree)
    first = [(tree / name).read_bytes() for name in TESTS]
    pack_tests(tree)
    assert sorted(path.name for path in tree.iterdir()) == sorted([*before, *TESTS])
    assert [(tree / name).read_bytes() for name in TESTS] == first
