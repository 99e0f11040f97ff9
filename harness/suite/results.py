"""Files of results: each line is a `ModuleResult`, appended when its module finishes.

A line ends with its seal, a digest of the rest of it. A line that is half written, or that was changed by a disk, a
copy or an editor, does not fit its seal and is no result: its module counts as not run.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path

import msgspec

from matrix.outcome import ModuleResult


class ResultsFile:
    """A file of results that may grow. Each of its bytes is read once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._results: dict[str, ModuleResult] = {}
        self.damaged = 0
        """how many whole lines were no result, or not as they were written"""
        self._offset = 0
        self._decoder = msgspec.json.Decoder(ModuleResult)

    def read(self) -> dict[str, ModuleResult]:
        """The results by module, the last one of each.

        Lines that are not complete, not a result or not as they were written are skipped; `damaged` counts them.
        """
        if self.path.exists():
            with self.path.open("rb") as file:
                file.seek(self._offset)
                for line in file:
                    if not line.endswith(b"\n"):
                        break  # it may still be written
                    self._offset += len(line)
                    self._take(line)
        return dict(self._results)

    def _take(self, line: bytes) -> None:
        try:
            result = self._decoder.decode(opened(line))
        except (ValueError, RecursionError):  # msgspec's errors and that of UTF-8 are ValueErrors
            self.damaged += 1
            return
        self._results[result.module] = result

    def append(self, result: ModuleResult) -> None:
        """Add a result. Raises OSError, and leaves the file as it was, when the line cannot be written."""
        append_result(self.path, result)


_SEAL = b',"seal":"'


def sealed(text: bytes) -> bytes:
    """A JSON object with its seal as the last field."""
    return text[:-1] + _SEAL + _digest(text) + b'"}'


def opened(line: bytes) -> bytes:
    """The JSON object in a sealed line. Raises ValueError when the line is not as it was written."""
    text, _, seal = line.strip().rpartition(_SEAL)
    text += b"}"
    if seal != _digest(text) + b'"}':
        raise ValueError("the line does not fit its seal")
    return text


def _digest(text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=8).hexdigest().encode()


def append_result(path: Path, result: ModuleResult) -> None:
    """Add a line to a file of results, in one piece even when several workers write at once.

    It starts a line of its own after half a line that a killed run left. Raises OSError, and leaves the file as it
    was, when the line cannot be written.
    """
    line = sealed(msgspec.json.encode(result)) + b"\n"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        end = os.lseek(descriptor, 0, os.SEEK_END)
        if end and os.pread(descriptor, 1, end - 1) != b"\n":
            line = b"\n" + line
        view = memoryview(line)
        try:
            while view:
                view = view[os.write(descriptor, view) :]
        except OSError:
            os.ftruncate(descriptor, end)
            raise
    finally:
        os.close(descriptor)


def read_results(path: Path) -> dict[str, ModuleResult]:
    """The results in a file by module, the last one of each; {} when there is no file."""
    return ResultsFile(path).read()
