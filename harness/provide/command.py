"""A runtime's command that is installed on the machine."""

from __future__ import annotations

import importlib.util
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from harness.machine.hashing import digest_of
from harness.machine.store import Store
from harness.provide.obtain import Obtained
from harness.provide.pypi import check_command, command_version
from matrix.errors import Unobtainable
from matrix.model import Runtime, RuntimeKind

BROWSER_VARIABLE = "CPYTHON_WASM_BROWSER"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_COMMANDS = {RuntimeKind.CLI: "wasmtime", RuntimeKind.NODE: "node"}
"""commands by kind of runtime; that of any other kind has the runtime's name"""


class _Installed(ABC):
    """What is installed: nothing is fetched, so that what can be had is what is there."""

    name = "PATH"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    @abstractmethod
    def obtain(self, store: Store, say: Callable[[str], None]) -> Obtained:
        """Raises Unobtainable when it is not there."""

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


class InstalledCommand(_Installed):
    """The command on PATH, or the one that the runtime names, when it has the right version."""

    def obtain(self, store: Store, say: Callable[[str], None]) -> Obtained:
        name = _COMMANDS.get(self._runtime.kind, self._runtime.name)
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


class InstalledBrowser(_Installed):
    """The browser that `$CPYTHON_WASM_BROWSER` names, else the first that is on PATH, whatever its version."""

    def obtain(self, store: Store, say: Callable[[str], None]) -> Obtained:
        if importlib.util.find_spec("playwright") is None:
            raise Unobtainable(
                "the browser is driven by the package playwright, which this environment does not have",
                hint="`nox -s test-browser` installs it, as does `pip install` of pyproject.toml's group browser",
            )
        named = os.environ.get(BROWSER_VARIABLE)
        found = shutil.which(named) if named else next(filter(None, map(shutil.which, _BROWSERS)), None)
        if found is None:
            raise Unobtainable(
                f"there is no {named!r}, which ${BROWSER_VARIABLE} names" if named else "no Chromium is on PATH",
                hint=f"install one (on Debian: apt-get install chromium), or name one with ${BROWSER_VARIABLE}",
            )
        version = command_version(Path(found))
        detail = f"{Path(found).name} {version}"
        return Obtained(path=Path(found), provider=self.name, detail=detail, digest=digest_of(found, version))
