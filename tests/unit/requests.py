"""Requests of runs, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.cells.prepare import PrepareOptions
from harness.cells.request import CellRequest
from harness.guests.settings import Limits
from harness.runs.request import RunRequest
from harness.suite.request import SuiteRequest
from matrix.select import Selection


def run_request(out: Path, *cells: str, limits: Limits | None = None, **suite: Any) -> RunRequest:
    """A request for cells by their ids, with options of the suite."""
    return RunRequest(
        cells=CellRequest(selection=Selection(cell=cells)),
        options=PrepareOptions(jobs=1),
        limits=limits or Limits(),
        suite=SuiteRequest(**suite),
        out=out,
    )
