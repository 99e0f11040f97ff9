"""Write, read and remove files so that a crash never leaves half of one."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.machine.units import human_size
from matrix.errors import UsageError


def says(path: Path, text: str) -> bool:
    """Whether a file has exactly this text. A file that is missing, not readable or no UTF-8 has another one."""
    try:
        return path.read_bytes() == text.encode()
    except OSError:
        return False


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file. After a crash it is either complete or unchanged. Missing directories are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


LARGEST_DOCUMENT = 256 << 20
"""bytes that are read of a JSON or text file; the harness writes none that is larger"""


def read_limited(path: Path, most: int = LARGEST_DOCUMENT) -> bytes:
    """The bytes of a file that may come from a stranger, or be something else than a file.

    Raises UsageError for one with more than `most` bytes, and for what is no regular file, such as a named pipe, at
    which reading would wait; OSError as opening it does.
    """
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UsageError(f"{path} is not a regular file")
            data = file.read(most + 1)
    except IsADirectoryError:
        raise UsageError(f"{path} is not a regular file") from None
    if len(data) > most:
        raise UsageError(f"{path} has more than {human_size(most)}, and is not read")
    return data


def read_json(path: Path, default: Any) -> Any:
    """The JSON in a file, or `default` when the file does not exist or is damaged."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return default


def tail(path: Path, lines: int = 25) -> str:
    """The last lines of a log, decoded as UTF-8 with escapes. Reads at most 64 KiB."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 65536))
            text = file.read().decode("utf-8", "backslashreplace")
    except OSError as exc:
        return f"({path} cannot be read: {exc.strerror})"
    return "\n".join(text.splitlines()[-lines:])


def remove_tree(directory: Path) -> None:
    """Remove a directory and everything in it, including read-only directories. A missing one is fine."""

    def retry(function: Callable[..., Any], path: str, _error: Any) -> None:
        with contextlib.suppress(OSError):
            os.chmod(os.path.dirname(path), 0o700)
            os.chmod(path, 0o700)
            function(path)

    shutil.rmtree(directory, onerror=retry)


def remove_path(path: Path) -> None:
    """Remove a file, a link, or a directory and everything in it. A missing one is fine."""
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
    else:
        path.unlink(missing_ok=True)
