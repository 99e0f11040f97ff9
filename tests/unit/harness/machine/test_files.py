"""Files are written atomically; missing ones can be read and removed."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.machine.files import read_json, read_limited, remove_tree, says, tail, write_atomically
from matrix.errors import UsageError


def test_writing_replaces_a_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "new/directory/file"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_write_leaves_the_file_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"one")
    with pytest.raises(TypeError):
        write_atomically(path, "not bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_rename_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_atomically(tmp_path / "file", b"one")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_readers_see_the_old_or_the_new_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    contents = [bytes([number]) * 50_000 for number in range(8)]
    write_atomically(path, contents[0])

    def write_all() -> None:
        for data in contents * 3:
            write_atomically(path, data)

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write_all)
        while not writer.done():
            assert path.read_bytes() in contents
        writer.result()


@pytest.mark.parametrize("data", [None, b"", b"{", b"\xff"])
def test_missing_or_damaged_json_is_the_default(tmp_path: Path, data: bytes | None) -> None:
    if data is not None:
        (tmp_path / "file").write_bytes(data)
    assert read_json(tmp_path / "file", {"a": "default"}) == {"a": "default"}


def test_json_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text('{"a": [1]}')
    assert read_json(tmp_path / "file", None) == {"a": [1]}


def test_removing_a_tree_keeps_the_targets_of_its_links(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").write_text("")
    tree = tmp_path / "tree"
    (tree / "locked").mkdir(parents=True)
    (tree / "locked/file").write_text("")
    (tree / "link").symlink_to(tmp_path / "kept")
    (tree / "locked").chmod(0o500)
    remove_tree(tree)
    assert not tree.exists()
    assert (tmp_path / "kept/file").exists()


def test_removing_a_missing_tree_succeeds(tmp_path: Path) -> None:
    remove_tree(tmp_path / "gone")


def test_the_tail_of_a_log_is_its_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"".join(b"line %d \xff\n" % number for number in range(100_000)))
    assert tail(log, 2) == "line 99998 \\xff\nline 99999 \\xff"


def test_the_tail_of_a_missing_log_says_so(tmp_path: Path) -> None:
    assert "cannot be read: No such file or directory" in tail(tmp_path / "gone")


@pytest.mark.parametrize("content", [b"", b"abd", b"abc\n", b"\xff\xfe", b"abc\0"])
def test_a_file_says_a_text_only_when_it_is_the_whole_of_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "stamp"
    assert not says(path, "abc")
    path.write_bytes(b"abc")
    assert says(path, "abc")
    path.write_bytes(content)
    assert not says(path, "abc")
    assert not says(tmp_path, "abc")


def test_a_file_is_read_up_to_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_limited(path, 5) == b"12345"
    with pytest.raises(UsageError, match="has more than"):
        read_limited(path, 4)
    with pytest.raises(FileNotFoundError):
        read_limited(tmp_path / "gone")


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # opening it would wait for a writer
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(UsageError, match="is not a regular file"):
            read_limited(path)
