"""The version of a command, as the command states it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from harness.machine.command import CommandFailed, ask
from matrix.errors import HarnessFault, Unobtainable


def command_version(command: Path, words: Sequence[str] = ("--version",)) -> str:
    """`49.0.3` from `wasmtime 49.0.3 (f96eabaa1 2026-10-14)`, `20.18.0` from Node's `v20.18.0`; else `unknown`.

    `words` make the command print it. Raises Unobtainable when the command does not run.
    """
    return version_in(command_output(command, words))


def version_in(output: str) -> str:
    """The version in what a command printed; `unknown` when there is none."""
    match = re.search(r"\d+(\.\d+)+", output)
    return match[0] if match else "unknown"


def command_output(command: Path, words: Sequence[str]) -> str:
    """What a command prints. Raises Unobtainable when it does not run."""
    try:
        return ask([str(command), *words])
    except CommandFailed as exc:
        raise Unobtainable(f"{command} does not run: {exc.output.strip()}") from None
    except HarnessFault as exc:
        raise Unobtainable(f"{command} does not run: {exc.message}") from None


def check_command(command: Path, version: str, words: Sequence[str] = ("--version",)) -> None:
    """Raise Unobtainable unless a command has that version, which it prints with these words."""
    if (found := command_version(command, words)) != version:
        raise Unobtainable(f"{command.name} says that its version is {found}, not {version}")
