"""What the user is told of an exception that nobody foresaw: one line, a file with the traceback, what to do."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

EXIT_STATUS = 4
"""the harness itself failed, as for HarnessFault in matrix/errors.py"""
_PREFIX = "cpython-wasm-matrix-"


def told(exc: Exception, argv: Sequence[str]) -> str:
    """The message for an exception of a command. Its traceback is in a file of the directory for temporary files.

    The traceback is in the message itself where that file cannot be written.
    """
    what = f"{type(exc).__name__}: {next(iter(str(exc).splitlines()), '')}"
    text = "".join(traceback.format_exception(exc))
    try:
        place = f"its traceback is in {_written(text, argv)}"
    except OSError as no_file:
        place = f"its traceback cannot be written ({no_file.strerror}):\n{text}"
    return (
        f"the harness failed in a way that it should not: {what}\n  {place}\n"
        "  -> please report it, with that traceback. Finished results are kept: `test --resume` continues a run"
    )


def _written(text: str, argv: Sequence[str]) -> Path:
    head = f"command: {list(argv)}\npython: {sys.version}\nsystem: {os.uname().release} {os.uname().machine}\n\n"
    with tempfile.NamedTemporaryFile("w", prefix=_PREFIX, suffix=".txt", delete=False, errors="replace") as file:
        file.write(head + text)
    return Path(file.name)
