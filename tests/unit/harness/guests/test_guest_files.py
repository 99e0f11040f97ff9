from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.guests.guest_files import MEMORY_EVENTS, Preopen, files_in_memory, host_files, private_root

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
    found = private_root(tree, BUILD, scratch)
    assert sorted(path.name for path in found.root.iterdir()) == ["Lib", "Modules", "configure", "cross-build"]
    assert files(found.root) == {
        "configure": "configure",
        "cross-build/host/pyconfig.h": "cross-build/host/pyconfig.h",
        "cross-build/host/link": "cross-build/host/pyconfig.h",
    }
    assert os.readlink(found.root / "cross-build/host/link") == "pyconfig.h"


def test_the_trees_directories_are_mapped_and_none_is_writable(tree: Path, scratch: Path) -> None:
    found = private_root(tree, BUILD, scratch)
    assert found.preopens == (
        Preopen(host=found.root, guest="/", writable=True),
        Preopen(host=tree / "Lib", guest="/Lib"),
        Preopen(host=tree / "Modules", guest="/Modules"),
    )


def test_a_guest_that_writes_to_its_root_does_not_change_the_tree(tree: Path, scratch: Path) -> None:
    before = files(tree)
    found = private_root(tree, BUILD, scratch)
    for name in files(found.root):
        (found.root / name).write_text("changed")
    assert files(tree) == before


def test_a_large_file_is_linked_and_not_copied(tree: Path, scratch: Path) -> None:
    found = private_root(tree, BUILD, scratch)
    name = "cross-build/host/python.wasm"
    assert (found.root / name).samefile(tree / name)
    assert not (found.root / "configure").samefile(tree / "configure")


def test_a_guest_with_a_private_root_works_in_the_build_directory(tree: Path, scratch: Path) -> None:
    found = private_root(tree, BUILD, scratch)
    assert (found.guest_root, found.guest_work) == ("/", f"{BUILD}/build")
    assert (found.root / f"{found.guest_work}".lstrip("/")).is_dir()
    assert found.root / found.guest_events.lstrip("/") == found.events
    assert found.events.parent.is_dir()


def test_a_guest_with_a_private_root_sees_the_tree_as_its_root(tree: Path, scratch: Path) -> None:
    found = private_root(tree, BUILD, scratch)
    assert (found.prefix, found.environment) == ("", {})


def test_two_guests_have_roots_of_their_own(tree: Path, scratch: Path) -> None:
    for name in ("one", "two"):
        (scratch / name).mkdir()
    one, two = (private_root(tree, BUILD, scratch / name) for name in ("one", "two"))
    (one.root / "configure").write_text("changed")
    assert (two.root / "configure").read_text() == "configure"


# --- the host's files


def test_a_guest_with_the_hosts_files_has_directories_of_its_own(tree: Path, scratch: Path) -> None:
    found = host_files(tree, scratch)
    assert found.root == scratch
    assert Path(found.guest_work).is_dir()
    assert Path(found.environment["TMPDIR"]).is_dir()
    assert found.guest_root == f"{scratch}/"
    assert found.guest_work != found.environment["TMPDIR"]


def test_a_guest_with_the_hosts_files_may_write_to_its_own_directories_only(tree: Path, scratch: Path) -> None:
    found = host_files(tree, scratch)
    assert {preopen.host: preopen.writable for preopen in found.preopens} == {
        Path(found.guest_work): True,
        Path(found.environment["TMPDIR"]): True,
        tree / "Lib": False,
    }
    assert scratch not in {preopen.host for preopen in found.preopens}  # the driver and its plan lie there


def test_a_guest_with_the_hosts_files_sees_the_hosts_paths(tree: Path, scratch: Path) -> None:
    found = host_files(tree, scratch)
    assert {preopen.guest for preopen in found.preopens} == {str(preopen.host) for preopen in found.preopens}
    assert found.prefix == str(tree)
    assert found.guest_events == str(found.events)
    assert found.events.parent == Path(found.guest_work)


def test_nothing_of_the_tree_is_copied_for_a_guest_with_the_hosts_files(tree: Path, scratch: Path) -> None:
    host_files(tree, scratch)
    assert files(scratch) == {}


# --- files in memory


def test_the_events_of_a_guest_in_memory_are_not_among_the_files_that_it_loads(tree: Path, scratch: Path) -> None:
    found = files_in_memory(tree, scratch)
    assert found.root == scratch / "files"
    assert list(found.root.iterdir()) == []
    assert found.events.parent == scratch  # so that what is handed to the guest does not grow with its events


def test_a_guest_in_memory_writes_its_events_to_a_device(tree: Path, scratch: Path) -> None:
    found = files_in_memory(tree, scratch)
    assert found.guest_root == "/"
    assert found.guest_events == MEMORY_EVENTS == "/dev/events"
    assert found.guest_work.startswith("/home/web_user/")
    assert (found.prefix, found.environment) == ("", {})


def test_a_guest_in_memory_has_the_tree_read_only(tree: Path, scratch: Path) -> None:
    before = files(tree)
    assert files_in_memory(tree, scratch).preopens == (Preopen(host=tree, guest="/"),)
    assert files(tree) == before
