"""`report`: judges a run again, by the limitations and rules of today."""

from __future__ import annotations

import argparse
import webbrowser
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape

from harness.cells.selection import matrix_of, selected_cells
from harness.commands import options
from harness.commands.command import Command
from harness.commands.parser import Parser
from harness.machine.files import read_limited
from harness.runs.merge import merge
from harness.runs.publish import publish
from harness.runs.records import point_latest, read_started, run_directory
from harness.runs.runtimes import write_runtimes
from harness.runs.start import is_worked_at
from matrix import json_records
from matrix.errors import UsageError
from matrix.limitations import Limitations
from reports.summary import Summary


def add_options(parser: Parser) -> None:
    parser.add_argument("runs", nargs="*", metavar="RUN", help="a run's id, or the directories of several runs")
    parser.add_argument(
        "--runtimes",
        type=Path,
        metavar="FILE",
        help="also write the comparison of runtimes as Markdown",
    )
    parser.add_argument("--open", action="store_true", help="show the report in a browser")
    options.add_out(parser)


def run(known: argparse.Namespace, console: Console) -> int:
    """Judge a run's outcomes again and write its report; the run's exit status, 130 while it is still going on.

    Raises UsageError when the comparison of runtimes is asked for, and the run is not complete or has none.
    """
    out = known.out.absolute()
    if len(known.runs) > 1:
        directory = merge([Path(run) for run in known.runs], out)
        point_latest(out, directory.name)
    else:
        directory = run_directory(out, *(known.runs or ["latest"]))
    started = read_started(directory)
    cells = selected_cells(started.request.cells, matrix_of(started.request.cells))
    going_on = is_worked_at(directory)
    if going_on:
        console.print("note: this run is still going on, and the report is of what it has so far", soft_wrap=True)
    duration = _duration(directory, console)
    status = publish(directory, started, cells, Limitations.load(), duration, console, interrupted=going_on)
    if known.runtimes is not None:
        write_runtimes(known.runtimes, directory, started, cells)
        console.print(escape(f"comparison of runtimes: {known.runtimes}"), soft_wrap=True)
    if known.open and not webbrowser.open((directory / "index.html").as_uri()):
        console.print("no browser was found: open index.html yourself, or name a browser in $BROWSER", soft_wrap=True)
    return status


def _duration(directory: Path, console: Console) -> float:
    """The seconds that a run took, from its summary; 0 when it has none, or none that can be read."""
    path = directory / "summary.json"
    try:
        return json_records.decode(read_limited(path), Summary).duration_s
    except FileNotFoundError:
        return 0.0
    except (OSError, UsageError, msgspec.DecodeError) as exc:
        said = f"note: {path} cannot be read, so the report does not say how long the run took: {exc}"
        console.print(escape(said), soft_wrap=True)
        return 0.0


REPORT = Command(
    name="report",
    summary="judge a run again and write its report; put the runs of several machines together",
    details="The default is the newest run. Several directories become one new run, which is reported.",
    example="report --open\nreport artifacts/shard-1 artifacts/shard-2",
    add_options=add_options,
    run=run,
)
