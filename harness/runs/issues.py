"""The texts of issues about what is red in a run, for its pages: `triage explain`, once for each cause and cell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from harness.runs.records import StartedRun
from matrix.limitations import Limitations
from matrix.model import Cell
from matrix.names import full_name, is_within
from matrix.outcome import FAILING_STATUSES
from reports import page, render
from reports.boundaries import versions_of
from reports.causes import grouped
from reports.file import File
from reports.gathered import Gathered
from reports.history import History
from reports.summary import Summary
from reports.tracebacks import raised
from reports.triage import Sighting, distinctions, since, subject_of
from reports.unexpected import Unexpected
from reports.verdict import Verdict

_MOST = 60
"""issues of a run: one for each cause and cell; with more, the run as a whole is the issue"""


def issue_files(
    run: StartedRun,
    summary: Summary,
    cells: Sequence[Cell],
    limitations: Limitations,
    gathered: Gathered,
    history: History | None,
) -> Iterator[File]:
    """A script for each cell with something red, which its page loads: the texts by the names of their tests."""
    tested = {cell.id: cell for cell in cells if cell.id in gathered.results}
    texts: dict[str, dict[str, str]] = {row.cell: {} for row in summary.unexpected if row.cell in tested}
    details = {cell.id: cell.sdk.detail for cell in summary.cells}
    versions = {name: versions_of(cell.facts, details[name]) for name, cell in tested.items()}
    request = run.request
    repeating = render.Repeating(request.repeating, request.repeating_one, request.repeating_build)
    seen_of: dict[str, list[Sighting]] = {}
    for row in _first_in_each_cell(summary.unexpected)[:_MOST]:
        if row.test not in seen_of:
            seen_of[row.test] = sightings(row.test, summary, tested, gathered, history)
        seen = seen_of[row.test]
        if not any(one.cell == row.cell and one.fails for one in seen):
            continue  # it is about an entry of the list, or passes
        subject = subject_of(seen, tested, limitations, run.harness, row.cell)
        texts[row.cell][row.test] = render.issue(subject, seen, distinctions(seen, versions), summary, repeating)
    for cell, found in texts.items():
        yield page.issues_file(cell, found)


def _first_in_each_cell(rows: Sequence[Unexpected]) -> list[Unexpected]:
    """One row of each cause in each of its cells."""
    return [row for cause in grouped(rows) for row in {row.cell: row for row in reversed(cause)}.values()]


def sightings(
    test: str, summary: Summary, cells: Mapping[str, Cell], gathered: Gathered, history: History | None
) -> list[Sighting]:
    """The outcome of a test in each cell that has it; details only where it is red."""
    red: dict[str, Unexpected] = {row.cell: row for row in summary.unexpected if row.test == test}
    before: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for one in history.seen(test) if history else ():
        before[one.cell].append((one.started, one.run, one.outcome))
    found = []
    for name in cells:
        for module, recorded in gathered.results[name].modules.items():
            if not is_within(test, full_name(module)) or test not in recorded.tests:
                continue
            status = recorded.statuses[recorded.tests.index(test)]
            limitation = gathered.limitation(name, module, test)
            row = red.get(name)
            expected = Verdict.KNOWN if limitation and status in FAILING_STATUSES else Verdict.OK
            found.append(
                Sighting(
                    test=test,
                    cell=name,
                    module=module,
                    outcome=status,
                    verdict=row.verdict if row else expected,
                    limitation=limitation,
                    detail=raised(row.detail) if row else "",
                    since=since([(run, came) for _, run, came in sorted(before[name])], status.value),
                    whole=row.detail if row else "",
                )
            )
    return found
