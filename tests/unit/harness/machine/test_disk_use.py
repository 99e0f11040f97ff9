"""How much is written below a directory, measured from outside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.machine import disk_use
from harness.machine.disk_use import DiskUse

MIB = 1 << 20


@pytest.fixture(autouse=True)
def _measured_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_use, "_INTERVAL", 0.0)
    monkeypatch.setattr(disk_use, "_SHARE", 0)


@pytest.fixture
def use(tmp_path: Path) -> DiskUse:
    (tmp_path / "before").write_bytes(b"x" * 2 * MIB)
    return DiskUse(tmp_path)


def exceeds(use: DiskUse, limit: int = MIB) -> bool:
    return use.exceeds(limit, os.getpid())


def test_what_was_there_before_does_not_count(use: DiskUse, tmp_path: Path) -> None:
    assert not exceeds(use, 0)
    (tmp_path / "after").write_bytes(b"x" * MIB)
    assert exceeds(use, MIB // 2)
    assert not exceeds(use, 2 * MIB)


def test_files_in_directories_count_and_removed_ones_do_not(use: DiskUse, tmp_path: Path) -> None:
    deep = tmp_path / "one/two"
    deep.mkdir(parents=True)
    (deep / "file").write_bytes(b"x" * 2 * MIB)
    assert exceeds(use)
    (deep / "file").unlink()
    assert not exceeds(use)


def test_a_removed_file_counts_while_it_is_open(use: DiskUse, tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb", buffering=0) as file:
        file.write(b"x" * 2 * MIB)
        (tmp_path / "file").unlink()
        assert exceeds(use)
    assert not exceeds(use)


def test_a_hole_takes_no_room(use: DiskUse, tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        file.seek(100 * MIB)
        file.write(b"x")
    assert not exceeds(use)


def test_many_small_files_take_room(use: DiskUse, tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"{number}").touch()
    assert exceeds(use)


def test_neither_a_memory_file_nor_a_link_counts(
    use: DiskUse, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    large = tmp_path_factory.mktemp("elsewhere") / "large"
    large.write_bytes(b"x" * 2 * MIB)
    (tmp_path / "link").symlink_to(large)
    memory = os.memfd_create("name")
    os.write(memory, b"x" * 2 * MIB)
    assert not exceeds(use)
    os.close(memory)


def test_it_is_measured_now_and_then_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_use, "_INTERVAL", 3600.0)
    use = DiskUse(tmp_path)
    (tmp_path / "file").write_bytes(b"x" * 2 * MIB)
    assert not exceeds(use)


def test_a_directory_and_a_process_that_are_gone_take_nothing(tmp_path: Path) -> None:
    use = DiskUse(tmp_path / "gone")
    assert not use.exceeds(0, 2**22 + 1)
