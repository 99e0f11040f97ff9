"""Where a guest's files lie, on the host and as the guest sees them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec

from harness.build.stage import _LIBRARY

_LARGE = 1 << 20
"""bytes from which a file is linked into a guest's root and not copied (python.wasm, which tests read)"""


class Preopen(msgspec.Struct, frozen=True, kw_only=True):
    """A directory of the host that the guest may use, and under which name."""

    host: Path
    guest: str
    writable: bool = False


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one guest: on the host, and as it sees them."""

    root: Path
    """where the driver and its plan are put"""
    events: Path
    """the file that the driver writes its events to"""
    guest_root: str
    """what the guest calls `root`"""
    guest_work: str
    """what it calls the directory in which it works"""
    guest_events: str
    """what it calls `events`"""
    prefix: str = ""
    """what comes before the paths of the tree: nothing where the guest sees it as its root"""
    environment: dict[str, str] = {}
    """what the driver puts into the guest's environment"""
    preopens: tuple[Preopen, ...]


def private_place(tree: Path, build: str, directory: Path) -> Place:
    """A guest that sees a root of its own, into which the tree's directories are mapped."""
    root = directory / "root"
    shared = make_root(tree, root)
    work = root / build.lstrip("/") / "build"
    work.mkdir(parents=True, exist_ok=True)
    return Place(
        root=root,
        events=work / "events.jsonl",
        guest_root="/",
        guest_work=f"{build}/build",
        guest_events=f"{build}/build/events.jsonl",
        preopens=(
            Preopen(host=root, guest="/", writable=True),
            *(Preopen(host=host, guest=guest, writable=guest == _LIBRARY) for host, guest in shared),
        ),
    )


def host_place(tree: Path, directory: Path) -> Place:
    """A guest that sees the host's files: its own are in `directory`, the tree where it is."""
    work = directory / "work"
    temporary = directory / "tmp"
    work.mkdir()
    temporary.mkdir()
    library = str(tree) + _LIBRARY
    return Place(
        root=directory,
        events=work / "events.jsonl",
        guest_root=f"{directory}/",
        guest_work=str(work),
        guest_events=str(work / "events.jsonl"),
        prefix=str(tree),
        environment={"TMPDIR": str(temporary)},
        preopens=(
            Preopen(host=work, guest=str(work), writable=True),
            Preopen(host=temporary, guest=str(temporary), writable=True),
            Preopen(host=Path(library), guest=library, writable=True),
        ),
    )


MEMORY_WORK = "/home/web_user/work"


MEMORY_EVENTS = "/dev/events"


def memory_place(tree: Path, directory: Path) -> Place:
    """A guest whose files are in memory: a page puts those of `files/` there, and the tree's archive of tests."""
    files = directory / "files"
    files.mkdir()
    return Place(
        root=files,
        events=directory / "events.jsonl",
        guest_root="/",
        guest_work=MEMORY_WORK,
        guest_events=MEMORY_EVENTS,
        preopens=(Preopen(host=tree, guest="/"),),
    )


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
        elif path.exists():  # a user's tree may have links that lead nowhere
            shutil.copyfile(path, root / path.name)
    return tuple(shared)


def _copy_or_link(source: str, target: str) -> None:
    if os.stat(source).st_size < _LARGE:
        shutil.copyfile(source, target)
    else:
        os.link(source, target)
