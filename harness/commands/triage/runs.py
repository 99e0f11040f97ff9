"""The run that a command of `triage` looks at."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.markup import escape

from harness.commands.terminal import SafeConsole
from harness.runs.observed import newest_reported


def reported_run(known: argparse.Namespace) -> Path:
    """The directory of the run that `--run` or RUN and `--out` name. Says so when it is not the newest one.

    Raises UsageError as `newest_reported` does.
    """
    directory = newest_reported(known.out, known.run)
    if directory != (known.out / known.run).resolve():
        said = f"note: the newest run has no report yet: this is {directory.name}"
        SafeConsole(stderr=True, highlight=False).print(escape(said), soft_wrap=True)
    return directory
