"""Collects what the pages of a run show, from its cells, the history, the newest probes and the matrix."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.machine.files import read_limited
from harness.runs.records import write_files
from harness.runs.since import news_since
from harness.runs.tasks import TIMELINE, Span
from matrix import json_records
from matrix.errors import UsageError
from matrix.expand import expand
from matrix.limitations import Limitations
from matrix.load import load
from matrix.model import Cell
from matrix.whole import whole_expansion
from reports import page
from reports.changes import ChangeKind, changes
from reports.chosen import PREVIOUS, Chosen, choose
from reports.flakes import Flake
from reports.gathered import Gathered
from reports.history import History, RecordedCell
from reports.limitation_formats import where
from reports.page.squares import Excluded
from reports.page.timing import Bar
from reports.page.trends import trends
from reports.probed import PROBES, Probes, Square, lifted_from
from reports.summary import Summary
from reports.timelines import changing, without_constant

_MOST_CHANGES = 5000
_MOST_FLAKY = 200


def run_page(
    directory: Path, summary: Summary, cells: Sequence[Cell], limitations: Limitations, gathered: Gathered
) -> page.RunPage:
    """The content of a run's pages, without the history."""
    probes = newest_probes(directory.parent)
    return page.RunPage(
        summary=summary,
        excluded=tuple(excluded(cells)),
        limitations=tuple(limitation_rows(limitations, cells, gathered, probes)),
        probed=probes.run_id if probes else "",
        times=tuple(gathered.times),
        slow=gathered.slowest.found(),
        bars=tuple(task_bars(directory) or gathered.bars),
    )


def with_history(shown: page.RunPage, directory: Path, history: History) -> page.RunPage:
    """The content with the history added. Writes each cell's timeline at once: together they need too much memory."""
    run = shown.summary.run_id
    points = history.points()
    tested = sorted({point.cell for point in points if point.tested})
    flaky: list[Flake] = []
    for cell in tested:
        timeline = history.timeline(cell)
        if modules := changing(timeline):
            flaky += history.flakes(cell=cell, modules=modules)
        write_files(directory, [page.timeline_file(cell, without_constant(timeline, run))])
    cells = history.cells()
    chosen = _earlier(cells, run)
    found = _changes(history, chosen) if chosen else []
    flaky.sort(key=lambda flake: (-flake.rate.share, flake.cell, flake.module, flake.test))
    return msgspec.structs.replace(
        shown,
        trends=trends(points, {(cell.run, cell.cell): cell.used for cell in cells}),
        history=tuple(tested),
        compared_with=chosen.pairs[0][0].run if chosen else "",
        changes=tuple(found[:_MOST_CHANGES]),
        news=news_since(shown.summary, directory.parent, chosen, found, history) if chosen else None,
        flaky=tuple(
            page.FlakyTest(
                test=one.test,
                cell=one.cell,
                bad=one.rate.bad,
                all=one.rate.all,
                outcomes=", ".join(f"{count} {name}" for name, count in one.outcomes.items()),
            )
            for one in flaky[:_MOST_FLAKY]
        ),
    )


def _earlier(cells: Sequence[RecordedCell], run: str) -> Chosen | None:
    """A run's cells, each with that of the newest earlier run that has one of them; None without such a run."""
    try:
        return choose(cells, PREVIOUS, run)
    except UsageError:
        return None


def _changes(history: History, chosen: Chosen) -> list[page.Changed]:
    """What changed since an earlier run, without what only got slower."""
    found: list[tuple[ChangeKind, page.Changed]] = []
    for before, after in chosen.pairs:
        if not (before.tested and after.tested):
            if before.tested or after.tested:
                kind = ChangeKind.FAILING if before.tested else ChangeKind.PASSING
                found.append((kind, _changed(after.cell, kind, page.THE_CELL, before.status, after.status)))
            continue
        whole, complete = before.whole and after.whole, before.complete and after.complete
        names = history.differing(before, after)
        modules = (history.modules(before, names), history.modules(after, names))
        of_cell = changes(*modules, whole=whole, complete=complete)
        found += [
            (one.kind, _changed(after.cell, one.kind, one.test or one.module, one.before, one.after))
            for one in of_cell
            if one.kind is not ChangeKind.SLOWER
        ]
    order = list(ChangeKind)
    rows = sorted(found, key=lambda pair: (order.index(pair[0]), pair[1].test, pair[1].cell))
    return [row for _, row in rows]


def _changed(cell: str, kind: ChangeKind, test: str, before: str, after: str) -> page.Changed:
    return page.Changed(cell=cell, kind=kind, test=test, before=before or "-", after=after or "-")


def excluded(cells: Sequence[Cell]) -> list[Excluded]:
    """The combinations of these cells' targets, SDKs, CPythons and runtimes that the matrix rejects."""
    sdks = {cell.build.sdk.id for cell in cells}
    cpythons = {cell.build.cpython.id for cell in cells}
    runtimes = {cell.runtime.id for cell in cells}
    targets = {cell.build.target.id for cell in cells}
    matrix = load()
    among = msgspec.structs.replace(
        matrix,
        targets=tuple(target for target in matrix.targets if target.id in targets),
        sdks=tuple(sdk for sdk in matrix.sdks if sdk.id in sdks),
        cpythons=tuple(cpython for cpython in matrix.cpythons if cpython.id in cpythons),
        runtimes=tuple(runtime for runtime in matrix.runtimes if runtime.id in runtimes),
    )
    return [
        Excluded(
            target=one.cell.build.target.id,
            sdk=one.cell.build.sdk.id,
            cpython=one.cell.build.cpython.version,
            runtime=f"{one.cell.runtime.name} {one.cell.runtime.version}",
            reason=one.reason,
            reference=one.reference,
        )
        for one in expand(among).rejected
        if not one.cell.build.debug
    ]


def limitation_rows(
    limitations: Limitations, cells: Sequence[Cell], gathered: Gathered, probes: Probes | None
) -> list[page.LimitationRow]:
    """A row for each limitation, with a square for each cell."""
    squares: dict[str, dict[str, Square]] = defaultdict(dict)
    for square in probes.squares if probes else ():
        squares[square.limitation][square.cell] = square
    there = {cell.id: cell for cell in whole_expansion(known_bad=True).cells} if probes else {}
    rows = []
    for entry in limitations.entries:
        probed = squares[entry.id]
        lifting = lifted_from([square for name, square in probed.items() if name in there], there)
        rows.append(
            page.LimitationRow(
                id=entry.id,
                title=entry.title,
                section=entry.section,
                where=where(entry.when, *entry.or_when),
                references=entry.references,
                skip_reasons=tuple(reason.match for reason in entry.reasons),
                tests=tuple((glob, test.expect.value, test.reason) for test in entry.tests for glob in test.globs),
                boundaries=tuple(str(one) for one in lifting),
                squares=tuple(
                    _square(entry.holds(cell.facts), gathered.explained(cell.id, entry.id), probed.get(cell.id))
                    for cell in cells
                ),
            )
        )
    return rows


def _square(listed: bool, explained: tuple[int, int], probed: Square | None) -> page.LimitationSquare:
    failing, skipped = explained
    if probed is None:
        return page.LimitationSquare(listed=listed, failing=failing, skipped=skipped)
    return page.LimitationSquare(
        listed=listed, failing=failing, skipped=skipped, probe=probed.state, saw=probed.saw, wrong=probed.wrong
    )


def newest_probes(out: Path) -> Probes | None:
    """The newest run of probes below `out`; None when there is none that this version of the harness can read."""
    for path in sorted(out.glob(f"*/{PROBES}"), key=lambda path: path.parent.name, reverse=True):
        try:
            return json_records.decode(read_limited(path), Probes)
        except (OSError, UsageError, msgspec.DecodeError):  # of another version of the harness, or damaged
            continue
    return None


def task_bars(directory: Path) -> list[Bar]:
    """The tasks of a nightly run as bars; no bars for another run, or when there are more than anyone would look at."""
    try:
        lines = read_limited(directory / TIMELINE).splitlines()
    except (FileNotFoundError, UsageError):
        return []
    bars = []
    for line in lines:
        try:
            span = json_records.decode(line, Span)
        except msgspec.DecodeError:  # half a line, from a killed process
            continue
        bars.append(Bar(name=span.task, kind=span.kind.value, started=span.started, ended=span.ended, cores=span.cores))
    return bars
