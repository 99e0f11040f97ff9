"""Runtimes that are installed already: a package of this environment, a command on PATH, a browser."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
from pathlib import Path

from harness.machine.hashing import digest_of
from harness.provide.command_version import check_command, command_version
from harness.provide.provider import LocalProvider, Obtained
from matrix.errors import Unobtainable
from matrix.model import Runtime, RuntimeKind

BROWSER_VARIABLE = "CPYTHON_WASM_BROWSER"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_COMMANDS = {RuntimeKind.CLI: "wasmtime", RuntimeKind.NODE: "node", RuntimeKind.NODE_WASI: "node"}
"""commands by kind of runtime; for any other kind the command has the runtime's name"""


class InstalledPackage(LocalProvider):
    """The wasmtime package in the harness's own environment, if it has the right version."""

    name = "this environment"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def find(self) -> Obtained:
        try:
            distribution = importlib.metadata.distribution("wasmtime")
        except importlib.metadata.PackageNotFoundError:
            raise Unobtainable("wasmtime is not installed") from None
        if distribution.version != self._runtime.version:
            raise Unobtainable(f"wasmtime here is {distribution.version}")
        return Obtained(
            path=Path(str(distribution.locate_file(""))),
            provider=self.name,
            detail=f"wasmtime {distribution.version}",
            digest=digest_of("wasmtime", distribution.version),
        )


class InstalledCommand(LocalProvider):
    """The command on PATH, or the one that the runtime's `executable` names, if it has the right version."""

    name = "PATH"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def find(self) -> Obtained:
        name = _COMMANDS.get(self._runtime.kind, self._runtime.name)
        command = self._runtime.executable or shutil.which(name)
        if command is None:
            raise Unobtainable(f"there is no `{name}` on PATH")
        path = Path(command).resolve()
        line = self._runtime.command
        check_command(path, self._runtime.version, line.version if line is not None else ("--version",))
        info = path.stat()
        return Obtained(
            path=path,
            provider=self.name,
            detail=f"{name} {self._runtime.version} at {path}",
            digest=digest_of(str(path), self._runtime.version, str(info.st_size), str(info.st_mtime_ns)),
        )


class InstalledBrowser(LocalProvider):
    """The browser that `$CPYTHON_WASM_BROWSER` names, else the first one on PATH. Any version will do."""

    name = "PATH"

    def find(self) -> Obtained:
        if importlib.util.find_spec("playwright") is None:
            raise Unobtainable(
                "this environment does not have the package playwright, which drives the browser",
                hint="`nox -s test-browser` installs it; so does `pip install` with pyproject.toml's group `browser`",
            )
        named = os.environ.get(BROWSER_VARIABLE)
        found = shutil.which(named) if named else next(filter(None, map(shutil.which, _BROWSERS)), None)
        if found is None:
            raise Unobtainable(
                f"${BROWSER_VARIABLE} names {named!r}, which does not exist" if named else "no Chromium is on PATH",
                hint=f"install one (on Debian: apt-get install chromium), or name one with ${BROWSER_VARIABLE}",
            )
        version = command_version(Path(found))
        return Obtained(
            path=Path(found),
            provider=self.name,
            detail=f"{Path(found).name} {version}",
            digest=digest_of(found, version),
        )
