"""Runtimes that are installed already: a package of this environment, a command on PATH, a browser."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
from pathlib import Path

from harness.machine.hashing import digest_of
from harness.provide.command_version import check_command, command_output, version_in
from harness.provide.provider import LocalProvider, Obtained
from matrix.browsers import too_old
from matrix.errors import Unobtainable
from matrix.model import Runtime, RuntimeKind

BROWSER_VARIABLE = "CPYTHON_WASM_BROWSER"
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
    """A browser of any version: that of the runtime's `executable`, of `$CPYTHON_WASM_BROWSER`, or the first on PATH.

    What the variable names is taken by the row whose browser it says to be.
    """

    name = "PATH"

    def __init__(self, runtime: Runtime) -> None:
        assert runtime.browser is not None  # the loader has checked it
        self._runtime = runtime
        self._line = runtime.browser

    def find(self) -> Obtained:
        wanted = self._runtime.executable or self._named()
        path = wanted or self._on_path()
        said = command_output(path, ("--version",))
        if reason := too_old(self._line, said):
            raise Unobtainable(f"{path}: {reason}", hint=self._hint)
        version = version_in(said)
        other = os.environ.get(BROWSER_VARIABLE) if wanted is None else None
        return Obtained(
            path=path,
            provider=self.name,
            detail=f"{path.name} {version}",
            digest=digest_of(str(path), version),
            notes=(f"${BROWSER_VARIABLE} names {other}, which is no {self._runtime.name}",) if other else (),
        )

    def _named(self) -> Path | None:
        named = os.environ.get(BROWSER_VARIABLE)
        if not named:
            return None
        found = shutil.which(named)
        if found is None:
            raise Unobtainable(f"${BROWSER_VARIABLE} names {named!r}, which does not exist", hint=self._hint)
        says = command_output(Path(found), ("--version",))
        return Path(found) if re.search(self._line.says, says, re.MULTILINE) else None

    def _on_path(self) -> Path:
        found = next(filter(None, map(shutil.which, self._line.commands)), None)
        if found is None:
            raise Unobtainable(f"no {self._runtime.name} is on PATH", hint=self._hint)
        return Path(found)

    @property
    def _hint(self) -> str:
        return f"install one (on Debian: apt-get install {self._line.debian}), or name one with ${BROWSER_VARIABLE}"
