"""One task of a run of many cells, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from rich.console import Console

from harness.build.watcher import Watcher
from harness.cells.prepare import Preparer
from harness.cells.selection import matrix_of, selected_cells
from harness.machine.store import Store
from harness.runs.recording import record_of_failure
from harness.runs.records import read_started, write_record
from harness.runs.tasks import TaskKind
from harness.runs.worker import CellWorker
from matrix.errors import MatrixError, UsageError
from matrix.limitations import Limitations
from matrix.resolve import ResolvedCell


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """A task, as the process that does it is told."""

    run: Path
    """the directory of the run"""
    kind: TaskKind
    cells: tuple[str, ...]
    """the ids of the cells that need it"""
    item: str = ""
    """what to provision, for a task that does"""
    cores: int = 1


def perform(assignment: Assignment, watcher: Watcher, say: Callable[[str], None], console: Console) -> int:
    """Do a task; the exit status. The records of tested cells are then in the run's directory."""
    request = read_started(assignment.run).request
    suite = msgspec.structs.replace(request.suite, workers=assignment.cores)
    request = msgspec.structs.replace(request, suite=suite)
    cells = [one for one in selected_cells(request.cells, matrix_of(request.cells)) if one.id in assignment.cells]
    if not cells:
        raise UsageError(f"{assignment.run} has none of these cells: {', '.join(assignment.cells)}")
    store = Store()
    options = msgspec.structs.replace(request.options, jobs=assignment.cores)
    preparer = Preparer(store, options, watcher, say)
    match assignment.kind:
        case TaskKind.GET:
            preparer.provide(cells[0], assignment.item)
        case TaskKind.PYTHON:
            preparer.build_python(cells[0])
        case TaskKind.BUILD:
            return _build(cells, preparer, assignment.run)
        case TaskKind.TEST:
            worker = CellWorker(request, preparer, Limitations.load(), store, console)
            record = worker.test(cells[0], assignment.run)
            return 130 if record.interrupted else int(not record.tested)
    return 0


def _build(cells: Sequence[ResolvedCell], preparer: Preparer, run: Path) -> int:
    """Build what some cells share; when the build fails, write that into the record of each."""
    try:
        preparer.build(cells[0])
    except UsageError:
        raise
    except (MatrixError, OSError) as exc:
        for cell in cells:
            write_record(run, record_of_failure(cell, exc))
        return 1
    return 0
