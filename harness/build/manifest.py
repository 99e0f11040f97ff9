"""The manifest of the tree that guests see: what each of its files was when the tree was laid out.

The guests of a build share its tree, so what one of them changes would decide what later ones see. Most runtimes let no
guest write there. The manifest tells whether one did, or anybody else.

It has the size, date and digest of each file (of byte code two: of its header and of the rest), and its inode and
change time (inode(7)). Nobody can set back a change time. So a file is read only when it has another one, which a copy
of the cache and a new hard link give it, too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from harness.machine.files import write_atomically
from harness.machine.hashing import bytes_digest
from matrix.text import some_of

_END = b"\0"
"""ends a row: no name contains it. The first row is the mark, the last one a digest of all others"""
_MARK = 32
"""bytes of the mark"""
_CACHED = "__pycache__/"
_HEADER = 16
"""bytes before the code in a file of byte code: https://peps.python.org/pep-0552/"""


class Contents(msgspec.Struct, frozen=True):
    """What a tree has. Paths begin with a slash."""

    files: Mapping[str, str]
    """the digest of each file, by its path; byte code is left out: it is made from its source"""
    code: Mapping[str, str] = {}
    """the digest of what a source was compiled to, by the source's path: comments count only when they move lines"""
    functions: Mapping[str, Sequence[str]] = {}
    """The digests of the code objects in what a source was compiled to: of the module, its functions and classes.

    `functions.py` has them. The reads of a result number them in this order (`harness/guests/inside/functions.py`).
    """


class _Row(NamedTuple):
    """What is known of one entry of a tree."""

    what: bytes
    """size in bytes, date in nanoseconds and digest; empty for a directory, whose entries have rows of their own"""
    where: bytes = b""
    """inode and change time in nanoseconds"""


_Rows = Mapping[bytes, _Row]
"""by the path in the tree"""


def record(tree: Path) -> None:
    """Write the manifest of a tree as it is now. Only files that changed since the one before are read."""
    _write(tree, _scan(tree, _read(_path(tree)) or _read(_before(tree)) or {}))
    _before(tree).unlink(missing_ok=True)


def forget(tree: Path) -> None:
    """Put a tree's manifest away, before the tree is changed on purpose."""
    if _path(tree).exists():
        os.replace(_path(tree), _before(tree))


def mark(tree: Path) -> str:
    """What identifies the tree that was recorded, wherever it lies; "" without a manifest. Reads its first bytes."""
    try:
        with _path(tree).open("rb") as file:
            return file.read(_MARK).decode("ascii", "replace")
    except FileNotFoundError:
        return ""


def changed(tree: Path, *, refresh: bool = False) -> list[str] | None:
    """The paths in a tree that are new, missing, or not as they were recorded.

    None without a manifest, or with one that is damaged. With `refresh`, files that were only moved or linked are
    recorded as they are now, so that they need not be read the next time.
    """
    known = _read(_path(tree))
    if known is None:
        return None
    rows = _scan(tree, known)
    if refresh and rows != known and _what(rows) == _what(known):
        _write(tree, rows)
    paths = {path for path, _ in _what(rows).items() ^ _what(known).items()}
    return sorted(os.fsdecode(path) for path in paths)


def contents(tree: Path) -> Contents:
    """What a tree had when it was recorded; nothing without a manifest."""
    files, code = dict[str, str](), dict[str, str]()
    for path, row in (_read(_path(tree)) or {}).items():
        if row.what:
            directory, cached, name = f"/{os.fsdecode(path)}".rpartition(_CACHED)
            found = code if cached else files
            found[f"{directory}{name.rsplit('.', 2)[0]}.py" if cached else name] = _digest_in(row)
    return Contents(files, code)


def code_digest(byte_code: bytes) -> bytes:
    """The digest of the code in a file of byte code, without the date and size of its source."""
    return bytes_digest(byte_code[_HEADER:])


def _digest_in(row: _Row) -> str:
    return row.what.rpartition(b" ")[2].decode("ascii")


def changes_since(tree: Path, known: str) -> str:
    """How a tree is not as it was when its manifest had the mark `known`, in words; "" when it is."""
    found = changed(tree)
    if found is None or mark(tree) != known:
        return "another run laid it out anew"
    return some_of(found, 3)


def _what(rows: _Rows) -> dict[bytes, bytes]:
    return {path: row.what for path, row in rows.items()}


def _scan(tree: Path, known: _Rows) -> dict[bytes, _Row]:
    """The rows of a tree as it is, sorted by path. Files whose row is `known` are not read."""
    rows: dict[bytes, _Row] = {}
    directories = [b""]
    while directories:
        inside = directories.pop()
        with os.scandir(os.path.join(os.fsencode(tree), inside)) as entries:
            for entry in entries:
                path = inside + entry.name
                if entry.is_dir(follow_symlinks=False):
                    directories.append(path + b"/")
                    rows[path] = _Row(b"")
                else:
                    rows[path] = _row(entry, known.get(path))
    return dict(sorted(rows.items()))


def _row(entry: os.DirEntry[bytes], known: _Row | None) -> _Row:
    info = entry.stat(follow_symlinks=False)
    marks = b"%d %d " % (info.st_size, info.st_mtime_ns)
    where = b"%d %d" % (info.st_ino, info.st_ctime_ns)
    if known is not None and known.where == where and known.what.startswith(marks):
        return known
    data = os.readlink(entry.path) if entry.is_symlink() else Path(os.fsdecode(entry.path)).read_bytes()
    if entry.name.endswith(b".pyc"):
        return _Row(marks + bytes_digest(data[:_HEADER]) + b" " + code_digest(data), where)
    return _Row(marks + bytes_digest(data), where)


def _write(tree: Path, rows: _Rows) -> None:
    what = bytes_digest(_END.join(path + row.what for path, row in rows.items()))
    text = _END.join((what, *(b"\t".join((path, *row)) for path, row in rows.items())))
    write_atomically(_path(tree), _END.join((text, bytes_digest(text))))


def _read(path: Path) -> dict[bytes, _Row] | None:
    """The rows in a file; None when it is missing or damaged."""
    try:
        text, _, digest = path.read_bytes().rpartition(_END)
    except FileNotFoundError:
        return None
    if digest != bytes_digest(text):
        return None
    fields = [line.rsplit(b"\t", 2) for line in text.split(_END)[1:]]
    return {row[0]: _Row(*row[1:]) for row in fields} if all(len(row) == 3 for row in fields) else None


def _path(tree: Path) -> Path:
    return tree.parent / ".steps" / f"{tree.name}.manifest"


def _before(tree: Path) -> Path:
    return tree.parent / ".steps" / f"{tree.name}.manifest-before"
