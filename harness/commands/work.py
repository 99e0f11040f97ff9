"""`work`: one task of a run of many cells, in a process of its own. Started by `nightly`, not by people."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape

from harness.build.execute import Silent
from harness.cells.prepare import Options, Preparer
from harness.cells.selection import matrix_of, selected_cells
from harness.commands.cli import Parser
from harness.commands.progress import TerminalWatcher
from harness.machine.store import Store
from harness.runs.records import read_started, write_record
from harness.runs.tasks import Kind
from harness.runs.worker import CellWorker, record_of_failure
from matrix.errors import MatrixError, UsageError
from matrix.limitations import Limitations
from matrix.resolve import ResolvedCell


def work(argv: Sequence[str], console: Console) -> int:
    """Do a task of the run in a directory; what tested cells came to lies there afterwards."""
    parser = Parser(prog="python -m harness work", description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("kind", type=Kind, choices=list(Kind))
    parser.add_argument("cells", nargs="+")
    parser.add_argument("--item", default="")
    parser.add_argument("--cores", type=int, default=1)
    known: argparse.Namespace = parser.parse_args(list(argv))
    arguments = read_started(known.run).arguments
    arguments = msgspec.structs.replace(arguments, pytest=("-n", str(known.cores)))
    cells = [cell for cell in selected_cells(arguments, matrix_of(arguments)) if cell.id in known.cells]

    def say(message: str) -> None:
        console.print(escape(message), soft_wrap=True)

    store = Store()
    options = Options(
        jobs=known.cores,
        build_python=arguments.build_python,
        refresh=arguments.refresh,
        reuse=arguments.reuse,
    )
    preparer = Preparer(store, options, TerminalWatcher(console) if console.is_terminal else Silent(), say)
    if known.kind is Kind.GET:
        preparer.provide(cells[0], known.item)
    elif known.kind is Kind.PYTHON:
        preparer.build_python(cells[0])
    elif known.kind is Kind.BUILD:
        return _build(cells, preparer, known.run)
    else:
        worker = CellWorker(arguments, preparer, Limitations.load(), store, console)
        record = worker.test(cells[0], known.run)
        return 130 if record.interrupted else int(not record.tested)
    return 0


def _build(cells: Sequence[ResolvedCell], preparer: Preparer, run: Path) -> int:
    """Make a build that some cells share; when it fails, that is what they all came to."""
    try:
        preparer.build(cells[0])
    except UsageError:
        raise
    except (MatrixError, OSError) as exc:
        for cell in cells:
            write_record(run, record_of_failure(cell, exc))
        return 1
    return 0
