"""Every error that a user can see, with its exit status.

A message says what went wrong, where (file and key path, cell, step, log file) and what to do next.
`python -m harness` prints it and exits with the status. docs/reference/command-line.md lists the statuses.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class MatrixError(Exception):
    """Base class of the errors that are reported without a traceback.

    `hint` is printed after the message, on a line of its own: what to do next.
    """

    exit_status = 4

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  -> {self.hint}" if self.hint else self.message


class UsageError(MatrixError):
    """The user asked for something that does not exist or is contradictory. Nothing was started."""

    exit_status = 2


class ConfigError(MatrixError):
    """A data file is invalid. The message names the file and the key path."""

    exit_status = 2


class Unobtainable(MatrixError):
    """No provider of a toolchain, a source tree or a runtime could deliver it."""

    exit_status = 3


class BuildFailed(MatrixError):
    """A build step failed. The message has the command, its last lines of output and the path of the log."""

    exit_status = 3

    def __init__(
        self, message: str, *, step: str = "", output: str = "", hint: str = "", remembered: bool = False
    ) -> None:
        super().__init__(message, hint=hint)
        self.step = step
        self.output = output
        self.remembered = remembered
        """whether the step was not run now: it failed in an earlier run, and its inputs are unchanged"""


class HarnessFault(MatrixError):
    """The harness itself failed, or the machine that it runs on (for example, a full disk)."""

    exit_status = 4


class GuestDidNotStart(HarnessFault):
    """A guest ended before anything ran in it, or its module could not be compiled for it.

    The runtime, the build or this machine is at fault, and no test.
    """


class HistoryUnusable(MatrixError):
    """The history cannot be read or written. It was not changed, and neither were the runs."""

    exit_status = 4


def near(word: str, known: Iterable[str], *, most: int = 3) -> str:
    """A hint with the known words most similar to `word`, else all known words if they are few, else ""."""
    words = sorted(set(known))
    matches = difflib.get_close_matches(word, words, n=most, cutoff=0.5)
    if not matches:
        matches = [candidate for candidate in words if word.lower() in candidate.lower()][:most]
    if matches:
        return "did you mean " + " or ".join(matches) + "?"
    if 0 < len(words) <= 12:
        return "there are: " + ", ".join(words)
    return ""
