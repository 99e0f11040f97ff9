"""Puts together what the pages of a run show: from its cells, the history, the probes, and what the matrix rejects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from harness.runs.records import CellRecord, StartedRun, write_files
from harness.runs.tasks import TIMELINE, Span
from matrix import json_records
from matrix.errors import UsageError
from matrix.expand import expand
from matrix.limitations import Limitations
from matrix.load import load
from matrix.model import Cell
from matrix.outcome import ModuleResult, Status
from reports import page
from reports.changes import ChangeKind, RecordedModule, changes, recorded
from reports.chosen import PREVIOUS, choose
from reports.flakes import Flake
from reports.history import History
from reports.limitation_formats import where
from reports.page.timing import Bar, CellTime, Slowest, cell_time
from reports.probed import PROBES, Probes, Square, lifted_from
from reports.summary import Summary
from reports.timelines import changing, without_constant
from reports.verdict import CellVerdicts

_MOST_CHANGES = 5000
_MOST_FLAKY = 200
_SHORTEST_BAR = 0.5
"""seconds; of modules, when a run has no tasks"""


class Gathered:
    """What is kept of the cells of a run while they are judged one by one: a fraction of their outcomes."""

    def __init__(self) -> None:
        self.modules: dict[str, dict[str, RecordedModule]] = {}
        """what cells came to; the tests of a module are there once, however many cells have them"""
        self.times: list[CellTime] = []
        self.bars: list[Bar] = []
        self.slowest = Slowest()
        self._explained: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        self._shared: dict[tuple[str, ...], tuple[str, ...]] = {}

    def add(self, cell: str, record: CellRecord, verdicts: CellVerdicts, results: Mapping[str, ModuleResult]) -> None:
        self.modules[cell] = {name: self._kept(result) for name, result in results.items()}
        self.times.append(cell_time(cell, record.durations, results.values()))
        self.slowest.add(cell, results.values())
        for result in results.values():
            if result.finished and not result.reused and result.duration >= _SHORTEST_BAR:
                name, begun = f"{result.module} ({cell})", result.finished - result.duration
                self.bars.append(Bar(name=name, kind="module", begun=begun, ended=result.finished))
        for judged in verdicts.judged:
            if judged.limitation:
                self._explained[cell, judged.limitation][judged.outcome.status is Status.SKIPPED] += 1

    def _kept(self, result: ModuleResult) -> RecordedModule:
        found = recorded(result)
        return msgspec.structs.replace(found, tests=self._shared.setdefault(found.tests, found.tests), durations=())

    def explained(self, cell: str, limitation: str) -> tuple[int, int]:
        """How many tests of a cell failed, and were skipped, because of a limitation."""
        failing, skipped = self._explained.get((cell, limitation), (0, 0))
        return failing, skipped


def write_pages(
    directory: Path,
    run: StartedRun,
    summary: Summary,
    cells: Sequence[Cell],
    limitations: Limitations,
    gathered: Gathered,
    history: History | None,
) -> None:
    """Write the pages of a run, besides those of its cells; without a history they have the run only."""
    probes = newest_probes(directory.parent)
    made = page.RunPage(
        summary=summary,
        excluded=tuple(excluded(cells)),
        limitations=tuple(limitation_rows(limitations, cells, gathered, probes)),
        probed=probes.run_id if probes else "",
        times=tuple(gathered.times),
        slow=gathered.slowest.found(),
        bars=tuple(task_bars(directory) or gathered.bars),
    )
    if history is not None:
        made = _with_history(made, directory, run, history)
    write_files(directory, page.run_files(made))


def _with_history(made: page.RunPage, directory: Path, run: StartedRun, history: History) -> page.RunPage:
    points = history.points()
    shown = {point.cell for point in points if point.tested}
    flaky: list[Flake] = []
    for cell in sorted(shown):
        timeline = history.timeline(cell)
        if modules := changing(timeline):
            flaky += history.flakes(cell=cell, modules=modules)
        write_files(directory, [page.timeline_file(cell, without_constant(timeline, run.run_id))])
    before, found = _changes(history, run.run_id)
    flaky.sort(key=lambda flake: (-flake.rate.share, flake.cell, flake.module, flake.test))
    return msgspec.structs.replace(
        made,
        points=tuple(points),
        history=tuple(sorted(shown)),
        compared_with=before,
        changes=tuple(found),
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


def _changes(history: History, run: str) -> tuple[str, list[page.Changed]]:
    """The run before that has a cell of this one, and what changed since; without what merely got slower."""
    try:
        chosen = choose(history.cells(), PREVIOUS, run)
    except UsageError:  # there is none
        return "", []
    found: list[tuple[ChangeKind, page.Changed]] = []
    for before, after in chosen.pairs:
        if not (before.tested and after.tested):
            if before.tested or after.tested:
                kind = ChangeKind.FAILING if before.tested else ChangeKind.PASSING
                found.append((kind, _changed(after.cell, kind, "the cell", before.status, after.status)))
            continue
        whole, complete = before.whole and after.whole, before.complete and after.complete
        of_cell = changes(history.modules(before), history.modules(after), whole=whole, complete=complete)
        found += [
            (one.kind, _changed(after.cell, one.kind, one.test or one.module, one.before, one.after))
            for one in of_cell
            if one.kind is not ChangeKind.SLOWER
        ]
    order = list(ChangeKind)
    rows = sorted(found, key=lambda pair: (order.index(pair[0]), pair[1].test, pair[1].cell))
    return chosen.pairs[0][0].run, [row for _, row in rows[:_MOST_CHANGES]]


def _changed(cell: str, kind: ChangeKind, test: str, before: str, after: str) -> page.Changed:
    return page.Changed(cell=cell, kind=kind.value, test=test, before=before or "-", after=after or "-")


def excluded(cells: Sequence[Cell]) -> list[page.Excluded]:
    """The combinations of what these cells have on their axes that the matrix rejects."""
    sdks = {cell.build.sdk.id for cell in cells}
    cpythons = {cell.build.cpython.id for cell in cells}
    runtimes = {cell.runtime.id for cell in cells}
    targets = {cell.build.target.id for cell in cells}
    found = []
    for one in expand(load()).rejected:
        build, runtime = one.cell.build, one.cell.runtime
        shown = build.sdk.id in sdks and build.cpython.id in cpythons and runtime.id in runtimes
        if shown and build.target.id in targets and not build.debug:
            found.append(
                page.Excluded(
                    target=build.target.id,
                    sdk=build.sdk.id,
                    cpython=build.cpython.version,
                    runtime=f"{runtime.name} {runtime.version}",
                    reason=one.reason,
                    reference=one.reference,
                )
            )
    return found


def limitation_rows(
    limitations: Limitations, cells: Sequence[Cell], gathered: Gathered, probes: Probes | None
) -> list[page.LimitationRow]:
    """Every limitation over the cells of a run."""
    squares: dict[str, dict[str, Square]] = defaultdict(dict)
    for square in probes.squares if probes else ():
        squares[square.limitation][square.cell] = square
    there = {cell.id: cell for cell in expand(load(), known_bad=True).cells}
    rows = []
    for entry in limitations.entries:
        probed = squares[entry.id]
        known = [square for name, square in probed.items() if name in there]
        rows.append(
            page.LimitationRow(
                id=entry.id,
                title=entry.title,
                section=entry.section,
                where=where(entry.when),
                references=entry.references,
                skip_reasons=tuple(reason.match for reason in entry.reasons),
                tests=tuple((glob, test.expect.value, test.reason) for test in entry.tests for glob in test.globs),
                boundaries=tuple(str(one) for one in lifted_from(known, there)),
                squares=tuple(
                    _square(entry.when.holds(cell.facts), gathered.explained(cell.id, entry.id), probed.get(cell.id))
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
        listed=listed, failing=failing, skipped=skipped, probe=probed.state.value, saw=probed.saw, wrong=probed.wrong
    )


def newest_probes(out: Path) -> Probes | None:
    """What the newest run of probes beside this run saw."""
    for path in sorted(out.glob(f"*/{PROBES}"), key=lambda path: path.parent.name, reverse=True):
        try:
            return json_records.decode(path.read_bytes(), Probes)
        except (OSError, msgspec.DecodeError):  # of another version of the harness
            continue
    return None


def task_bars(directory: Path) -> list[Bar]:
    """The tasks of a nightly; nothing when it is none."""
    try:
        lines = (directory / TIMELINE).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    bars = []
    for line in lines:
        try:
            span = json_records.decode(line, Span)
        except msgspec.DecodeError:  # torn
            continue
        bars.append(Bar(name=span.task, kind=span.kind.value, begun=span.started, ended=span.ended, cores=span.cores))
    return bars
