"""Archives are unpacked within their directory, or refused."""

from __future__ import annotations

import contextlib
import os
import random
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.machine.unpack import unpack_tar
from matrix.errors import Unobtainable
from tests.archives import HOSTILE, Compression, special, tar


@pytest.fixture
def unpacked(tmp_path: Path) -> Callable[[bytes], Path]:
    """Unpack an archive into an empty directory."""

    def unpack(data: bytes) -> Path:
        (tmp_path / "archive").write_bytes(data)
        directory = tmp_path / "inside/directory"
        directory.mkdir(parents=True)
        unpack_tar(tmp_path / "archive", directory)
        return directory

    return unpack


Unpacked = Callable[[bytes], Path]


def names(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


@pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
def test_an_archive_is_unpacked(unpacked: Unpacked, compression: Compression) -> None:
    directory = unpacked(tar(("a", "one"), ("b/c", "two"), compression=compression))
    assert names(directory) == ["a", "b", "b/c"]
    assert (directory / "b/c").read_text() == "two"


def test_a_single_top_level_directory_is_left_out(unpacked: Unpacked) -> None:
    assert names(unpacked(tar(("Python-3.13.5/configure", ""), ("Python-3.13.5/Lib/os.py", "")))) == [
        "Lib",
        "Lib/os.py",
        "configure",
    ]


def test_a_single_top_level_directory_may_contain_one_with_its_name(unpacked: Unpacked) -> None:
    assert names(unpacked(tar(("python/python/a", ""), ("python/b", "")))) == ["b", "python", "python/a"]


def test_a_single_file_is_kept(unpacked: Unpacked) -> None:
    assert names(unpacked(tar(("configure", "")))) == ["configure"]


def test_links_inside_are_kept(unpacked: Unpacked) -> None:
    directory = unpacked(
        tar(("top/a", "text"), special("top/soft", tarfile.SYMTYPE, "a"), special("top/hard", tarfile.LNKTYPE, "top/a"))
    )
    assert os.readlink(directory / "soft") == "a"
    assert (directory / "hard").read_text() == "text"


def test_executable_files_stay_executable(unpacked: Unpacked) -> None:
    info = tarfile.TarInfo("bin/clang")
    info.mode = 0o755
    directory = unpacked(tar(info, ("bin/data", "")))
    assert stat.S_IMODE((directory / "clang").stat().st_mode) == 0o755


def test_setuid_bits_are_dropped(unpacked: Unpacked) -> None:
    info = tarfile.TarInfo("bin/clang")
    info.mode = 0o6777
    directory = unpacked(tar(info, ("bin/data", "")))
    assert not (directory / "clang").stat().st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWOTH)


def test_a_read_only_directory_is_filled(unpacked: Unpacked) -> None:
    info = special("top/locked", tarfile.DIRTYPE)
    info.mode = 0o500
    assert names(unpacked(tar(info, ("top/locked/a", ""), ("top/b", "")))) == ["b", "locked", "locked/a"]


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_archive_is_refused(unpacked: Unpacked, tmp_path: Path, kind: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for place in (outside, tmp_path):
        (place / "secret").write_text("secret")
    with pytest.raises(Unobtainable, match="is refused"):
        unpacked(HOSTILE[kind](outside))
    assert not list(tmp_path.rglob("evil"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive", "inside", "outside", "secret"]


def test_an_absolute_path_becomes_relative(unpacked: Unpacked, tmp_path: Path) -> None:
    directory = unpacked(tar((f"{tmp_path}/evil", "out"), ("configure", "")))
    assert not (tmp_path / "evil").exists()
    assert (directory / f"{tmp_path}/evil".lstrip("/")).read_text() == "out"


@pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
def test_a_truncated_archive_is_damaged(unpacked: Unpacked, compression: Compression) -> None:
    whole = tar(("a", "text" * 5000), ("b", random.Random(0).randbytes(20_000).hex()), compression=compression)
    with pytest.raises(Unobtainable, match="is damaged"):
        unpacked(whole[: len(whole) // 2])


@pytest.mark.parametrize(("compression", "size"), [("bz2", 20_000), ("bz2", 1_500_000), ("xz", 20_000)])
def test_an_archive_with_changed_bytes_is_damaged(unpacked: Unpacked, compression: Compression, size: int) -> None:
    noise = random.Random(0).randbytes(size).hex()  # the large one has several of bzip2's blocks
    whole = bytearray(tar(("b", noise), compression=compression))
    place = len(whole) // 2
    whole[place : place + 64] = bytes(64)
    with pytest.raises(Unobtainable, match="is damaged"):
        unpacked(bytes(whole))


@pytest.mark.parametrize("data", [b"", b"<html>Not found</html>", b"PK\x03\x04" + bytes(100)])
def test_a_file_that_is_not_an_archive_is_damaged(unpacked: Unpacked, data: bytes) -> None:
    with pytest.raises(Unobtainable, match="is damaged"):
        unpacked(data)


def test_a_huge_archive_is_refused(unpacked: Unpacked) -> None:
    bomb = tarfile.TarInfo("bomb")
    bomb.size = 9 << 30
    header = bomb.tobuf()
    with pytest.raises(Unobtainable, match="more than this project ever needs"):
        unpacked(header + bytes(10240))


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=64))
def test_no_bytes_make_a_file_outside(tmp_path_factory: pytest.TempPathFactory, place: int, data: bytes) -> None:
    top = tmp_path_factory.mktemp("damaged")
    whole = bytearray(tar(("a/b", "text"), special("a/c", tarfile.SYMTYPE, "b"), ("d", "x" * 600), compression=""))
    place %= len(whole)
    whole[place : place + len(data)] = data
    (top / "archive").write_bytes(whole)
    (top / "inside").mkdir()
    with contextlib.suppress(Unobtainable, OSError):  # what the machine raises: a name that is too long, say
        unpack_tar(top / "archive", top / "inside")
    assert sorted(path.name for path in top.iterdir()) == ["archive", "inside"]
