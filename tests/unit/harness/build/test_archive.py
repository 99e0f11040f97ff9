"""The archive of the files that guests in memory have."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harness.build.recipes.layout import GuestLayout
from harness.build.stage import ARCHIVE, files_in_memory, pack


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with one file below its tests, and others."""
    tree = tmp_path / "guest"
    for name in ("Lib/os.py", "Lib/test/__init__.py", "Modules/main.c", "configure"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(name)
    return tree


REDUCED = GuestLayout(host="host", program="python.js", series="3.11", in_memory=True, reduced=True)
TESTS = "/usr/local/lib/python3.11/test"
WHOLE = GuestLayout(host="host", program="python.mjs", series="3.14", in_memory=True)


def packed(tree: Path, guest: GuestLayout = REDUCED) -> None:
    """Make the archive of a tree."""
    pack(tree, files_in_memory(guest, tree))


def unpacked(tree: Path) -> dict[str, bytes]:
    """The files that the archive of a tree has."""
    data = (tree / ARCHIVE[0]).read_bytes()
    rows = json.loads((tree / ARCHIVE[1]).read_bytes())
    assert len({name for name, *_ in rows}) == len(rows)
    return {name: data[start:end] for name, start, end, _ in rows}


def test_the_archive_has_every_file_below_the_tests_and_no_other(tree: Path) -> None:
    for name, data in (("test_a.py", b"a = 1\n"), ("data/empty.txt", b""), ("__pycache__/test_a.pyc", b"\x00\xff")):
        (tree / "Lib/test" / name).parent.mkdir(exist_ok=True)
        (tree / "Lib/test" / name).write_bytes(data)
    packed(tree)
    assert unpacked(tree) == {
        f"{TESTS}/__init__.py": b"Lib/test/__init__.py",
        f"{TESTS}/test_a.py": b"a = 1\n",
        f"{TESTS}/data/empty.txt": b"",
        f"{TESTS}/__pycache__/test_a.pyc": b"\x00\xff",
    }


def test_a_guest_without_a_reduced_library_has_the_whole_one_and_the_build(tree: Path) -> None:
    added = ("Grammar/python.gram", "Tools/clinic/clinic.py", "cross-build/host/python.mjs", "cross-build/host/a.so")
    for name in added:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(name)
    (tree / "cross-build/host/python.wasm").write_text("the page loads it itself")
    packed(tree, WHOLE)
    assert unpacked(tree) == {
        f"/{name}": name.encode() for name in sorted((*added, "Lib/os.py", "Lib/test/__init__.py", "configure"))
    }


def test_the_files_of_the_archive_follow_each_other_without_gaps(tree: Path) -> None:
    (tree / "Lib/test/test_a.py").write_text("x" * 1000)
    packed(tree)
    rows = json.loads((tree / ARCHIVE[1]).read_bytes())
    assert [start for _, start, _, _ in rows] == [0, *(end for _, _, end, _ in rows)][:-1]
    assert rows[-1][2] == (tree / ARCHIVE[0]).stat().st_size


def test_the_archive_keeps_the_times_that_byte_code_is_compared_with(tree: Path) -> None:
    os.utime(tree / "Lib/test/__init__.py", ns=(0, 1_700_000_000_987_654_321))
    packed(tree)
    ((_, _, _, modified),) = json.loads((tree / ARCHIVE[1]).read_bytes())
    assert modified == 1_700_000_000  # whole seconds, as a .pyc has them


def test_links_in_the_tests_are_packed_as_what_they_lead_to(tree: Path) -> None:
    (tree / "Lib/test/link.py").symlink_to("__init__.py")
    (tree / "Lib/test/nowhere.py").symlink_to("gone.py")
    packed(tree)
    assert unpacked(tree) == dict.fromkeys((f"{TESTS}/__init__.py", f"{TESTS}/link.py"), b"Lib/test/__init__.py")


def test_an_archive_is_made_anew_from_what_is_there(tree: Path) -> None:
    packed(tree)
    (tree / "Lib/test/__init__.py").write_text("edited")
    packed(tree)
    assert unpacked(tree) == {f"{TESTS}/__init__.py": b"edited"}


def test_the_archive_leaves_nothing_else_behind_and_is_the_same_every_time(tree: Path) -> None:
    before = sorted(path.name for path in tree.iterdir())
    packed(tree)
    first = [(tree / name).read_bytes() for name in ARCHIVE]
    packed(tree)
    assert sorted(path.name for path in tree.iterdir()) == sorted([*before, *ARCHIVE])
    assert [(tree / name).read_bytes() for name in ARCHIVE] == first
