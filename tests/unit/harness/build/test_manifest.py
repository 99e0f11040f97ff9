"""The manifest of a tree notices whatever changes in it."""

from __future__ import annotations

import os
import py_compile
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.build import manifest

ODD = os.fsdecode(b"tab\t\xff")
"""a name that is not UTF-8, with a tab"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with its manifest."""
    tree = tmp_path / "guest"
    (tree / "Lib" / "json").mkdir(parents=True)
    (tree / "Lib" / "json" / "decoder.py").write_text("x = 1\n")
    (tree / "Lib" / "os.py").write_text("y = 2\n")
    (tree / "Lib" / "link").symlink_to("os.py")
    manifest.record(tree)
    return tree


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files whose bytes were read, each as often as it was."""
    found: list[Path] = []
    read_bytes = Path.read_bytes

    def noting(path: Path) -> bytes:
        found.append(path)
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", noting)
    return found


def rewrite_in_place(tree: Path) -> None:
    """Other bytes of the same number, and the date of before."""
    path = tree / "Lib" / "os.py"
    info = path.stat()
    with path.open("r+") as file:
        file.write("y = 3\n")
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


def exchange(tree: Path) -> None:
    other = tree / "Lib" / "json" / "decoder.py"
    os.replace(other, tree / "Lib" / "os.py")


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        (lambda tree: None, []),
        (lambda tree: (tree / "Lib" / "os.py").read_text(), []),
        (rewrite_in_place, ["Lib/os.py"]),
        (exchange, ["Lib/json/decoder.py", "Lib/os.py"]),
        (lambda tree: (tree / "Lib" / "os.py").unlink(), ["Lib/os.py"]),
        (lambda tree: (tree / "Lib" / "os.py").chmod(0o600), []),
        (lambda tree: os.utime(tree / "Lib" / "os.py", ns=(1, 1)), ["Lib/os.py"]),
        (lambda tree: os.link(tree / "Lib" / "os.py", tree.parent / "link"), []),
        (lambda tree: (tree / "Lib" / "new.py").touch(), ["Lib/new.py"]),
        (lambda tree: (tree / "Lib" / ODD).touch(), [f"Lib/{ODD}"]),
        (lambda tree: (tree / "Lib" / "__pycache__").mkdir(), ["Lib/__pycache__"]),
        (lambda tree: (tree / "Lib" / "link").unlink() or (tree / "Lib" / "link").symlink_to("json"), ["Lib/link"]),
    ],
)  # fmt: skip
def test_each_change_is_named(tree: Path, change: Callable[[Path], object], paths: list[str]) -> None:
    change(tree)
    assert manifest.changed(tree) == paths


def test_a_tree_whose_manifest_was_forgotten_is_unknown(tree: Path) -> None:
    assert manifest.mark(tree)
    manifest.forget(tree)
    assert not manifest.mark(tree)
    assert manifest.changed(tree) is None


@pytest.mark.parametrize(
    "damage", [lambda data: data[:20], lambda data: b"", lambda data: data.replace(b"os.py", b"../.y")]
)
def test_a_damaged_manifest_is_none(tree: Path, damage: Callable[[bytes], bytes]) -> None:
    path = tree.parent / ".steps" / "guest.manifest"
    path.write_bytes(damage(path.read_bytes()))
    assert manifest.changed(tree) is None


def test_a_tree_that_was_moved_and_linked_is_the_same_and_is_read_once(tree: Path, read: list[Path]) -> None:
    before = manifest.mark(tree)
    os.link(tree / "Lib" / "os.py", tree.parent / "link")
    for times in (1, 1):
        assert manifest.changed(tree, refresh=True) == []
        assert read.count(tree / "Lib" / "os.py") == times
    assert manifest.mark(tree) == before


def test_a_new_manifest_reads_only_what_changed(tree: Path, read: list[Path]) -> None:
    manifest.forget(tree)
    (tree / "Lib" / "os.py").write_text("z = 3\n")
    manifest.record(tree)
    assert [path for path in read if tree in path.parents] == [tree / "Lib" / "os.py"]
    assert manifest.changed(tree) == []


def test_the_contents_are_the_digests_of_the_files_and_of_what_sources_were_compiled_to(tree: Path) -> None:
    before = manifest.contents(tree)
    assert sorted(before.files) == ["/Lib/json/decoder.py", "/Lib/link", "/Lib/os.py"]
    assert not before.code
    for name in ("decoder.py", "decoder.more.py"):
        (tree / "Lib/json" / name).touch()
        py_compile.compile(str(tree / "Lib/json" / name))
    (tree / "Lib/os.py").write_text("z = 3\n")
    manifest.record(tree)
    after = manifest.contents(tree)
    different = [path for path in after.files if before.files.get(path) != after.files[path]]
    assert different == ["/Lib/json/decoder.more.py", "/Lib/os.py"]
    assert sorted(after.code) == ["/Lib/json/decoder.more.py", "/Lib/json/decoder.py"]


@pytest.mark.parametrize(
    ("text", "same"),
    [("x = 1  # one\n", True), ("x = 1\n# one\n", True), ("x = 2\n", False), ("# one\nx = 1\n", False)],
)
def test_a_source_with_other_comments_is_compiled_to_the_same(tree: Path, text: str, same: bool) -> None:
    source = tree / "Lib/json/decoder.py"
    digests = []
    for content in ("x = 1\n", text):
        source.write_text(content)
        py_compile.compile(str(source))
        manifest.record(tree)
        digests.append(manifest.contents(tree).code["/Lib/json/decoder.py"])
    assert (digests[0] == digests[1]) is same


def test_byte_code_whose_header_was_changed_is_not_as_it_was_recorded(tree: Path) -> None:
    source = tree / "Lib/json/decoder.py"
    cached = Path(py_compile.compile(str(source), doraise=True) or "")
    manifest.record(tree)
    data, date = bytearray(cached.read_bytes()), cached.stat().st_mtime_ns
    data[8] ^= 1
    cached.write_bytes(data)
    os.utime(cached, ns=(date, date))
    assert manifest.changed(tree) == [str(cached.relative_to(tree))]


def test_a_tree_without_a_manifest_has_no_contents(tmp_path: Path) -> None:
    assert manifest.contents(tmp_path) == manifest.Contents({})
