"""`plan`: a set of cells as the jobs of a CI server."""

from __future__ import annotations

import argparse

from rich.console import Console

from harness.cells.sets import cells_of_set
from harness.commands import options
from harness.commands.command import Command
from harness.commands.parser import Parser, new_file, positive
from harness.machine.files import write_atomically
from harness.machine.store import Store
from harness.runs.ci import FORMATS, jobs_of
from harness.suite.schedule import Durations
from matrix import json_records
from matrix.errors import UsageError


def add_options(parser: Parser) -> None:
    options.add_set(parser)
    parser.add_argument(
        "--format", choices=list(FORMATS), default="json", help="for which CI server (default: %(default)s)"
    )
    parser.add_argument(
        "--shard-seconds", type=positive, default=600, metavar="SECONDS",
        help="how long a shard may take (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--module-seconds", type=new_file, metavar="FILE", help="write how long modules took here, for `test --shard`"
    )


def run(known: argparse.Namespace, console: Console) -> int:
    """Print the builds and the shards of a set. Raises UsageError for a set or a directory that does not exist."""
    if known.module_seconds is not None and not known.module_seconds.absolute().parent.is_dir():
        raise UsageError(
            f"--module-seconds {known.module_seconds}: there is no directory {known.module_seconds.parent}",
            hint="make it first, or name a file elsewhere",
        )
    store = Store()
    cells = cells_of_set(known.set)
    targets = dict.fromkeys(cell.build.target.id for cell in cells)
    seconds = {target: Durations(store, target).known() for target in targets}
    if known.module_seconds is not None:
        write_atomically(known.module_seconds, json_records.encode(seconds))
    console.file.write(FORMATS[known.format](jobs_of(cells, seconds, known.shard_seconds)))
    return 0


PLAN = Command(
    name="plan",
    summary="print a set of cells as the jobs of a CI server: builds, and shards of suites",
    example="plan --set small --format github",
    add_options=add_options,
    run=run,
)
