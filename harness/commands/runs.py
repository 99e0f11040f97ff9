"""Runs on disk: their directories, and what they hold besides outcomes."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.cli import Arguments
from matrix.errors import UsageError, near
from matrix.model import Cell
from reports.summary import CellSummary

STARTED = "run.json"
CELL = "cell.json"


class StartedRun(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was asked for; `--resume` goes on with it."""

    run_id: str
    started: str
    arguments: Arguments


class CellRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to judge a cell's outcomes later, beside its outcomes.jsonl."""

    base: CellSummary
    planned: tuple[str, ...]
    full: bool
    durations: dict[str, float]


def new_run_id(cells: Sequence[Cell]) -> str:
    """Sortable by time, unique, and readable: `20261122-120301-wasi-3f9a`."""
    targets = "-".join(sorted({cell.build.target.id for cell in cells}))
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{targets}-{secrets.token_hex(2)}"


def run_directory(out: Path, run: str) -> Path:
    """The directory of a run, by its id or `latest`. Raises UsageError, with near misses, when there is none."""
    directory = out / run
    if not (directory / STARTED).is_file():
        known = [path.parent.name for path in out.glob(f"*/{STARTED}")] if out.is_dir() else []
        raise UsageError(f"there is no run {run!r} in {out}", hint=near(run, known) or "run `nox -s test-wasi` first")
    return directory.resolve()


def point_latest(out: Path, run_id: str) -> None:
    """Let `latest` point at a run, by rename, so that two runs at once do not trip over each other."""
    temporary = out / f".latest-{secrets.token_hex(4)}"
    temporary.symlink_to(run_id)
    os.replace(temporary, out / "latest")
