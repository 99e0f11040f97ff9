"""Runtimes that a user names by the path of their executable, known by what it says of itself."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from harness.provide.command_version import command_output, version_in
from matrix.errors import Unobtainable
from matrix.model import Runtime, RuntimeKind

_VERSION = ("--version",)
_NODE = r"^v\d+\.\d+\.\d+$"
_SAYS = {RuntimeKind.CLI: r"^wasmtime(-cli)? \d", RuntimeKind.NODE: _NODE, RuntimeKind.NODE_WASI: _NODE}
"""what the commands of some kinds print as their version"""
_LOOKED_AT = 10_000
"""characters of what a command prints"""


def runtimes_from(path: Path, known: Sequence[Runtime]) -> tuple[Runtime, ...]:
    """What an executable is of the known runtimes: one row for each name, with its own version.

    A command whose row does not say what it prints is known by its name. Node is two: `node` and `node-wasi`. A row
    that is like another one is left out. Raises Unobtainable for what cannot be executed or is none of them.
    """
    if not path.is_file():
        raise Unobtainable(f"{path} is no runtime: there is no such file", hint="name the executable itself")
    if not os.access(path, os.X_OK):
        raise Unobtainable(f"{path} is no runtime: it may not be executed", hint=f"chmod +x {path}")
    said: dict[tuple[str, ...], str] = {}
    found: dict[str, Runtime] = {}
    for row in known:
        words = row.command.version if row.command is not None else _VERSION
        line = row.command or row.browser
        pattern = line.says if line is not None else _SAYS.get(row.kind, "")
        by_name = row.command is not None and row.name == path.name
        if row.name in found or row.executable or row.like or not (pattern or by_name):
            continue
        if words not in said:
            said[words] = command_output(path, words)[:_LOOKED_AT]
        if not pattern or re.search(pattern, said[words], re.MULTILINE):
            version = version_in(said[words])
            found[row.name] = replace(
                row, version=version, executable=path, wheel=None, package=None, for_bisecting=False, note=""
            )
    if not found:
        names = ", ".join(sorted({row.name for row in known}))
        raise Unobtainable(
            f"{path} is no runtime that is known: it says {next(iter(said.values()), '').strip()[:200]!r}",
            hint=f"known are: {names}; docs/how-to/add-a-runtime.md says how another one is described",
        )
    return tuple(found.values())
