"""`plan`: a set of cells as the jobs of a CI server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from harness.cells.sets import cells_of_set
from harness.commands.cli import Parser, positive
from harness.machine.files import write_atomically
from harness.machine.store import Store
from harness.runs.ci import FORMATS, jobs_of
from harness.suite.schedule import Durations
from matrix import json_records


def plan(argv: Sequence[str], console: Console) -> int:
    """Print the builds and the shards of a set. Raises UsageError for what it does not understand."""
    parser = Parser(prog="python -m harness plan", description=__doc__)
    parser.add_argument("--set", default="default", help="of matrix/data/nightly.toml (default: %(default)s)")
    parser.add_argument("--format", choices=list(FORMATS), default="json", help="default: %(default)s")
    parser.add_argument("--shard-seconds", type=positive, default=600, metavar="SECONDS", help="default: %(default)s")
    parser.add_argument(
        "--module-seconds", type=Path, metavar="FILE", help="write what modules took here, for `test --shard`"
    )
    known = parser.parse_args(list(argv))
    store = Store()
    cells = cells_of_set(known.set)
    targets = dict.fromkeys(cell.build.target.id for cell in cells)
    seconds = {target: Durations(store, target).known() for target in targets}
    if known.module_seconds is not None:
        write_atomically(known.module_seconds, json_records.encode(seconds))
    console.file.write(FORMATS[known.format](jobs_of(cells, seconds, known.shard_seconds)))
    return 0
