"""One test in all cells of a run, and since which run it has had its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.runs.records import cell_directory, read_record
from harness.suite.files import OUTCOMES
from harness.suite.results import read_results
from matrix.errors import MatrixError, UsageError, near
from matrix.limitations import Limitations
from matrix.model import Cell
from matrix.names import spellings
from reports import history
from reports.boundaries import CellVersions, versions_of
from reports.tracebacks import raised
from reports.triage import Sighting, since
from reports.verdict import judge_cell


def sightings(directory: Path, cells: Mapping[str, Cell], test: str) -> tuple[list[Sighting], dict[str, CellVersions]]:
    """The outcome of a test in each cell of a run, and the versions that each cell is made of.

    Raises UsageError, with near misses, for a test that the run does not have.
    """
    limitations = Limitations.load()
    found: list[Sighting] = []
    names: set[str] = set()
    places = {}
    for name, cell in cells.items():
        record = read_record(directory, name)
        assert record is not None
        places[name] = versions_of(cell.facts, record.base.sdk.detail)
        results = read_results(cell_directory(directory, name) / OUTCOMES)
        for judged in judge_cell(record.planned, results, limitations.for_cell(cell.facts), full=False).judged:
            outcome = judged.outcome
            names.add(outcome.test)
            if outcome.test in spellings(test):
                sighting = Sighting(
                    test=outcome.test,
                    cell=name,
                    module=judged.module,
                    outcome=outcome.status,
                    verdict=judged.verdict,
                    limitation=judged.limitation,
                    detail=judged.detail or raised(outcome.detail),
                    since=_since(directory, outcome.test, name, outcome.status.value),
                    whole="\n".join(filter(None, (outcome.detail, outcome.output))),
                )
                found.append(sighting)
    if not found:
        raise UsageError(
            f"the run has no test {test!r}",
            hint=near(test, names) or "name one test, as the report does: test_os.FileTests.test_access",
        )
    return found, places


def _since(directory: Path, test: str, cell: str, outcome: str) -> str:
    """The first run of the current streak of one outcome in a cell; "" without a history."""
    try:
        with history.opened(directory.parent / history.NAME) as opened:
            seen = sorted((one.started, one.run, one.outcome) for one in opened.seen(test, cells=(cell,)))
    except MatrixError:
        return ""
    return since([(run, came) for _, run, came in seen], outcome)
