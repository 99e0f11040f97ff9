"""Writes the comparison of a run's runtimes as a document, such as docs/runtimes.md."""

from __future__ import annotations

import os
import shlex
import tomllib
from collections.abc import Sequence
from pathlib import Path

from harness import TOP
from harness.cells.sets import set_of_cells
from harness.machine.files import write_atomically
from harness.runs.observed import read_summary
from harness.runs.records import StartedRun
from matrix.errors import UsageError
from matrix.limitations import DIRECTORY, Limitations
from matrix.resolve import ResolvedCell
from reports.render import runtimes_document

_DIGITS = 12
"""of the digest of the harness's code"""


def write_runtimes(path: Path, directory: Path, run: StartedRun, cells: Sequence[ResolvedCell]) -> None:
    """Write the document of a run that was just reported. Raises UsageError when the run is not complete, when no build
    was tested with several runtimes, and when the file cannot be written.
    """
    summary = read_summary(directory)
    if summary.interrupted:
        raise UsageError(f"{run.run_id} is not complete", hint="start it again, and it continues")
    if not summary.runtimes:
        raise UsageError(
            f"{run.run_id} has no build that was tested with several runtimes",
            hint="nox -s nightly -- --set runtimes",
        )
    text = runtimes_document(summary, _version(run), command_again(run, cells, path), _files(path))
    try:
        write_atomically(path, text.encode())
    except OSError as exc:
        raise UsageError(f"{path} cannot be written: {exc.strerror}") from None


def command_again(run: StartedRun, cells: Sequence[ResolvedCell], path: Path) -> str:
    """One line for a shell that runs the same cells and tests anew, and writes the document."""
    suite = run.request.suite
    if name := set_of_cells(cell.id for cell in cells):
        again = shlex.join(["nox", "-s", "nightly", "--", "--set", name, "--new", "--no-reuse", *suite.names])
    else:
        words = ["python", "-m", "harness", "test", "--no-reuse", *suite.names]
        words += [word for cell in cells for word in ("--cell", cell.id)]
        again = " ".join(filter(None, [shlex.join(words), run.request.repeating]))
    return f"{again}; {shlex.join(['nox', '-s', 'report', '--', '--runtimes', str(path)])}"


def _version(run: StartedRun) -> str:
    """The harness's version, and the digest of the code that decided the run's outcomes."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]
    return f"{project['version']} (code {run.harness[:_DIGITS] or 'unknown'})"


def _files(path: Path) -> dict[str, str]:
    """The file of each limitation by its id, relative to the document."""
    start = path.absolute().parent
    found = Limitations.load().files
    return {name: os.path.relpath(DIRECTORY / file, start) for name, file in found.items()}
