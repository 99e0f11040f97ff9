"""The cache: what was provisioned and built, under locks, landed by rename, checked before use.

Layout below the root (`$CPYTHON_WASM_CACHE`, else the user's cache directory):

    downloads/   files, named by their sha256
    entries/     finished directories: SDKs, sources, runtimes; each with a manifest beside it
    builds/      work directories whose steps keep their own stamps (`harness.build.execute`)
    scratch/     roots of running guests, gone when they end
    state/       small files: durations, apt's lists, pytest's last-failed; compiled modules, results
    locks/       `.lock` files, each held by one run at a time, and marks of use (`harness.machine.uses`)
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import platformdirs
from filelock import FileLock, Timeout

from harness.machine import uses
from harness.machine.files import remove_path, remove_tree, write_atomically
from matrix import json_records
from matrix.errors import HarnessFault

CACHE_NAME = "cpython-wasm-matrix"
VARIABLE = "CPYTHON_WASM_CACHE"
"""the environment variable that overrides where the cache is"""

PLACES = ("entries", "builds", "downloads", "state/compiled", "state/results")
"""where the items lie that runs use, and that can be had or made again when they were removed"""
_UNFINISHED_AGE = 6 * 3600.0
"""seconds after which a file that no rename has landed is taken for a killed run's"""
_ASIDE = ".removed-"
"""what the name of an item begins with once it is being removed"""
MANIFEST = ".manifest.json"
_UNWATCHED = {"__pycache__"}
"""directories that CPython itself writes to beside its sources"""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a finished entry holds and where it came from.

    `files` maps each path to its size and modification time (ns), so that damage is noticed by one
    `lstat` a file; `digest` identifies the content for whatever is built from it.
    """

    schema: int = 1
    digest: str
    provider: str
    detail: str
    notes: tuple[str, ...] = ()
    created: float
    files: dict[str, tuple[int, int]]


class Store:
    """The cache at one root directory."""

    def __init__(self, root: Path | None = None) -> None:
        chosen = root or Path(os.environ.get(VARIABLE) or platformdirs.user_cache_path(CACHE_NAME))
        self.root = chosen.expanduser().absolute()
        self._used: set[Path] = set()
        try:
            for name in ("downloads", "entries", "builds", "scratch", "state", "locks"):
                (self.root / name).mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise HarnessFault(
                f"the cache directory {self.root} cannot be made: {exc.strerror}",
                hint=f"name another one with ${VARIABLE}",
            ) from None

    @contextlib.contextmanager
    def lock(self, name: str, *, say: Callable[[str], None] = lambda message: None) -> Iterator[None]:
        """Hold the lock `name`; another run that holds it is waited for, which is said."""
        lock = FileLock(self.root / "locks" / f"{name}.lock")
        try:
            lock.acquire(timeout=0.5)
        except Timeout:
            say(f"waiting for another run that holds {name}")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def entry(self, name: str) -> Path:
        return self.root / "entries" / name

    def manifest(self, name: str) -> Manifest | None:
        """The manifest of an entry that is there and intact, else None."""
        directory = self.entry(name)
        try:
            manifest = json_records.decode((directory / MANIFEST).read_bytes(), Manifest)
        except (OSError, msgspec.DecodeError):
            return None
        return manifest if damage(directory, manifest) is None else None

    def obtain(
        self,
        name: str,
        make: Callable[[Path], tuple[str, str, str, tuple[str, ...]]],
        *,
        say: Callable[[str], None] = lambda message: None,
    ) -> tuple[Path, Manifest]:
        """The entry `name`, made when it is not there or damaged.

        `make` fills the directory that it is given and returns (digest, provider, detail, notes).
        The entry appears whole or not at all. Raises what `make` raises.
        """
        directory = self.entry(name)
        self.use(directory)
        with self.lock(name, say=say):
            if manifest := self.manifest(name):
                return directory, manifest
            if directory.exists():
                say(f"the cache entry {name} is damaged or half-made: it is made again")
                remove_tree(directory)
            work = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=directory.parent))
            try:
                digest, provider, detail, notes = make(work)
                manifest = Manifest(
                    digest=digest,
                    provider=provider,
                    detail=detail,
                    notes=notes,
                    created=time.time(),
                    files=snapshot(work),
                )
                write_atomically(work / MANIFEST, json_records.encode(manifest))
                work.chmod(0o755)
                work.rename(directory)
            except OSError as exc:
                raise HarnessFault(
                    f"the cache entry {directory} cannot be written: {exc}",
                    hint=f"free some room (`python -m harness cache`) or name another place with ${VARIABLE}",
                ) from exc
            finally:
                remove_tree(work)
            return directory, manifest

    @contextlib.contextmanager
    def scratch(self, prefix: str) -> Iterator[Path]:
        """A new directory that is gone afterwards."""
        directory = Path(tempfile.mkdtemp(prefix=f"{prefix}-{os.getpid()}-", dir=self.root / "scratch"))
        try:
            yield directory
        finally:
            remove_tree(directory)

    # --- use and removal

    def use(self, path: Path) -> bool:
        """Keep the item that a path lies in from being removed as long as this object lives; whether the path is there.

        An item that is to be made is used first. One that was found may be gone by now: it has to be made again.
        Paths that lie in no item are nobody's to remove.
        """
        mark = self._mark(path)
        if mark is not None and mark not in self._used:
            weakref.finalize(self, uses.let_go, uses.hold(mark))
            self._used.add(mark)
        return path.exists()

    def in_use(self, path: Path) -> bool:
        """Whether a run uses an item now, be it this one."""
        mark = self._mark(path)
        return mark is not None and uses.is_held(mark)

    def last_use(self, path: Path) -> float:
        """When an item was last used, or else changed, in seconds since the epoch; 0 when it is gone."""
        mark = self._mark(path)
        for dated in filter(None, (mark, path)):
            with contextlib.suppress(FileNotFoundError):
                return dated.lstat().st_mtime
        return 0.0

    def remove(self, path: Path) -> bool:
        """Remove an item that no run uses; whether it is gone. Runs find it whole or not at all."""
        mark = self._mark(path)
        if mark is None:
            raise ValueError(f"{path} is in none of {PLACES}")
        aside = path.with_name(f"{_ASIDE}{secrets.token_hex(8)}")
        try:
            with uses.claimed(mark) as free:
                if not free:
                    return False
                with contextlib.suppress(FileNotFoundError):  # someone else has removed it
                    path.rename(aside)
                mark.unlink(missing_ok=True)
            remove_path(aside)  # it takes its time, for which no run has to wait
        except OSError as exc:
            raise HarnessFault(f"{path} cannot be removed: {exc}") from None
        return True

    def _mark(self, path: Path) -> Path | None:
        """The mark of use of the item that a path lies in; None when it lies in none."""
        for place in PLACES:
            if (self.root / place) in path.parents:
                name = path.relative_to(self.root / place).parts[0]
                return self.root / "locks" / f"{place.replace('/', '-')}-{name}.use"
        return None

    def left_over(self) -> Iterator[Path]:
        """What killed runs left: scratch directories whose process is gone, what is half made or half removed."""
        for path in (self.root / "scratch").iterdir():
            match = re.search(r"-(\d+)-", path.name)
            if match is None or not Path(f"/proc/{match[1]}").exists():
                yield path
        for place in PLACES:
            for path in (self.root / place).glob(".*"):
                if path.name.startswith(_ASIDE) or (place == "entries" and self._is_abandoned(path)):
                    yield path
        for path in [*self.root.glob("downloads/.part-*"), *self.root.glob("state/compiled/*.part")]:
            with contextlib.suppress(FileNotFoundError):  # finished meanwhile
                if time.time() - path.stat().st_mtime > _UNFINISHED_AGE:
                    yield path

    def _is_abandoned(self, work: Path) -> bool:
        """Whether nobody makes the entry any more that a directory was to become."""
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
    """The first file that is gone or not as it was, else None. Files that were added do not count."""
    for path, expected in manifest.files.items():
        try:
            info = os.lstat(f"{directory}/{path}")  # there are a hundred thousand in a nightly
        except OSError:
            return path
        if (info.st_size, info.st_mtime_ns) != expected:
            return path
    return None
