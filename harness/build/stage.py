"""The tree that guests see, one per build: a copy of the sources, with the build's small files where upstream's
layout has them (`/cross-build/<host>`). No guest touches the sources themselves.

Each guest has a private root with copies of the small files, into which the tree's directories are mapped, not to be
written to (`harness.guests.guest_files`). The manifest (`harness.build.manifest`) tells what changed in the tree since
it was laid out.
"""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.build import manifest
from harness.build.recipes import layout
from harness.build.recipes.layout import LIBRARY
from harness.build.recipes.native import BYTE_CODE
from harness.machine.files import remove_path, remove_tree, says, write_atomically
from harness.machine.hashing import digest_of
from matrix import json_records
from matrix.errors import HarnessFault
from matrix.model import Series

_KEPT = {"__pycache__"}
"""entries that the sources do not have and that stay when the tree is synchronised"""
_STAMPS = (_SOURCES, _FILES) = ("sources", "build-files")
"""the names of the stamps of what is staged here"""
_BUILD_FILES = (
    "pybuilddir.txt", "Makefile", "pyconfig.h", "python-config.py", "Modules/Setup.local",
    "python.wasm", "python.js", "python.mjs", "python.worker.js", "build-details.json",
)  # fmt: skip
"""the files of a build that tests read; sysconfig.is_python_build() looks for Modules/Setup.local"""


def discard_changed(parts: layout.Parts) -> list[str]:
    """Remove what is in the tree and is not as it was laid out, so that it is laid out again; the paths of it.

    A tree without a manifest, whose layout was interrupted, is removed as a whole: the list is empty then.
    """
    tree = layout.guest_tree(parts.directory)
    found = manifest.changed(tree, refresh=True)
    if found == []:
        return []
    for stamp in (*_STAMPS, f"{BYTE_CODE}.json"):
        (parts.directory / ".steps" / stamp).unlink(missing_ok=True)
    manifest.forget(tree)
    if found is None:
        remove_path(tree)
        return []
    for path in found:
        remove_path(tree / path)
    return found


def stage_sources(parts: layout.Parts) -> None:
    """Bring the tree's copy of the sources up to date. Reads nothing when their digest has not changed."""
    tree = layout.guest_tree(parts.directory)
    stamp = parts.directory / ".steps" / _SOURCES
    mark = digest_of(parts.source_digest, *layout.copied(parts))
    if says(stamp, mark):
        return
    stamp.unlink(missing_ok=True)
    manifest.forget(tree)
    tree.mkdir(exist_ok=True)
    for name in layout.copied(parts):
        _synchronise(parts.source / name, tree / name)
    for path in tree.iterdir():
        if path.name not in (*layout.copied(parts), "cross-build", *ARCHIVE):
            remove_path(path)
    write_atomically(stamp, mark.encode())


def stage_build(guest: layout.GuestLayout, series: Series, parts: layout.Parts) -> None:
    """Put the build's small files into the tree."""
    work = layout.build_directory(parts.directory, series)
    stamp = parts.directory / ".steps" / _FILES
    wasm = (work / "python.wasm").stat()
    linked = _linked_modules(work)
    archive = (*ARCHIVE, *_IN_MEMORY) if guest.in_memory else ()
    sources = parts.source_digest if guest.in_memory else parts.make_digest
    marks = (str(wasm.st_size), str(wasm.st_mtime_ns), sources, *_BUILD_FILES, *archive, *linked.values())
    mark = digest_of(*marks)
    if says(stamp, mark):
        return
    tree = layout.guest_tree(parts.directory)
    manifest.forget(tree)
    inside = tree / guest.build.lstrip("/")
    remove_tree(inside)
    inside.mkdir(parents=True)
    launchers = (Path(file).name for file in parts.files.launcher)
    for name in dict.fromkeys((*_BUILD_FILES, series.program, *launchers)):
        if (work / name).is_file():
            (inside / name).parent.mkdir(exist_ok=True)
            shutil.copy2(work / name, inside / name)
    if not guest.reduced:
        library = built_library(work)
        shutil.copytree(work / library, inside / library, symlinks=True)  # 3.11 has links that lead nowhere
        for name in linked:
            remove_path(inside / library / name)
            shutil.copy2(work / library / name, inside / library / name)
    if guest.in_memory:
        pack(tree, files_in_memory(guest, tree))
    write_atomically(stamp, mark.encode())


def _linked_modules(work: Path) -> dict[str, str]:
    """The shared modules in a build's own library that are links, as from 3.12 on, and a mark of each one's content.

    make leaves the modules in Modules/, which guests do not have, and links them into the library.
    """
    found = {}
    for path in sorted((work / built_library(work)).glob("*.so")):
        if path.is_symlink() and path.is_file():
            module = path.stat()
            found[path.name] = f"{path.name} {module.st_size} {module.st_mtime_ns}"
    return found


def built_library(work: Path) -> str:
    """Where a build has its own library, relative to its directory: `build/lib.wasi-wasm32-3.13`.

    make writes the name, which depends on configure's answers, to pybuilddir.txt. Raises HarnessFault without it.
    """
    path = work / "pybuilddir.txt"
    name = path.read_text("utf-8", "replace").strip() if path.is_file() else ""
    if not name or not (work / name).is_dir():
        raise HarnessFault(
            f"{path} names no directory of the build ({name!r})", hint=f"remove {work.parent.parent}: it is made again"
        )
    return name


ARCHIVE = ("archive.data", "archive.json")
"""the files of guests in memory: their bytes, and for each its path in the guest, start, end and time (s)"""
_IN_MEMORY = ("Grammar", "Include", "Lib", "Parser", "Tools", "cross-build")
"""the directories of a tree that a guest in memory has beside the tree's own files, unless its library is reduced"""


def files_in_memory(guest: layout.GuestLayout, tree: Path) -> dict[str, Path]:
    """The files of a tree that a guest in memory has, by their paths there. The program is not among them."""
    if guest.reduced:
        return _files(tree / LIBRARY.lstrip("/") / "test", f"{guest.library}/test")
    own = (path for path in sorted(tree.iterdir()) if path.is_file() and path.name.lstrip(".") not in ARCHIVE)
    found = {f"/{path.name}": path for path in own}
    for name in _IN_MEMORY:
        found |= _files(tree / name, f"/{name}")
    return found


def _files(directory: Path, place: str) -> dict[str, Path]:
    """The files below a directory, sorted, by their paths below `place`."""
    paths = (path for path in sorted(directory.rglob("*")) if path.is_file() and path.suffix != ".wasm")
    return {f"{place}/{path.relative_to(directory)}": path for path in paths}


def pack(tree: Path, files: Mapping[str, Path]) -> None:
    """Make the archive of these files, whose keys are their paths in the guest."""
    rows: list[tuple[str, int, int, int]] = []
    position = 0
    partial = tree / f".{ARCHIVE[0]}"
    with partial.open("wb") as archive:
        for name, path in files.items():
            data = path.read_bytes()
            archive.write(data)
            rows.append((name, position, position + len(data), int(path.stat().st_mtime)))
            position += len(data)
    write_atomically(tree / ARCHIVE[1], json_records.encode(rows))
    partial.replace(tree / ARCHIVE[0])


def _synchronise(source: Path, target: Path) -> None:
    """Make `target` like `source`: copy what differs in size or time, remove what `source` does not have."""
    if source.is_symlink() or source.is_file():
        if not _same(source, target):
            _remove(target)
            shutil.copy2(source, target, follow_symlinks=source.is_file())
        return
    if not target.is_dir() or target.is_symlink():
        remove_path(target)
        target.mkdir()
    names = {path.name for path in _entries(source)}
    for path in _entries(target):
        if path.name not in names:
            _remove(Path(path.path))
    for name in names:
        _synchronise(source / name, target / name)


def _remove(path: Path) -> None:
    """Remove an entry, and what a source was compiled to, whose date compileall and Python know in seconds only."""
    if path.suffix == ".py" and path.exists():
        for made in path.parent.glob(f"__pycache__/{glob.escape(path.stem)}.*"):
            made.unlink()
    remove_path(path)


def _entries(directory: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(directory) as entries:
        yield from (entry for entry in entries if entry.name not in _KEPT)


def _same(source: Path, target: Path) -> bool:
    try:
        one, other = source.stat(), target.lstat()
    except OSError:
        return False
    return (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)
