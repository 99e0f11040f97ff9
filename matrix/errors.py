"""Every error that a user may meet, with the exit status that it leads to.

A message says what went wrong, where (file and key path, cell, step, log file) and what to do next.
The statuses are those of docs/command-line.md; `python -m harness` turns an error into its status.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class MatrixError(Exception):
    """Base class of the errors that are reported without a traceback."""

    exit_status = 4

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  -> {self.hint}" if self.hint else self.message


class UsageError(MatrixError):
    """What was asked for does not exist or does not fit together; nothing was started."""

    exit_status = 2


class ConfigError(MatrixError):
    """A data file does not fit its schema; the message names file and key path."""

    exit_status = 2


class Unobtainable(MatrixError):
    """A toolchain, a source or a runtime cannot be had from any of its providers."""

    exit_status = 3


class BuildFailed(MatrixError):
    """A build step failed; the message has the command, its last lines and the log's path."""

    exit_status = 3

    def __init__(
        self, message: str, *, step: str = "", output: str = "", hint: str = "", remembered: bool = False
    ) -> None:
        super().__init__(message, hint=hint)
        self.step = step
        self.output = output
        self.remembered = remembered
        """whether it is what an earlier run of the step came to, of which nothing has changed"""


class HarnessFault(MatrixError):
    """The harness itself is at fault, or the machine under it (a full disk, say)."""

    exit_status = 4


class HistoryUnusable(MatrixError):
    """The history cannot be read or written; it stays as it is, and so do the runs."""

    exit_status = 4


def near(word: str, known: Iterable[str], *, most: int = 3) -> str:
    """A hint that names the known words nearest to `word`, or all of them when few; "" when none."""
    words = sorted(set(known))
    matches = difflib.get_close_matches(word, words, n=most, cutoff=0.5)
    if not matches:
        matches = [candidate for candidate in words if word.lower() in candidate.lower()][:most]
    if matches:
        return "did you mean " + " or ".join(matches) + "?"
    if 0 < len(words) <= 12:
        return "there are: " + ", ".join(words)
    return ""
