"""`nightly`: a named set of cells, side by side within a budget."""

from __future__ import annotations

import argparse
import os

import psutil
from rich.console import Console

from harness.cells.prepare import PrepareOptions
from harness.cells.request import CellRequest
from harness.cells.sets import cells_of_set, may_be_missing_of_set
from harness.commands import options
from harness.commands.command import Command
from harness.commands.parser import Parser, duration, positive
from harness.commands.terminal import say_to
from harness.commands.test import test_names
from harness.machine.store import Store
from harness.provide.obtain import ask_again
from harness.runs.nightly import Nightly
from harness.runs.request import RunRequest
from harness.runs.start import locked, named_run
from harness.runs.tasks import Budget
from harness.suite.request import SuiteRequest
from matrix.select import Selection


def add_options(parser: Parser) -> None:
    parser.add_argument(
        "names", nargs="*", metavar="TEST", help="only these modules, classes or tests of each cell (default: all)"
    )
    options.add_set(parser)
    parser.add_argument(
        "--cores", type=positive, default=os.cpu_count() or 1, metavar="N", help="how many to use (default: all)"
    )
    memory = max(1, psutil.virtual_memory().available >> 20)
    parser.add_argument(
        "--memory", type=positive, default=memory, metavar="MiB", help="how much to use (default: what is free)"
    )
    parser.add_argument(
        "--time-budget", type=duration, metavar="TIME", help="such as 90m or 6h: then stop in good order"
    )
    parser.add_argument(
        "--refresh", action="store_true", help="ask again for what was not available within the last hour"
    )
    parser.add_argument("--new", action="store_true", help="start a new run, even if one of this set is unfinished")
    options.add_reuse_options(parser)
    options.add_out(parser)


def run(known: argparse.Namespace, console: Console) -> int:
    """Run a set of cells and report; the run's exit status. Raises UsageError when another process works at the run."""
    cells = cells_of_set(known.set)
    request = RunRequest(
        cells=CellRequest(selection=Selection(cell=tuple(cell.id for cell in cells))),
        options=PrepareOptions(jobs=1, reuse=not known.no_reuse),  # each task is told its cores when it starts
        suite=SuiteRequest(names=test_names(known.names), reuse=not known.no_reuse, again=known.again),
        may_be_missing=may_be_missing_of_set(known.set),
        out=known.out.absolute(),
    )
    store = Store()
    store.remove_left_over()
    if known.refresh:
        ask_again(store)
    started = named_run(f"nightly-{known.set}", request, cells, say_to(console), new=known.new)
    with locked(request.out / started.run_id):
        budget = Budget(cores=known.cores, memory=known.memory)
        return Nightly(started, cells, store, budget, known.time_budget, console).execute()


NIGHTLY = Command(
    name="nightly",
    summary="run a named set of cells, tasks side by side; continue it when started again",
    example="nightly --set small --time-budget 90m",
    add_options=add_options,
    run=run,
)
