"""`report`: judges what lies in a run's directory, with limitations and rules as they are now."""

from __future__ import annotations

import webbrowser
from pathlib import Path

from rich.console import Console

from harness.cells.request import Arguments
from harness.cells.selection import matrix_of, selected_cells
from harness.runs.merge import merge
from harness.runs.publish import publish
from harness.runs.records import (
    point_latest,
    read_started,
    run_directory,
)
from matrix import json_records
from matrix.limitations import Limitations
from reports.summary import (
    Summary,
)


def report(arguments: Arguments, console: Console) -> int:
    """Judge a run's outcomes again and write its report."""
    if len(arguments.runs) > 1:
        directory = merge([Path(run) for run in arguments.runs], arguments.out)
        point_latest(arguments.out, directory.name)
    else:
        directory = run_directory(arguments.out, arguments.runs[0])
    run = read_started(directory)
    cells = selected_cells(run.arguments, matrix_of(run.arguments))
    before = directory / "summary.json"
    duration = json_records.decode(before.read_bytes(), Summary).duration_s if before.is_file() else 0.0
    status = publish(directory, run, cells, Limitations.load(), duration, console)
    if arguments.open and not webbrowser.open((directory / "index.html").as_uri()):
        console.print("no browser was found to show it: open the file yourself, or name one with $BROWSER")
    return status
