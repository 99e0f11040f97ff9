"""A runtime's command that is installed on the machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from harness.providers import Obtained
from harness.providers.pypi import check_command
from harness.store import Store, digest_of
from matrix.errors import Unobtainable
from matrix.model import Runtime, RuntimeKind

_COMMANDS = {RuntimeKind.CLI: "wasmtime", RuntimeKind.NODE: "node"}


class InstalledCommand:
    """The command on PATH, or the one that the runtime names, when it has the right version."""

    name = "PATH"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def available(self, store: Store) -> str | None:
        try:
            self.obtain(store, lambda message: None)
        except Unobtainable as exc:
            return exc.message
        return None

    def cached(self, store: Store) -> Obtained | None:
        try:
            return self.obtain(store, lambda message: None)
        except Unobtainable:
            return None

    def obtain(self, store: Store, say: Callable[[str], None]) -> Obtained:
        name = _COMMANDS[self._runtime.kind]
        command = self._runtime.executable or shutil.which(name)
        if command is None:
            raise Unobtainable(f"there is no `{name}` on PATH")
        path = Path(command).resolve()
        check_command(path, self._runtime.version)
        info = path.stat()
        return Obtained(
            path=path,
            provider=self.name,
            detail=f"{name} {self._runtime.version} at {path}",
            digest=digest_of(str(path), self._runtime.version, str(info.st_size), str(info.st_mtime_ns)),
        )
