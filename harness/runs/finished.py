"""How far a run of many cells is: which cells are finished, and how long tasks took in earlier runs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from harness.machine.files import read_json, read_limited, write_atomically
from harness.machine.store import Store
from harness.runs.records import SUMMARY, cell_directory, read_record
from harness.suite.files import OUTCOMES
from harness.suite.results import read_results
from matrix import json_records
from matrix.errors import UsageError
from reports.summary import CellStatus, Summary


class CellProgress(NamedTuple):
    """How far one cell is."""

    finished: bool
    """whether nothing is left to do for it: every planned module has a result, or its build failed"""
    seconds: float = 0.0
    """that its modules took, also those of an earlier, interrupted process"""


class Progress:
    """How far each cell of a run is. Reads a cell's files once, and again only after `forget`."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._cells: dict[str, CellProgress] = {}

    def of(self, cell: str) -> CellProgress:
        """How far a cell is."""
        if cell not in self._cells:
            self._cells[cell] = _progress(self._run, cell)
        return self._cells[cell]

    def forget(self, cells: Iterable[str]) -> None:
        """Read these cells again next time: a task has worked on them."""
        for cell in cells:
            self._cells.pop(cell, None)


def _progress(run: Path, cell: str) -> CellProgress:
    record = read_record(run, cell)
    if record is None:
        return CellProgress(finished=False)
    cut_short = record.interrupted or bool(record.fault)
    if not record.tested:
        return CellProgress(finished=not cut_short and record.base.status is CellStatus.BUILD_FAILED)
    results = read_results(cell_directory(run, cell) / OUTCOMES)
    return CellProgress(
        finished=not cut_short and all(module in results and not results[module].fault for module in record.planned),
        seconds=sum(result.duration for result in results.values()),
    )


def is_finished(run: Path) -> bool:
    """Whether a run was reported without having been interrupted. One whose report is damaged is to be reported."""
    try:
        return not json_records.decode(read_limited(run / SUMMARY), Summary).interrupted
    except (OSError, UsageError, msgspec.DecodeError):
        return False


class TaskSeconds:
    """How long tasks took in earlier runs, in seconds on one core by task id; kept in the cache."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._path = store.root / "state" / "tasks.json"

    def load(self) -> dict[str, float]:
        """What is known; nothing when the file is missing or damaged."""
        found = read_json(self._path, {})
        return {str(task): float(seconds) for task, seconds in found.items()} if isinstance(found, dict) else {}

    def remember(self, task: str, seconds: float) -> None:
        """Keep how long a task took. Safe while other processes do the same."""
        with self._store.lock("tasks"):
            known = self.load()
            known[task] = round(seconds, 1)
            write_atomically(self._path, json_records.encode(known))
