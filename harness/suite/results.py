"""`outcomes.jsonl`: results are appended as modules finish, and read back."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from matrix.outcome import ModuleResult


def append_result(path: Path, result: ModuleResult) -> None:
    """Add a line to `outcomes.jsonl`, whole even when several workers write at once.

    What a killed run left of a line does not spoil this one. Raises OSError, with nothing of the line
    left in the file, when it cannot be written.
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
    """The results in `outcomes.jsonl` by module, the last one of each; a torn last line is left out."""
    results: dict[str, ModuleResult] = {}
    if not path.exists():
        return results
    decoder = msgspec.json.Decoder(ModuleResult)
    for line in _lines(path):
        try:
            result = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        results[result.module] = result
    return results


def _lines(path: Path) -> Iterable[bytes]:
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line
