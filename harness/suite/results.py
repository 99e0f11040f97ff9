"""Files of results: each line is a `ModuleResult`, appended when its module finishes."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import msgspec

from matrix.outcome import ModuleResult


class ResultsFile:
    """A file of results that may grow. Each of its bytes is read once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._results: dict[str, ModuleResult] = {}
        self._offset = 0
        self._decoder = msgspec.json.Decoder(ModuleResult)

    def read(self) -> dict[str, ModuleResult]:
        """The results by module, the last one of each.

        Lines that are not complete or not a result are skipped: a killed run may leave half a line.
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
            result = self._decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        self._results[result.module] = result

    def append(self, result: ModuleResult) -> None:
        """Add a result. Raises OSError, and leaves the file as it was, when the line cannot be written."""
        append_result(self.path, result)


def append_result(path: Path, result: ModuleResult) -> None:
    """Add a line to a file of results, in one piece even when several workers write at once.

    It starts a line of its own after half a line that a killed run left. Raises OSError, and leaves the file as it
    was, when the line cannot be written.
    """
    line = msgspec.json.encode(result) + b"\n"
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
