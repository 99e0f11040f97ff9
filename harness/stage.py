"""What guests see. A build has one tree: a copy of the sources, with the build's small files where
upstream's layout has them (`/cross-build/<host>`). No guest ever touches the sources themselves.

A guest's own root is private: copies of the small files. The tree's directories are mapped into it.
Only `/Lib` is writable, since tests that remove a module's byte-code there fail where even that is
refused; the others are read-only where the runtime can do it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from harness.recipes import wasi
from harness.store import digest_of, remove_tree, write_atomically
from matrix.model import Series

LIBRARY = "/Lib"
_KEPT = {"__pycache__"}
"""what the tree has beyond the sources, and keeps while it is synchronised"""
_BUILD_FILES = ("pybuilddir.txt", "Makefile", "pyconfig.h", "python-config.py", "python.wasm", "Modules/Setup.local")
"""what tests read of a build; Modules/Setup.local is the landmark of sysconfig.is_python_build()"""
_LARGE = 1 << 20
"""bytes from which a file is linked into a guest's root and not copied (python.wasm, which tests read)"""


def stage_sources(parts: wasi.Parts) -> None:
    """Make the tree's copy of the sources like them. Nothing is read when their digest is the last one."""
    tree = wasi.guest_tree(parts.directory)
    stamp = parts.directory / ".steps" / "sources"
    mark = digest_of(parts.source_digest, *wasi.copied(parts))
    if stamp.is_file() and stamp.read_text() == mark:
        return
    stamp.unlink(missing_ok=True)
    tree.mkdir(exist_ok=True)
    for name in wasi.copied(parts):
        _synchronise(parts.source / name, tree / name)
    for path in tree.iterdir():
        if path.name not in wasi.copied(parts) and path.name != "cross-build":
            _remove(path)
    write_atomically(stamp, mark.encode())


def stage_build(layout: wasi.GuestLayout, series: Series, parts: wasi.Parts) -> None:
    """Put the build's small files into the tree."""
    work = wasi.build_directory(parts.directory, series)
    stamp = parts.directory / ".steps" / "build-files"
    wasm = (work / "python.wasm").stat()
    mark = digest_of(str(wasm.st_size), str(wasm.st_mtime_ns), *_BUILD_FILES)
    if stamp.is_file() and stamp.read_text() == mark:
        return
    inside = wasi.guest_tree(parts.directory) / layout.build.lstrip("/")
    remove_tree(inside)
    inside.mkdir(parents=True)
    for name in _BUILD_FILES:
        if (work / name).is_file():
            (inside / name).parent.mkdir(exist_ok=True)
            shutil.copy2(work / name, inside / name)
    library = Path(layout.platform_library).relative_to(layout.build)
    shutil.copytree(work / library, inside / library, symlinks=True)  # 3.11 has dangling ones
    write_atomically(stamp, mark.encode())


def make_root(tree: Path, root: Path) -> tuple[tuple[Path, str], ...]:
    """A guest's private root: the small files, and a mount point for each directory of the sources.

    Returns those directories and where the guest is to see them.
    """
    shared: list[tuple[Path, str]] = []
    root.mkdir()
    for path in sorted(tree.iterdir()):
        if path.name == "cross-build":
            shutil.copytree(path, root / path.name, symlinks=True, copy_function=_copy_or_link)
        elif path.is_dir():
            (root / path.name).mkdir()
            shared.append((path, f"/{path.name}"))
        else:
            shutil.copyfile(path, root / path.name)
    return tuple(shared)


def _copy_or_link(source: str, target: str) -> None:
    if os.stat(source).st_size < _LARGE:
        shutil.copyfile(source, target)
    else:
        os.link(source, target)


def _synchronise(source: Path, target: Path) -> None:
    """Make `target` like `source`: copy what differs in size or time, remove what is too many."""
    if source.is_symlink() or source.is_file():
        if not _same(source, target):
            _remove(target)
            shutil.copy2(source, target, follow_symlinks=source.is_file())
        return
    if not target.is_dir() or target.is_symlink():
        _remove(target)
        target.mkdir()
    names = {path.name for path in _entries(source)}
    for path in _entries(target):
        if path.name not in names:
            _remove(Path(path.path))
    for name in names:
        _synchronise(source / name, target / name)


def _entries(directory: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(directory) as entries:
        yield from (entry for entry in entries if entry.name not in _KEPT)


def _same(source: Path, target: Path) -> bool:
    try:
        one, other = source.stat(), target.lstat()
    except OSError:
        return False
    return (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
    else:
        path.unlink(missing_ok=True)
