"""Collects what the report of a run needs from all cells, while the cells are judged one by one. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import msgspec

from matrix.model import Cell
from matrix.outcome import ModuleResult, Status
from reports.page.timing import Bar, CellTime, Slowest, cell_time
from reports.recorded import RecordedModule, RecordedResults, recorded
from reports.runtimes import MeasuredCell, RuntimeRow, counted
from reports.summary import CellSummary
from reports.verdict import CellVerdicts, Verdict

_SHORTEST_BAR = 0.5
"""seconds; shorter modules have no bar of their own in the timeline"""


class _Explained(msgspec.Struct):
    """How many tests of a cell one limitation explains."""

    failed: int = 0
    skipped: int = 0

    def count(self, status: Status) -> None:
        if status is Status.SKIPPED:
            self.skipped += 1
        else:
            self.failed += 1


class Gathered:
    """Collects from each tested cell what is needed once all cells are judged: a fraction of its outcomes."""

    def __init__(self) -> None:
        self.results: dict[str, RecordedResults] = {}
        """by cell; cells with the same tests share the tuple of their names"""
        self.times: list[CellTime] = []
        self.bars: list[Bar] = []
        self.slowest = Slowest()
        self._cpu: dict[str, dict[str, float]] = {}
        """CPU seconds of each module that was run and not reused, by cell"""
        self._limitations: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
        """the limitation of each test that has one, by cell, and by module and test"""
        self._explained: dict[tuple[str, str], _Explained] = defaultdict(_Explained)
        self._shared: dict[tuple[str, ...], tuple[str, ...]] = {}

    def add(
        self,
        cell: str,
        verdicts: CellVerdicts,
        results: Mapping[str, ModuleResult],
        *,
        durations: Mapping[str, float],
        whole: bool,
        complete: bool,
    ) -> None:
        """Take note of a cell; `durations`, `whole` and `complete` are those of its record."""
        modules = {name: self._kept(result) for name, result in results.items()}
        time = cell_time(cell, durations, results.values())
        self.results[cell] = RecordedResults(modules=modules, whole=whole, complete=complete, startup=time.startup)
        self.times.append(time)
        self.slowest.add(cell, results.values())
        self._cpu[cell] = {name: one.cpu for name, one in results.items() if one.cpu and not one.reused}
        for result in results.values():
            if result.finished and not result.reused and result.duration >= _SHORTEST_BAR:
                name, started = f"{result.module} ({cell})", result.finished - result.duration
                self.bars.append(Bar(name=name, kind="module", started=started, ended=result.finished))
        for judged in verdicts.judged:
            if judged.limitation:
                self._explained[cell, judged.limitation].count(judged.outcome.status)
                self._limitations[cell][judged.module, judged.outcome.test] = judged.limitation

    def _kept(self, result: ModuleResult) -> RecordedModule:
        found = recorded(result)
        return msgspec.structs.replace(found, tests=self._shared.setdefault(found.tests, found.tests))

    def explained(self, cell: str, limitation: str) -> tuple[int, int]:
        """How many tests of a cell failed, and how many were skipped, because of a limitation."""
        found = self._explained.get((cell, limitation), _Explained())
        return found.failed, found.skipped

    def limitation(self, cell: str, module: str, test: str) -> str:
        """The id of the limitation that expects a test's outcome or explains its skip; "" when none does."""
        return self._limitations[cell].get((module, test), "") if cell in self._limitations else ""

    def measured(self, cell: Cell, summary: CellSummary) -> MeasuredCell:
        """What the comparison of runtimes takes from a cell."""
        default = cell.runtime.id == cell.build.target.defaults.runtime
        runtime = summary.runtime
        row = RuntimeRow(cell=cell.id, runtime=runtime.name, version=runtime.version, status=summary.status)
        if cell.id not in self.results:
            return MeasuredCell(build=cell.build.id, default=default, row=row)
        (time,) = (one for one in self.times if one.cell == cell.id)
        modules, verdicts = summary.modules, summary.verdicts
        row = msgspec.structs.replace(
            row,
            **counted(summary.counts),
            known=verdicts.get(Verdict.KNOWN, 0),
            unexpected=summary.red,
            modules=modules.run - modules.reused,
            reused=modules.reused,
            wall_s=time.suite if modules.run > modules.reused else None,
            startup_s=time.startup,
        )
        return MeasuredCell(
            build=cell.build.id,
            default=default,
            row=row,
            modules=self.results[cell.id].modules,
            cpu=self._cpu[cell.id],
            explained=self._limitations[cell.id],
        )
