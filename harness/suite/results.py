"""Files of results: each line is a `ModuleResult`, appended when its module finishes.

A line ends with its seal, a digest of the rest of it. A line that is half written, or that was changed by a disk, a
copy or an editor, does not fit its seal and is no result: its module counts as not run. So does a line that is too
long, and what comes after the bytes that are read of a file: a run may come from a stranger.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from msgspec.structs import replace

from harness.machine.files import says, write_atomically
from harness.machine.sealed import opened, sealed
from matrix.errors import HarnessFault
from matrix.names import full_name
from matrix.outcome import ModuleResult, Outcome, Status
from matrix.text import shortened

LONGEST_LINE = 64 << 20
LARGEST_FILE = 1 << 30
"""bytes"""
_SHORT = 1000
"""characters of a detail and of an output in a result that is too long otherwise"""


class ResultsFile:
    """A file of results that may grow. Each of its bytes is read once."""

    def __init__(self, path: Path, *, most: int = 1) -> None:
        """`most` results of a module are remembered, the last ones."""
        self.path = path
        self._most = most
        self._results: dict[str, deque[ModuleResult]] = {}
        self.forgotten = 0
        """how many results were read, and others of their modules came after them"""
        self.damaged = 0
        """how many whole lines were no result, or not as they were written, or too long"""
        self.too_large = False
        """whether the file has more than is read of one"""
        self._offset = 0
        self._within_long_line = False
        self._decoder = msgspec.json.Decoder(ModuleResult)

    def read(self) -> dict[str, ModuleResult]:
        """The results by module, the last one of each."""
        return {module: results[-1] for module, results in self.read_all().items()}

    def read_all(self) -> dict[str, tuple[ModuleResult, ...]]:
        """The results by module, in the order in which they were written.

        Lines that are not complete, not a result or not as they were written are skipped; `damaged` counts them.
        """
        if self.path.is_file():
            with self.path.open("rb") as file:
                file.seek(self._offset)
                while self._offset < LARGEST_FILE and (line := file.readline(LONGEST_LINE)):
                    whole = line.endswith(b"\n")
                    if not whole and len(line) < LONGEST_LINE:
                        break  # it may still be written
                    self._offset += len(line)
                    if not self._within_long_line:
                        self._take(line)
                    self._within_long_line = not whole
            self.too_large = self._offset >= LARGEST_FILE
        return {module: tuple(results) for module, results in self._results.items()}

    def _take(self, line: bytes) -> None:
        try:
            result = self._decoder.decode(opened(line))
        except (ValueError, RecursionError):  # msgspec's errors and that of UTF-8 are ValueErrors
            self.damaged += 1
            return
        known = self._results.setdefault(result.module, deque(maxlen=self._most))
        self.forgotten += len(known) == self._most
        known.append(result)

    def append(self, result: ModuleResult) -> None:
        """Add a result. Raises OSError, and leaves the file as it was, when the line cannot be written."""
        append_result(self.path, result)

    def rewrite(self, results: Iterable[ModuleResult]) -> None:
        """Write a new file with these results only. Raises OSError."""
        results = list(results)
        data = b"".join(_line(result) for result in results)
        write_atomically(self.path, data)
        self._results = {}
        self._offset = self.damaged = self.forgotten = 0


def _line(result: ModuleResult) -> bytes:
    """A result as a line. One that would be too long to be read has short details, or else no outcomes but an error."""
    line = sealed(msgspec.json.encode(result)) + b"\n"
    if len(line) < LONGEST_LINE:
        return line
    outcomes = tuple(
        replace(one, detail=shortened(one.detail, _SHORT), output=shortened(one.output, _SHORT))
        for one in result.outcomes
    )
    shorter = sealed(msgspec.json.encode(replace(result, outcomes=outcomes))) + b"\n"
    if len(shorter) < LONGEST_LINE:
        return shorter
    detail = f"the outcomes of its {len(outcomes)} tests have {len(line) >> 20} MiB, more than the harness keeps"
    error = Outcome(test=full_name(result.module), status=Status.ERRORED, detail=detail)
    return sealed(msgspec.json.encode(replace(result, outcomes=(error,)))) + b"\n"


class TakenOver(HarnessFault):
    """Another process has taken over the run of this one, which must not write any more."""


def take_over(path: Path) -> str:
    """Keep every process that has written to a file of results so far from adding to it.

    Returns a word. Those who give it to `append_result` may write, until somebody takes over again.
    """
    word = secrets.token_hex(8)
    with _locked(path):
        write_atomically(_owner(path), word.encode())
    return word


def _owner(path: Path) -> Path:
    """The file with the word of those who may write to a file of results."""
    return path.with_name(f".{path.name}.owner")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int]:
    """A descriptor of a file of results, to append to. Nobody else writes to it meanwhile."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def append_result(path: Path, result: ModuleResult, owner: str = "") -> None:
    """Add a line to a file of results, in one piece even when several workers write at once.

    It starts a line of its own after half a line that a killed run left. Raises OSError, and leaves the file as it
    was, when the line cannot be written; TakenOver when another process has taken over since `owner` was given.
    """
    line = _line(result)
    with _locked(path) as descriptor:
        if owner and not says(_owner(path), owner):
            raise TakenOver(f"{path}: another process has taken over this run, so this one writes nothing more to it")
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


def read_results(path: Path) -> dict[str, ModuleResult]:
    """The results in a file by module, the last one of each; {} when there is no file."""
    return ResultsFile(path).read()
