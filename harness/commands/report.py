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
from harness.commands.parser import Parser, directory, web_address
from harness.machine.files import read_limited
from harness.machine.units import parse_size
from harness.runs.merge import merge
from harness.runs.publish import publish
from harness.runs.records import point_latest, read_started, run_directory
from harness.runs.runtimes import write_runtimes
from harness.runs.site import LARGEST, add_run, open_site
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
    group = parser.add_argument_group("a site of many runs")
    group.add_argument(
        "--publish", type=directory, metavar="DIR", help="put the report into the site in DIR, for a static host"
    )
    group.add_argument("--address", type=web_address, metavar="URL", help="where the site will be, for its feed")
    group.add_argument(
        "--site-size", type=parse_size, metavar="SIZE", help="of the site, such as 500M: then old runs lose their tests"
    )
    options.add_out(parser)


def run(known: argparse.Namespace, console: Console) -> int:
    """Judge a run's outcomes again and write its report; the run's exit status, 130 while it is still going on.

    Raises UsageError when the comparison of runtimes is asked for, and the run is not complete or has none.
    """
    _check_site(known)
    out = known.out.absolute()
    if len(known.runs) > 1:
        directory = merge([Path(run) for run in known.runs], out)
        point_latest(out, directory.name)
    else:
        directory = run_directory(out, *(known.runs or ["latest"]))
    started = read_started(directory)
    cells = selected_cells(started.request.cells, matrix_of(started.request.cells))
    going_on = is_worked_at(directory)
    if going_on and known.publish is not None:
        raise UsageError("this run is still going on: publish it when it has ended")
    if going_on:
        console.print("note: this run is still going on, and the report is of what it has so far", soft_wrap=True)
    duration = _duration(directory, console)
    shown = publish(directory, started, cells, Limitations.load(), duration, console, interrupted=going_on)
    if known.runtimes is not None:
        write_runtimes(known.runtimes, directory, started, cells)
        console.print(escape(f"comparison of runtimes: {known.runtimes}"), soft_wrap=True)
    if known.publish is not None:
        size = LARGEST if known.site_size is None else known.site_size
        site = add_run(directory, shown, known.publish, address=known.address or "", largest=size)
        runs = "1 run" if len(site.runs) == 1 else f"{len(site.runs)} runs"
        console.print(escape(f"site of {runs}: {known.publish / 'index.html'}"), soft_wrap=True)
    if known.open and not webbrowser.open((directory / "index.html").as_uri()):
        console.print("no browser was found: open index.html yourself, or name a browser in $BROWSER", soft_wrap=True)
    return shown.summary.exit_status


def _check_site(known: argparse.Namespace) -> None:
    """Raise UsageError for options of a site without one, and for a directory that is no site."""
    if known.publish is not None:
        open_site(known.publish)
    elif known.address or known.site_size is not None:
        raise UsageError("--address and --site-size are about a site", hint="name its directory with --publish DIR")


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
    example="report --open\nreport artifacts/shard-1 artifacts/shard-2\nreport --publish site",
    add_options=add_options,
    run=run,
)
