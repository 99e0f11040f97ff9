"""The cache: what was obtained and built. Entries are made under locks, renamed into place, and checked before use.

Layout below the root (`$CPYTHON_WASM_CACHE`, else the user's cache directory):

    downloads/   files, named by their sha256
    entries/     finished directories: SDKs, sources, runtimes, each with a manifest in it
    snapshots/   copies of users' trees (`harness.provide.snapshot`)
    builds/      work directories whose steps keep their own stamps (`harness.build.execute`)
    scratch/     temporary directories of running processes, removed when they end
    state/       small files: durations, apt's lists, pytest's last-failed; compiled modules, results
    locks/       `.lock` files, each held by one run at a time, and marks of use (`harness.machine.uses`)

Each file or directory directly below one of PLACES is an *item*: runs use it as a whole, and pruning removes it as a
whole.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import platformdirs
from filelock import FileLock, Timeout

from harness.machine import sealed, uses
from harness.machine.branches import check_stopped
from harness.machine.files import remove_path, remove_tree, write_atomically
from harness.machine.paths import unusable
from matrix.errors import HarnessFault, UsageError

CACHE_NAME = "cpython-wasm-matrix"
VARIABLE = "CPYTHON_WASM_CACHE"
"""the environment variable that overrides the cache's directory"""

_DIRECTORIES = ("downloads", "entries", "snapshots", "builds", "scratch", "state", "locks")
PLACES = ("entries", "snapshots", "builds", "downloads", "state/compiled", "state/results")
"""the directories of the items: runs use them, and can obtain or make them again after they were removed"""
_ANOTHER = f"choose another directory with ${VARIABLE}"
_UNFINISHED_AGE = 6 * 3600.0
"""seconds after which an unfinished file counts as left by a killed run"""
_ASIDE = ".removed-"
"""the prefix of an item's name while it is being removed"""
MANIFEST = ".manifest.json"
_UNWATCHED = {"__pycache__"}
"""directories that CPython itself writes beside its sources"""


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where the content of an entry came from."""

    provider: str
    detail: str
    """the exact versions or the address, for people"""
    digest: str
    """identifies the content, for everything that is built from it"""


class Manifest(Provenance, frozen=True, kw_only=True):
    """The content of a finished entry and where it came from.

    `files` maps each path to its size and modification time (ns), so that one `lstat` per file shows damage.
    """

    schema: int = 1
    created: float
    files: dict[str, tuple[int, int]]


class Store:
    """The cache at one root directory. Items that a Store uses are safe from pruning while the object lives.

    Raises UsageError when builds cannot work below the root, HarnessFault when it cannot be made.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = _usable(root or Path(os.environ.get(VARIABLE) or platformdirs.user_cache_path(CACHE_NAME)))
        self._used: dict[Path, weakref.finalize[..., Store]] = {}
        self._using = threading.Lock()
        self._held: set[str] = set()
        """the locks that this run holds"""
        try:
            for name in _DIRECTORIES:
                (self.root / name).mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise HarnessFault(
                f"the cache directory {self.root} cannot be made: {exc.strerror}",
                hint=_ANOTHER,
            ) from None
        for directory in (self.root / name for name in _DIRECTORIES):
            if not os.access(directory, os.W_OK | os.X_OK):
                raise HarnessFault(f"{directory} is not writable", hint=f"check who owns it, or {_ANOTHER}")

    @contextlib.contextmanager
    def lock(self, name: str, *, say: Callable[[str], None] = lambda message: None) -> Iterator[None]:
        """Hold the lock `name`. Waits for another thread that holds it, or for another run and says so."""
        lock = FileLock(self.root / "locks" / f"{name}.lock")
        said = False
        while not lock.is_locked:
            try:
                lock.acquire(timeout=0.5)
            except Timeout:
                check_stopped()
                if not said and name not in self._held:
                    say(f"waiting for another run that holds {name}")
                    said = True
        self._held.add(name)
        try:
            yield
        finally:
            self._held.discard(name)
            lock.release()

    def entry(self, name: str) -> Path:
        """The directory of an entry, whether or not it exists."""
        return self.root / "entries" / name

    def manifest(self, name: str) -> Manifest | None:
        """The manifest of an entry; None when the entry does not exist or is damaged."""
        directory = self.entry(name)
        try:
            manifest = sealed.decode((directory / MANIFEST).read_bytes(), Manifest)
        except (OSError, msgspec.DecodeError):
            return None
        return manifest if damage(directory, manifest) is None else None

    def obtain(
        self,
        name: str,
        fill: Callable[[Path], Provenance],
        *,
        say: Callable[[str], None] = lambda message: None,
    ) -> tuple[Path, Manifest]:
        """The entry `name`, made when it does not exist or is damaged.

        `fill` puts the content into the empty directory that it gets. The entry appears complete or not at all.
        Raises what `fill` raises, but HarnessFault for an OSError.
        """
        directory = self.entry(name)
        self.use(directory)
        with self.lock(name, say=say):
            if manifest := self.manifest(name):
                return directory, manifest
            if directory.exists():
                say(f"the cache entry {name} is damaged or incomplete: making it again")
                remove_tree(directory)
            work = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=directory.parent))
            try:
                provenance = fill(work)
                manifest = Manifest(
                    **msgspec.structs.asdict(provenance),
                    created=time.time(),
                    files=snapshot(work),
                )
                write_atomically(work / MANIFEST, sealed.encode(manifest))
                work.chmod(0o755)
                work.rename(directory)
            except OSError as exc:
                full = exc.errno in (errno.ENOSPC, errno.EDQUOT)
                raise HarnessFault(
                    f"the cache entry {directory} cannot be made: {exc}",
                    hint=f"free some space (`python -m harness cache`), or {_ANOTHER}" if full else _ANOTHER,
                ) from exc
            finally:
                remove_tree(work)
            return directory, manifest

    @contextlib.contextmanager
    def scratch(self, prefix: str) -> Iterator[Path]:
        """A new directory, removed when the context ends."""
        directory = Path(tempfile.mkdtemp(prefix=f"{prefix}-{os.getpid()}-", dir=self.root / "scratch"))
        try:
            yield directory
        finally:
            remove_tree(directory)

    # --- use and removal

    def use(self, path: Path) -> bool:
        """Keep the item that contains `path` from being removed while this store lives. Returns whether `path` exists.

        Call it before making an item. After finding one, check the result: another run may have removed the item in
        the meantime, and then it has to be made again. A path outside all items is never removed; nothing is marked.
        """
        mark = self._mark(path)
        with self._using:
            if mark is not None and mark not in self._used:
                self._used[mark] = weakref.finalize(self, uses.release, uses.hold(mark))
        return path.exists()

    def release(self) -> None:
        """Stop using every item, as at the end of the store's lifetime."""
        while self._used:
            self._used.popitem()[1]()

    def in_use(self, path: Path) -> bool:
        """Whether any run, including this one, uses the item."""
        mark = self._mark(path)
        return mark is not None and uses.is_held(mark)

    def last_use(self, path: Path) -> float:
        """The time of an item's last use, in seconds since the epoch.

        It is the time of the last change for an item that no run has used, and 0 for one that does not exist.
        """
        mark = self._mark(path)
        for dated in filter(None, (mark, path)):
            with contextlib.suppress(FileNotFoundError):
                return dated.lstat().st_mtime
        return 0.0

    def remove(self, path: Path) -> bool:
        """Remove an item unless a run uses it. Returns whether it is gone. Runs find it complete or not at all.

        Raises ValueError for a path outside all items, HarnessFault when the item cannot be removed.
        """
        mark = self._mark(path)
        if mark is None:
            raise ValueError(f"{path} is in none of {PLACES}")
        aside = path.with_name(f"{_ASIDE}{secrets.token_hex(8)}")
        try:
            with uses.claimed(mark) as free:
                if not free:
                    return False
                with contextlib.suppress(FileNotFoundError):  # another process has removed it
                    path.rename(aside)
                mark.unlink(missing_ok=True)
            remove_path(aside)  # slow, so outside the lock: no run has to wait for it
        except OSError as exc:
            raise HarnessFault(
                f"{path} cannot be removed: {exc}", hint="check who owns it and whether the disk is writable"
            ) from None
        return True

    def _mark(self, path: Path) -> Path | None:
        """The mark of use of the item that contains `path`; None outside all items."""
        for place in PLACES:
            if (self.root / place) in path.parents:
                name = path.relative_to(self.root / place).parts[0]
                return self.root / "locks" / f"{place.replace('/', '-')}-{name}.use"
        return None

    def left_over(self) -> Iterator[Path]:
        """What killed runs left: scratch directories of dead processes, unfinished files and half-removed items."""
        for path in (self.root / "scratch").iterdir():
            match = re.search(r"-(\d+)-", path.name)
            if match is None or not Path(f"/proc/{match[1]}").exists():
                yield path
        for place in PLACES:
            for path in (self.root / place).glob(".*"):
                if path.name.startswith(_ASIDE) or (place == "entries" and self._is_abandoned(path)):
                    yield path
        for path in [*self.root.glob("downloads/.part-*"), *self.root.glob("state/compiled/*.part")]:
            with contextlib.suppress(FileNotFoundError):  # it was finished in the meantime
                if time.time() - path.stat().st_mtime > _UNFINISHED_AGE:
                    yield path

    def _is_abandoned(self, work: Path) -> bool:
        """Whether no run is filling this work directory of an entry any more."""
        name = work.name[1:].rpartition("-")[0]
        try:
            with FileLock(self.root / "locks" / f"{name}.lock", blocking=False):
                return True
        except Timeout:
            return False

    def remove_left_over(self) -> None:
        """Remove what killed runs left."""
        for path in list(self.left_over()):
            remove_path(path)


def _usable(root: Path) -> Path:
    """The absolute path of a cache directory. Raises UsageError when there can be none or builds would break in it."""
    try:
        path = root.expanduser().absolute()
    except RuntimeError:
        raise UsageError(f"the cache directory {root} names an unknown user", hint=_ANOTHER) from None
    real = Path(os.path.realpath(path))  # CPython's Makefile has it as abs_builddir, without quotes
    for place, said in ((path, ""), (real, f"it is really {real}: ")):
        if reason := unusable(place):
            raise UsageError(f"the cache cannot be in {path}: {said}{reason}", hint=_ANOTHER)
    return path


def snapshot(directory: Path) -> dict[str, tuple[int, int]]:
    """Size and modification time (ns) of every file below `directory`, by relative path."""
    files: dict[str, tuple[int, int]] = {}
    pending = [""]
    while pending:
        relative = pending.pop()
        with os.scandir(directory / relative) as entries:
            for entry in entries:
                path = f"{relative}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in _UNWATCHED:
                        pending.append(f"{path}/")
                elif path != MANIFEST:
                    info = entry.stat(follow_symlinks=False)
                    files[path] = (info.st_size, info.st_mtime_ns)
    return dict(sorted(files.items()))


def damage(directory: Path, manifest: Manifest) -> str | None:
    """The first file that is missing or changed, or None. Added files are no damage."""
    for path, expected in manifest.files.items():
        try:
            info = os.lstat(f"{directory}/{path}")  # not a Path: a nightly run checks a hundred thousand files
        except OSError:
            return path
        if (info.st_size, info.st_mtime_ns) != expected:
            return path
    return None
