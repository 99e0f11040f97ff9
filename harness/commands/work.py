"""`work`: one task of a run of many cells. `nightly` starts it; people do not."""

from __future__ import annotations

import argparse

from rich.console import Console

from harness.build.watcher import Silent
from harness.commands.command import Command
from harness.commands.parser import Parser, directory, positive
from harness.commands.terminal import TerminalWatcher, say_to
from harness.runs.perform import Assignment, perform
from harness.runs.tasks import TaskKind


def add_options(parser: Parser) -> None:
    parser.add_argument("directory", type=directory, metavar="RUN", help="the directory of the run")
    parser.add_argument("kind", choices=[kind.value for kind in TaskKind], metavar="KIND", help=", ".join(TaskKind))
    parser.add_argument("cells", nargs="+", metavar="CELL", help="the cells that need the task")
    parser.add_argument("--item", default="", metavar="ID", help="what to provision, for `get`")
    parser.add_argument("--cores", type=positive, default=1, metavar="N", help="how many to use (default: 1)")


def run(known: argparse.Namespace, console: Console) -> int:
    assignment = Assignment(
        run=known.directory, kind=TaskKind(known.kind), cells=tuple(known.cells), item=known.item, cores=known.cores
    )
    watcher = TerminalWatcher(console) if console.is_terminal else Silent()
    return perform(assignment, watcher, say_to(console), console)


WORK = Command(
    name="work",
    summary="do one task of a run of many cells (`nightly` starts these processes)",
    example="work reports/out/RUN test CELL --cores 2",
    add_options=add_options,
    run=run,
)
