"""Runs on disk: their directories, and their files besides outcomes."""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from harness.machine import sealed
from harness.machine.files import read_limited, write_atomically
from harness.runs.request import RunRequest
from matrix import json_records
from matrix.errors import UsageError, near
from matrix.model import Cell
from reports.chosen import LATEST
from reports.file import File
from reports.summary import BuildStep, CellSummary
from reports.unexpected import Unexpected

SCHEMA = 3
"""of run.json"""
STARTED = "run.json"
CELL = "cell.json"
SUMMARY = "summary.json"
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]{0,250}")
"""the ids of cells and of runs"""


class _Versioned(msgspec.Struct, frozen=True, kw_only=True):
    schema: int


class StartedRun(msgspec.Struct, frozen=True, kw_only=True):
    """The options a run was started with: `run.json`. `--resume` continues with the same ones."""

    schema: int = SCHEMA
    run_id: str
    started: str
    request: RunRequest
    cells: tuple[str, ...] = ()
    """the ids of its cells, in the order in which they run"""
    parts: tuple[str, ...] = ()
    """the ids of the runs that it was merged from"""
    harness: str = ""
    """the digest of the harness's files that decide outcomes"""


class CellRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a cell besides its outcomes: `cell.json`. Both together are enough to judge the cell again."""

    base: CellSummary
    """its versions and notes, and the reason when it was not tested"""
    tested: bool
    planned: tuple[str, ...] = ()
    suite: int = 0
    """the number of modules in its suite"""
    whole: bool = False
    """whether the planned modules were run with all of their tests"""
    durations: dict[str, float] = {}
    fault: str = ""
    """what the harness itself did wrong, "" for nothing"""
    interrupted: bool = False
    unexpected: tuple[Unexpected, ...] = ()
    """what is red besides its outcomes"""
    steps: tuple[BuildStep, ...] = ()

    @property
    def full(self) -> bool:
        """Whether every test of every module of the suite was planned."""
        return self.whole and len(self.planned) == self.suite


def cell_directory(run: Path, cell: str) -> Path:
    """The directory of a cell in that of a run.

    A run may come from another machine. Raises UsageError for an id that would lead out of the run's directory.
    """
    if not is_plain(cell):
        raise UsageError(
            f"{run} has a cell with the id {cell[:200]!r}, which cannot be the name of a directory",
            hint="no cell of a matrix has such an id: the run was not written by the harness, or was damaged",
        )
    return run / "cells" / cell


def is_plain(name: str) -> bool:
    """Whether a name can be the id of a cell or of a run, and so the name of a directory."""
    return _PLAIN.fullmatch(name) is not None


def write_record(run: Path, record: CellRecord) -> None:
    """Write a cell's record, or replace it."""
    write_atomically(cell_directory(run, record.base.id) / CELL, sealed.encode(record))


def read_record(run: Path, cell: str) -> CellRecord | None:
    """The record of a cell; None when it has none yet. Raises UsageError when the file is not readable."""
    path = cell_directory(run, cell) / CELL
    try:
        record = sealed.decode(read_limited(path), CellRecord)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as exc:
        raise UsageError(
            f"{path} is not a record of this version of the harness: {exc}",
            hint="if the run was damaged, remove that file: the cell then counts as not reached",
        ) from None
    if record.base.id != cell:
        raise UsageError(f"{path} is the record of another cell, {record.base.id[:200]!r}")
    return record


def read_started(run: Path) -> StartedRun:
    """The options of a run. Raises UsageError when the file is not readable or has another schema."""
    path = run / STARTED
    try:
        content = read_limited(path)
        schema = json_records.decode(content, _Versioned).schema
        if schema != SCHEMA:
            raise UsageError(
                f"{path} was written by another version of the harness (schema {schema}, this one reads {SCHEMA})",
                hint="use that version for this run, or start a new run",
            )
        started = sealed.decode(content, StartedRun)
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(
            f"{run} is not the directory of a run: it has no {STARTED}", hint="such as reports/out/latest"
        ) from None
    except (OSError, ValueError) as exc:  # a null character in the path, or what is no run.json
        raise UsageError(f"{path} does not describe a run: {exc}") from None
    if not is_plain(started.run_id):
        raise UsageError(f"{path} has the id {started.run_id[:200]!r}, which cannot be the name of a directory")
    return started


def new_run_id(cells: Sequence[Cell]) -> str:
    """A run id that sorts by time, is unique and names the targets: `20261122-120301-wasi-3f9a`."""
    return named_run_id("-".join(sorted({cell.build.target.id for cell in cells})))


def named_run_id(name: str) -> str:
    """A run id that sorts by time, is unique and has `name` in it."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{name}-{secrets.token_hex(2)}"


def run_directory(out: Path, run: str) -> Path:
    """The directory of a run, by its id or `latest`. Raises UsageError, with near misses, when there is none."""
    directory = out / run
    try:
        found = (directory / STARTED).is_file()
    except (OSError, ValueError):  # a name that is too long, or has a null character
        found = False
    if not found:
        runs = [path.parent.name for path in out.glob(f"*/{STARTED}") if path.is_file()] if out.is_dir() else []
        raise UsageError(f"there is no run {run!r} in {out}", hint=near(run, runs) or "run `nox -s test-wasi` first")
    directory = directory.resolve()
    refuse_links_out(directory)
    return directory


def refuse_links_out(run: Path) -> None:
    """Raise UsageError when a symbolic link in a run's directory leads out of it.

    A run may come from another machine. Its report would have parts of other files, and be written in place of others.
    """
    top = os.path.realpath(run)
    waiting = [top]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_symlink() and not Path(os.path.realpath(entry.path)).is_relative_to(top):
                    raise UsageError(
                        f"{entry.path} is a symbolic link that leads out of the run",
                        hint="the harness makes no such links: remove it, or do not use this run",
                    )
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)


def point_latest(out: Path, run_id: str) -> None:
    """Point the link `latest` at a run. Renames a new link, so that two runs can do it at the same time."""
    temporary = out / f".latest-{secrets.token_hex(4)}"
    temporary.symlink_to(run_id)
    os.replace(temporary, out / LATEST)


def write_files(directory: Path, files: Iterable[File]) -> None:
    """Write files of a report below a run's directory; those that people open, atomically."""
    for file in files:
        path = directory / file.name
        if file.linked:
            write_atomically(path, file.content)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
