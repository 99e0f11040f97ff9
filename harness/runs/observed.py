"""A run that is over: its summary, its tested cells, and what the list of limitations says about them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import msgspec

from harness.cells.selection import matrix_of, selected_cells
from harness.machine.files import read_limited
from harness.runs.records import (
    STARTED,
    SUMMARY,
    cell_directory,
    read_record,
    read_started,
    run_directory,
)
from harness.suite.files import OUTCOMES
from harness.suite.results import read_results
from matrix import json_records
from matrix.errors import ConfigError, UsageError
from matrix.limitations import CellLimitations, Limitations
from matrix.model import Cell
from matrix.outcome import Status
from reports.chosen import LATEST
from reports.summary import CellStatus, Summary
from reports.triage import Skips


class ObservedRun:
    """A run with its observations, and the list of limitations to hold against them."""

    def __init__(self, directory: Path, summary: Summary, limitations: Path) -> None:
        """Raises ConfigError when a file of the list is not UTF-8."""
        self.directory = directory
        self.summary = summary
        self.limitations = limitations
        self.cells = tested_cells(directory, summary)
        self.texts = {path: _text(path) for path in sorted(limitations.glob("*.toml"))}

    @cached_property
    def limitations_of(self) -> dict[str, CellLimitations]:
        """The limitations of each tested cell. Raises ConfigError when the list cannot be read."""
        loaded = Limitations.load(self.limitations)
        return {name: loaded.for_cell(cell.facts) for name, cell in self.cells.items()}

    @cached_property
    def skips(self) -> Skips:
        """The skipped tests of each tested cell."""
        return {name: tuple(self._skips_of(name)) for name in self.cells}

    def _skips_of(self, cell: str) -> Iterator[tuple[str, str, str]]:
        for result in read_results(cell_directory(self.directory, cell) / OUTCOMES).values():
            for one in result.outcomes:
                if one.status is Status.SKIPPED:
                    yield result.module, one.test, one.detail

    def full(self, cell: str) -> bool:
        """Whether the cell's whole suite was planned."""
        record = read_record(self.directory, cell)
        return record is not None and record.full


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except ValueError as exc:
        raise ConfigError(f"{path}: {exc}") from None


def read_summary(directory: Path) -> Summary:
    """A run's summary.json. Raises UsageError when it is missing or of another schema."""
    try:
        return json_records.decode(read_limited(directory / SUMMARY), Summary)
    except (OSError, msgspec.DecodeError) as exc:
        raise UsageError(f"{directory} has no report: {exc}", hint="`python -m harness report RUN` writes it") from None


def newest_reported(out: Path, run: str) -> Path:
    """The directory of a run; for `latest`, of the newest run that has a report: the newest one may still be going on.

    Raises UsageError when there is no such run, or no report at all.
    """
    directory = run_directory(out, run)
    if run != LATEST or (directory / SUMMARY).is_file():
        return directory
    reported = [path.parent for path in out.glob(f"*/{SUMMARY}") if (path.parent / STARTED).is_file()]
    if not reported:
        raise UsageError(f"no run in {out} has a report yet", hint="the newest run writes its report at its end")
    return max(reported, key=lambda path: path.name).resolve()


def tested_cells(directory: Path, summary: Summary) -> dict[str, Cell]:
    """The cells of a run that were tested, by their ids."""
    request = read_started(directory).request.cells
    tested = {cell.id for cell in summary.cells if cell.status in (CellStatus.OK, CellStatus.UNEXPECTED)}
    return {cell.id: cell for cell in selected_cells(request, matrix_of(request)) if cell.id in tested}
