from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harness.build.stage import TESTS, pack_tests
from harness.guests.places import MEMORY_EVENTS, Preopen, host_place, memory_place, private_place

BUILD = "/cross-build/host"
LARGE = 1 << 20


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What the guests of a build see: sources, and the build's small files and its large one."""
    tree = tmp_path / "guest"
    for name in ("Lib/os.py", "Lib/test/__init__.py", "Modules/main.c", "configure", "cross-build/host/pyconfig.h"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(name)
    wasm = tree / "cross-build/host/python.wasm"
    wasm.touch()
    os.truncate(wasm, LARGE)
    (tree / "cross-build/host/link").symlink_to("pyconfig.h")
    return tree


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A directory of the guest's."""
    path = tmp_path / "scratch"
    path.mkdir()
    return path


def files(directory: Path) -> dict[str, str]:
    """Every small file below a directory."""
    return {
        str(path.relative_to(directory)): path.read_text()
        for path in directory.rglob("*")
        if path.is_file() and path.stat().st_size < LARGE
    }


# --- a root of its own


def test_a_private_root_has_the_small_files_and_a_mount_point_for_each_directory(tree: Path, scratch: Path) -> None:
    place = private_place(tree, BUILD, scratch)
    assert sorted(path.name for path in place.root.iterdir()) == ["Lib", "Modules", "configure", "cross-build"]
    assert files(place.root) == {
        "configure": "configure",
        "cross-build/host/pyconfig.h": "cross-build/host/pyconfig.h",
        "cross-build/host/link": "cross-build/host/pyconfig.h",
    }
    assert os.readlink(place.root / "cross-build/host/link") == "pyconfig.h"


def test_the_trees_directories_are_mapped_and_only_the_library_is_writable(tree: Path, scratch: Path) -> None:
    place = private_place(tree, BUILD, scratch)
    assert place.preopens == (
        Preopen(host=place.root, guest="/", writable=True),
        Preopen(host=tree / "Lib", guest="/Lib", writable=True),
        Preopen(host=tree / "Modules", guest="/Modules"),
    )


def test_a_guest_that_writes_to_its_root_does_not_change_the_tree(tree: Path, scratch: Path) -> None:
    before = files(tree)
    place = private_place(tree, BUILD, scratch)
    for name in files(place.root):
        (place.root / name).write_text("changed")
    assert files(tree) == before


def test_a_large_file_is_linked_and_not_copied(tree: Path, scratch: Path) -> None:
    place = private_place(tree, BUILD, scratch)
    name = "cross-build/host/python.wasm"
    assert (place.root / name).samefile(tree / name)
    assert not (place.root / "configure").samefile(tree / "configure")


def test_a_private_guest_works_in_the_builds_directory(tree: Path, scratch: Path) -> None:
    place = private_place(tree, BUILD, scratch)
    assert (place.guest_root, place.guest_work) == ("/", f"{BUILD}/build")
    assert (place.root / f"{place.guest_work}".lstrip("/")).is_dir()
    assert place.root / place.guest_events.lstrip("/") == place.events
    assert place.events.parent.is_dir()


def test_a_private_guest_sees_the_tree_as_its_root(tree: Path, scratch: Path) -> None:
    place = private_place(tree, BUILD, scratch)
    assert (place.prefix, place.environment) == ("", {})


def test_two_guests_have_roots_of_their_own(tree: Path, scratch: Path) -> None:
    for name in ("one", "two"):
        (scratch / name).mkdir()
    one, two = (private_place(tree, BUILD, scratch / name) for name in ("one", "two"))
    (one.root / "configure").write_text("changed")
    assert (two.root / "configure").read_text() == "configure"


# --- the host's files


def test_a_guest_of_the_host_has_directories_to_work_in(tree: Path, scratch: Path) -> None:
    place = host_place(tree, scratch)
    assert place.root == scratch
    assert Path(place.guest_work).is_dir()
    assert Path(place.environment["TMPDIR"]).is_dir()
    assert place.guest_root == f"{scratch}/"
    assert place.guest_work != place.environment["TMPDIR"]


def test_a_guest_of_the_host_may_write_where_it_works_and_to_the_library(tree: Path, scratch: Path) -> None:
    place = host_place(tree, scratch)
    assert all(preopen.writable for preopen in place.preopens)
    assert {preopen.host for preopen in place.preopens} == {
        Path(place.guest_work),
        Path(place.environment["TMPDIR"]),
        tree / "Lib",
    }
    assert scratch not in {preopen.host for preopen in place.preopens}  # the driver and its plan lie there


def test_a_guest_of_the_host_calls_everything_as_the_host_does(tree: Path, scratch: Path) -> None:
    place = host_place(tree, scratch)
    assert {preopen.guest for preopen in place.preopens} == {str(preopen.host) for preopen in place.preopens}
    assert place.prefix == str(tree)
    assert place.guest_events == str(place.events)
    assert place.events.parent == Path(place.guest_work)


def test_nothing_of_the_tree_is_copied_for_a_guest_of_the_host(tree: Path, scratch: Path) -> None:
    host_place(tree, scratch)
    assert files(scratch) == {}


# --- files in memory


def test_a_guest_in_memory_has_the_drivers_files_apart_from_the_events(tree: Path, scratch: Path) -> None:
    place = memory_place(tree, scratch)
    assert place.root == scratch / "files"
    assert list(place.root.iterdir()) == []
    assert place.events.parent == scratch  # so that what is handed to the guest does not grow with its events


def test_a_guest_in_memory_writes_its_events_to_a_device(tree: Path, scratch: Path) -> None:
    place = memory_place(tree, scratch)
    assert place.guest_root == "/"
    assert place.guest_events == MEMORY_EVENTS == "/dev/events"
    assert place.guest_work.startswith("/home/web_user/")
    assert (place.prefix, place.environment) == ("", {})


def test_a_guest_in_memory_reads_the_tree_and_writes_nowhere(tree: Path, scratch: Path) -> None:
    before = files(tree)
    assert memory_place(tree, scratch).preopens == (Preopen(host=tree, guest="/"),)
    assert files(tree) == before


# --- the archive of tests


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
