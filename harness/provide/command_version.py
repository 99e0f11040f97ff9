"""The version of a command, as the command states it."""

from __future__ import annotations

import re
from pathlib import Path

from harness.machine.command import CommandFailed, capture
from matrix.errors import HarnessFault, Unobtainable


def command_version(command: Path) -> str:
    """`49.0.3` from `wasmtime 49.0.3 (f96eabaa1 2026-10-14)`, `20.18.0` from Node's `v20.18.0`; else `unknown`.

    Raises Unobtainable when the command does not run.
    """
    try:
        output = capture([str(command), "--version"], timeout=60)
    except CommandFailed as exc:
        raise Unobtainable(f"{command} does not run: {exc.output.strip()}") from None
    except HarnessFault as exc:
        raise Unobtainable(f"{command} does not run: {exc.message}") from None
    match = re.search(r"\d+(\.\d+)+", output)
    return match[0] if match else "unknown"


def check_command(command: Path, version: str) -> None:
    """Raise Unobtainable unless a command has that version."""
    if (found := command_version(command)) != version:
        raise Unobtainable(f"{command.name} says that its version is {found}, not {version}")
