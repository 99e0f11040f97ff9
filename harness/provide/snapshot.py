"""Snapshots: the harness's own copies of users' trees, brought up to date by what changed.

A user's tree is only ever read. A snapshot lies in the cache, in `snapshots/<id>/`: the files in `tree/`, what they
are in `files.json`, whose they are in `snapshot.json`. Its identity is its content: trees with the same files share a
snapshot, and so builds and results. A file that did not change keeps its time, so that make compiles what did.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from harness.machine import sealed
from harness.machine.files import remove_path, write_atomically
from harness.machine.hashing import digest_of
from harness.machine.store import Store
from harness.provide import tree_files
from harness.provide.commit_files import CommitFiles
from matrix.errors import HarnessFault, Unobtainable

_TRIES = 3
"""how often a file is read again that changes while it is read"""
_SETTLED = 2.0
"""seconds after which a file's time tells whether it changed: file systems keep times that coarsely"""
_IN_LIBRARY = re.compile(r"\bLib/[\w./-]+")
"""a file of the library, as a Makefile names it"""


class Copied(msgspec.Struct, frozen=True, array_like=True):
    """One file of a snapshot."""

    sha256: str
    """of its bytes, or of a link's target"""
    kind: str
    """`file`, `program` (may be executed) or `link`"""
    size: int
    mtime_ns: int
    """of the copy: damage is noticed by its size and time"""


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """A file of a user's tree when it was last read."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    mode: int
    sha256: str


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """`snapshot.json`: what a snapshot is."""

    digest: str
    """of all its files; "" while they are being changed"""
    owner: str
    """the tree that it follows, by its path"""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A copy of a tree's sources in the cache, in use by this run."""

    path: Path
    digest: str
    make_digest: str
    """of the files that `make` may read (`read_by_make`)"""
    changed: int
    """how many files were copied or removed just now"""
    left_out: tuple[str, ...]
    """files of the tree that a build would read and that are no sources"""


T = TypeVar("T")
Reader = Callable[[str], bytes]
"""the content of a file, by its name in the tree"""


def of_tree(tree: Path, store: Store, say: Callable[[str], None]) -> Snapshot:
    """The snapshot of a tree as it is now. Raises Unobtainable when it cannot be read, or does not stop changing."""
    names, _ = tree_files.listed(tree)
    state = store.root / "state" / "trees" / f"{digest_of(str(tree))}.json"
    seen = look(tree, names, decoded(state, dict[str, Seen]) or {})
    write_atomically(state, sealed.encode(seen))
    wanted = {name: (one.sha256, _kind(one.mode)) for name, one in seen.items()}

    def read(name: str) -> bytes:
        data = _content(tree / name)
        if hashlib.sha256(data).hexdigest() != wanted[name][0]:
            raise Unobtainable(
                f"{tree / name} changed while the tree was copied", hint="run it again when nothing writes to the tree"
            )
        return data

    left_out = tuple(name for name in (tree_files.LOCAL_SETUP,) if _has_words(tree / name))
    return msgspec.structs.replace(_brought(str(tree), wanted, read, store, say), left_out=left_out)


def of_commit(tree: Path, commit: str, store: Store, say: Callable[[str], None]) -> Snapshot:
    """The snapshot of a commit of a checkout, whose own files are not touched.

    The commits of one checkout share snapshots as far as none is in use: moving one to another commit changes only
    the files that differ. Two commits in one run have two. Raises Unobtainable when git cannot read the commit.
    """
    with contextlib.closing(CommitFiles(tree, commit, store)) as files:
        return _brought(f"{tree}@", files.wanted(), files.read, store, say)


# --- the user's tree


def look(tree: Path, names: Iterable[str], before: Mapping[str, Seen]) -> dict[str, Seen]:
    """What the files of a tree are; those whose size and times did not change are not read again."""
    found: dict[str, Seen] = {}
    now = time.time()
    for name in names:
        path = f"{tree}/{name}"
        for _ in range(_TRIES):
            try:
                info = os.lstat(path)
            except (FileNotFoundError, NotADirectoryError):
                break  # removed, but still tracked
            if not (stat.S_ISREG(info.st_mode) or stat.S_ISLNK(info.st_mode)):
                break  # a submodule, a socket, ...
            known = before.get(name)
            if known is not None and _same(info, known):
                found[name] = known
                break
            seen = _seen(path, info)
            if _same(os.lstat(path), seen):
                # A file that was just written may be written again without another time.
                young = now - info.st_mtime < _SETTLED or now - info.st_ctime < _SETTLED
                found[name] = msgspec.structs.replace(seen, inode=0) if young else seen
                break
        else:
            raise Unobtainable(f"{path} does not stop changing", hint="run it again when nothing writes to the tree")
    return found


def _seen(path: str, info: os.stat_result) -> Seen:
    try:
        sha256 = _sha256(_content(Path(path)))
    except OSError as exc:
        raise Unobtainable(f"{path} cannot be read: {exc.strerror}") from None
    return Seen(info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino, info.st_mode, sha256)


def _same(info: os.stat_result, seen: Seen) -> bool:
    return (info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino, info.st_mode) == (
        seen.size, seen.mtime_ns, seen.ctime_ns, seen.inode, seen.mode,
    )  # fmt: skip


def _kind(mode: int) -> str:
    return "link" if stat.S_ISLNK(mode) else "program" if mode & stat.S_IXUSR else "file"


def _content(path: Path) -> bytes:
    return os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _has_words(path: Path) -> bool:
    """Whether a Setup file lists any module: configure writes one with comments only."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    return any(line.strip() and not line.lstrip().startswith("#") for line in lines)


# --- the copy


def _brought(
    owner: str, wanted: Mapping[str, tuple[str, str]], read: Reader, store: Store, say: Callable[[str], None]
) -> Snapshot:
    """A snapshot with exactly these files: one that has them, else the owner's brought up to date, else a new one."""
    digest = _digest_of(wanted)
    with store.lock("snapshots", say=say):
        home = store.root / "snapshots"
        heads = {path.parent: head for path in home.glob("*/snapshot.json") if (head := decoded(path, Head))}
        same = [path for path, head in heads.items() if head.digest == digest]
        own = [path for path, head in heads.items() if head.owner == owner and not store.in_use(path)]
        own.sort(key=store.last_use, reverse=True)
        place = next(iter([*same, *own]), home / secrets.token_hex(4))
        store.use(place)
        head = heads.get(place, Head(digest="", owner=owner))
        changed = _update(place, head, digest, wanted, read)
        makefile = place / "tree" / "Makefile.pre.in"
        made = read_by_make(wanted, makefile.read_text("utf-8", "replace")) if makefile.is_file() else wanted.keys()
        make_digest = _digest_of({name: wanted[name] for name in made})
        return Snapshot(path=place / "tree", digest=digest, make_digest=make_digest, changed=changed, left_out=())


def read_by_make(names: Iterable[str], makefile: str) -> list[str]:
    """The files, by their names in a tree, whose edits may concern `make all` of the program.

    Of the library these are the files that the Makefile names: those that are frozen into the program. Its patterns
    (`Lib/*.py`) are for installing, and for builds for browsers.
    """
    named = set(_IN_LIBRARY.findall(makefile))
    return [name for name in names if not name.startswith("Lib/") or name in named]


def _digest_of(files: Mapping[str, tuple[str, str]]) -> str:
    return digest_of(*(f"{name}\0{sha256}\0{kind}" for name, (sha256, kind) in sorted(files.items())))


def _update(place: Path, head: Head, digest: str, wanted: Mapping[str, tuple[str, str]], read: Reader) -> int:
    """Make the files of a snapshot what is wanted; the number of those that were written or removed."""
    listing, tree = place / "files.json", place / "tree"
    there = {
        name: one for name, one in (decoded(listing, dict[str, Copied]) or {}).items() if _intact(f"{tree}/{name}", one)
    }
    fitting = {name: one for name, one in there.items() if wanted.get(name) == (one.sha256, one.kind)}
    changed = sorted(wanted.keys() - fitting.keys())
    gone = (
        sorted(set(_all_files(tree)) - wanted.keys()) if changed or len(there) != len(wanted) or not head.digest else []
    )
    if head.digest == digest and not changed and not gone:
        return 0
    # What is written down is true at each moment: first without the files that will change, then with all.
    write_atomically(place / "snapshot.json", sealed.encode(Head(digest="", owner=head.owner)))
    write_atomically(listing, sealed.encode(fitting))
    try:
        for name in gone:
            remove_path(tree / name)
        for name in changed:
            fitting[name] = _write(tree, name, wanted[name], read(name))
    except OSError as exc:
        raise HarnessFault(
            f"the snapshot {place} cannot be written: {exc}", hint="free some room, then run it again"
        ) from exc
    write_atomically(listing, sealed.encode(fitting))
    write_atomically(place / "snapshot.json", sealed.encode(Head(digest=digest, owner=head.owner)))
    return len(changed) + len(gone)


def _write(tree: Path, name: str, wanted: tuple[str, str], data: bytes) -> Copied:
    sha256, kind = wanted
    path = tree / name
    for parent in [tree / one for one in list(Path(name).parents)[-2::-1]]:
        if parent.is_symlink() or parent.is_file():  # it was a file or a link, and is a directory now
            remove_path(parent)
    remove_path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "link":
        path.symlink_to(os.fsdecode(data))
    else:
        path.write_bytes(data)
        path.chmod(0o755 if kind == "program" else 0o644)
    info = path.lstat()
    return Copied(sha256, kind, info.st_size, info.st_mtime_ns)


def _intact(path: str, one: Copied) -> bool:
    try:
        info = os.lstat(path)
    except OSError:
        return False
    return (info.st_size, info.st_mtime_ns) == (one.size, one.mtime_ns)


def _all_files(tree: Path) -> Iterable[str]:
    """Every file that lies in a snapshot, but for byte-code that a build Python has left."""
    for directory, names, files in os.walk(tree):
        names[:] = [name for name in names if name != "__pycache__"]
        inside = os.path.relpath(directory, tree)
        links = [name for name in names if os.path.islink(f"{directory}/{name}")]
        for name in (*files, *links):
            yield name if inside == "." else f"{inside}/{name}"


def decoded(path: Path, kind: type[T]) -> T | None:
    """The JSON of a file; None when there is none or it is damaged."""
    try:
        return sealed.decode(path.read_bytes(), kind)
    except (OSError, msgspec.DecodeError):
        return None
