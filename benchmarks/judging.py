"""Measures how long it takes to read the list of limitations and to judge 500,000 outcomes of a real run.

The outcomes are judged again and again until there are so many. The bound is 3 s.
"""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import msgspec
from rich.console import Console

from harness.cells.selection import matrix_of, selected_cells
from harness.runs.records import cell_directory, read_record, read_started
from harness.suite.files import OUTCOMES
from harness.suite.results import read_results
from matrix.errors import UsageError
from matrix.limitations import Limitations
from reports.verdict import judge_cell


class Judging(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of CPU."""

    outcomes: int
    cells: int
    """tested cells of the run; each is judged about as often"""
    reading: float
    """to read the list of limitations"""
    judging: float
    attributed: int
    """outcomes that a limitation explains"""


def measure(run: Path, outcomes: int) -> Judging:
    """Judge the cells of a run in turn, again and again, until `outcomes` outcomes are judged.

    Raises UsageError for a run without a tested cell.
    """
    request = read_started(run).request.cells
    cells = []
    for cell in selected_cells(request, matrix_of(request)):
        record = read_record(run, cell.id)
        if record is not None and record.tested:
            cells.append((cell.facts, record, read_results(cell_directory(run, cell.id) / OUTCOMES)))
    if not cells:
        raise UsageError(f"nothing was tested in {run}", hint="run `nox -s test-wasi` first")
    started = time.process_time()
    limitations = Limitations.load()
    read = time.process_time()
    judged = attributed = 0
    for facts, record, results in itertools.cycle(cells):
        verdicts = judge_cell(record.planned, results, limitations.for_cell(facts), full=record.full)
        judged += len(verdicts.judged)
        attributed += sum(bool(one.limitation) for one in verdicts.judged)
        if judged >= outcomes:
            break
    return Judging(
        outcomes=judged,
        cells=len(cells),
        reading=round(read - started, 3),
        judging=round(time.process_time() - read, 3),
        attributed=attributed,
    )


def show(found: Judging, console: Console) -> None:
    console.print(
        f"{found.outcomes} outcomes of {found.cells} cells, {found.attributed} of them explained: "
        f"{found.reading:.2f} s to read the list, {found.judging:.2f} s to judge",
        soft_wrap=True,
    )
