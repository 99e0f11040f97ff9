"""`nightly`: a named set of cells, tasks side by side within a budget; started again, it goes on where it was."""

from __future__ import annotations

import argparse
import datetime
import os
from collections.abc import Sequence
from pathlib import Path

import psutil
from filelock import FileLock, Timeout
from rich.console import Console

from harness.cells.request import Arguments
from harness.cells.sets import cells_of_set
from harness.commands.cli import OUT, Parser, positive, seconds, share
from harness.machine.files import write_atomically
from harness.machine.store import Store
from harness.runs.finished import is_finished
from harness.runs.nightly import Nightly
from harness.runs.records import (
    STARTED,
    StartedRun,
    named_run_id,
    point_latest,
    read_started,
)
from harness.runs.tasks import (
    Budget,
)
from matrix import json_records
from matrix.errors import UsageError
from matrix.resolve import ResolvedCell
from matrix.select import Selection

_LOCK = ".lock"


def nightly(argv: Sequence[str], console: Console) -> int:
    """Run a set of cells and report. Raises UsageError for what it does not understand."""
    parser = _parser()
    known = parser.parse_args(list(argv))
    store = Store()
    store.remove_left_over()
    run, cells = _run(known)
    directory = run.arguments.out / run.run_id
    lock = FileLock(directory / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UsageError(f"another process is at this run: {directory}", hint="wait for it, or end it") from None
    with lock:
        budget = Budget(cores=known.cores, memory=known.memory)
        return Nightly(run, cells, store, budget, known.time_budget, console).execute()


def _parser() -> Parser:
    parser = Parser(prog="python -m harness nightly", description=__doc__)
    parser.add_argument("names", nargs="*", help="test modules, classes or tests; default: every cell's whole suite")
    parser.add_argument("--set", default="default", help="of matrix/data/nightly.toml (default: %(default)s)")
    parser.add_argument("--cores", type=positive, default=os.cpu_count() or 1, help="to use (default: all)")
    memory = max(1, psutil.virtual_memory().available >> 20)
    parser.add_argument("--memory", type=positive, default=memory, metavar="MiB", help="to use (default: what is free)")
    parser.add_argument(
        "--time-budget", type=seconds, metavar="TIME", help="such as 90m or 6h: stop in good order then"
    )
    parser.add_argument("--new", action="store_true", help="a new run, although an unfinished one of this set is there")
    parser.add_argument("--no-reuse", action="store_true", help="run also modules for which nothing has changed")
    parser.add_argument("--again", type=share, default=0.0, metavar="SHARE", help="of those, run this share, 0 to 1")
    parser.add_argument("--out", type=Path, default=OUT, help="where runs are kept (default: reports/out)")
    return parser


def _run(known: argparse.Namespace) -> tuple[StartedRun, tuple[ResolvedCell, ...]]:
    """The run to work at: the newest of this set when that is unfinished and the set is the same, else a new one."""
    name, out = known.set, known.out
    cells = cells_of_set(name)
    ids = tuple(cell.id for cell in cells)
    arguments = Arguments(
        command="test",
        selection=Selection(cell=ids),
        names=tuple(known.names),
        reuse=not known.no_reuse,
        again=known.again,
        out=out.absolute(),
    )
    if not known.new:
        for path in sorted(out.glob(f"*-nightly-{name}-*/{STARTED}"), reverse=True)[:1]:
            found = read_started(path.parent)
            if found.arguments == arguments and not is_finished(path.parent):
                return found, cells
    run = StartedRun(
        run_id=named_run_id(f"nightly-{name}"),
        started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        arguments=arguments,
        cells=ids,
    )
    write_atomically(out / run.run_id / STARTED, json_records.encode(run))
    point_latest(out, run.run_id)
    return run, cells
