"""A guest's files: where they are on the host, and under which paths the guest sees them.

Three layouts, for the three ways in which runtimes map files:

- `private_root`: the runtime maps directories of the host to paths of the guest (WASI);
- `host_files`: the guest sees the host's own files (Emscripten under Node);
- `files_in_memory`: the guest has files in memory only, which a page loads (browsers).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec

from harness.build.recipes.layout import LIBRARY

_LARGE = 1 << 20
"""bytes from which a file is linked into a guest's root, not copied (python.wasm, which tests read)"""

MEMORY_WORK = "/home/web_user/work"
MEMORY_EVENTS = "/dev/events"


class Preopen(msgspec.Struct, frozen=True, kw_only=True):
    """A directory of the host that the guest may use, and its path in the guest."""

    host: Path
    guest: str
    writable: bool = False


class GuestFiles(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one guest."""

    root: Path
    """the directory on the host for the script that the guest runs, and for its plan"""
    guest_root: str
    """the same directory as the guest sees it, ending with a slash"""
    events: Path
    """the file on the host to which the script writes its events"""
    guest_events: str
    """the same file as the guest sees it"""
    guest_work: str
    """the guest's working directory, as the guest sees it"""
    prefix: str = ""
    """what comes before paths of the tree in the guest: "" where the tree is the guest's root"""
    environment: dict[str, str] = {}
    """variables that the script sets in the guest"""
    preopens: tuple[Preopen, ...]


def private_root(tree: Path, build: str, directory: Path) -> GuestFiles:
    """A root of the guest's own: copies of the tree's small files, and its directories mapped into it."""
    root = directory / "root"
    shared = _fill_root(tree, root)
    work = root / build.lstrip("/") / "build"
    work.mkdir(parents=True, exist_ok=True)
    return GuestFiles(
        root=root,
        guest_root="/",
        events=work / "events.jsonl",
        guest_events=f"{build}/build/events.jsonl",
        guest_work=f"{build}/build",
        preopens=(
            Preopen(host=root, guest="/", writable=True),
            *(Preopen(host=host, guest=guest) for host, guest in shared),
        ),
    )


def host_files(tree: Path, directory: Path) -> GuestFiles:
    """The host's own files: the guest works in `directory` and sees the tree at its path on the host."""
    work = directory / "work"
    temporary = directory / "tmp"
    work.mkdir()
    temporary.mkdir()
    library = str(tree) + LIBRARY
    return GuestFiles(
        root=directory,
        guest_root=f"{directory}/",
        events=work / "events.jsonl",
        guest_events=str(work / "events.jsonl"),
        guest_work=str(work),
        prefix=str(tree),
        # Emscripten's own HOME, which its programs have unless they see the host's variables (since 6.0 under Node).
        environment={"TMPDIR": str(temporary), "HOME": "/home/web_user"},
        preopens=(
            Preopen(host=work, guest=str(work), writable=True),
            Preopen(host=temporary, guest=str(temporary), writable=True),
            Preopen(host=Path(library), guest=library),
        ),
    )


def files_in_memory(tree: Path, directory: Path) -> GuestFiles:
    """Files in the guest's memory: a page copies `directory/files` there, and the tree's archive."""
    files = directory / "files"
    files.mkdir()
    return GuestFiles(
        root=files,
        guest_root="/",
        events=directory / "events.jsonl",
        guest_events=MEMORY_EVENTS,
        guest_work=MEMORY_WORK,
        preopens=(Preopen(host=tree, guest="/"),),
    )


def _fill_root(tree: Path, root: Path) -> list[tuple[Path, str]]:
    """Copy the tree's own files and the build into a guest's root; create a mount point for each other directory.

    Returns those directories, each with its path in the guest.
    """
    shared: list[tuple[Path, str]] = []
    root.mkdir()
    for path in sorted(tree.iterdir()):
        if path.name == "cross-build":
            shutil.copytree(path, root / path.name, symlinks=True, copy_function=_copy_or_link)
        elif path.is_dir():
            (root / path.name).mkdir()
            shared.append((path, f"/{path.name}"))
        elif path.exists():  # a user's tree may have dangling links
            shutil.copyfile(path, root / path.name)
    return shared


def _copy_or_link(source: str, target: str) -> None:
    if os.stat(source).st_size < _LARGE:
        shutil.copyfile(source, target)
    else:
        os.link(source, target)
