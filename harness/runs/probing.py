"""A run of probes: which limitations hold on which cells."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from harness.cells.prepare import Prepared, Preparer
from harness.guests.adapter import Adapter
from harness.guests.probing import Probed, run_probes
from harness.guests.runtimes.choose import choose_adapter
from harness.guests.settings import Limits
from harness.machine.files import write_atomically
from harness.machine.store import Store
from matrix import json_records
from matrix.errors import BuildFailed, MatrixError, Unobtainable, UsageError, near
from matrix.limitations import Limitation, Limitations, State
from matrix.model import Cell
from matrix.resolve import ResolvedCell
from reports.limitation_matrix import as_markdown
from reports.probed import PROBES, Probes, Square, square

PAGE = "limitations.md"
_AT_ONCE = os.cpu_count() or 1
"""guests side by side"""


def chosen_probes(limitations: Limitations, names: Sequence[str]) -> dict[str, Path]:
    """The probes of the named limitations, or of all. Raises UsageError for a name without a probe."""
    probes = limitations.probes()
    for name in names:
        if name not in probes:
            raise UsageError(f"no limitation {name!r} has a probe", hint=near(name, probes))
    return {name: path for name, path in probes.items() if not names or name in names}


class ProbeRun:
    """The probes of some limitations, run on cell after cell. Its directory has the results after each cell."""

    def __init__(self, entries: Sequence[Limitation], probes: Mapping[str, Path], directory: Path) -> None:
        self.entries = [entry for entry in entries if entry.id in probes]
        self.squares: list[Square] = []
        """the result of each limitation on each cell so far"""
        self.status = 0
        """3 when a cell could not be prepared"""
        self._probes = probes
        self._directory = directory

    def run(
        self, cells: Sequence[ResolvedCell], preparer: Preparer, limits: Limits, store: Store, console: Console
    ) -> None:
        """Probe each cell, and write the results and their page."""
        for cell in cells:
            console.print(f"[bold]{escape(cell.id)}[/bold]", soft_wrap=True)
            try:
                prepared = preparer.prepare(cell, limits)
            except (MatrixError, OSError) as exc:
                expected = isinstance(exc, BuildFailed) and cell.expected_failure is not None
                reason = "it does not build, as expected" if expected else str(exc)
                self.status = self.status if expected else Unobtainable.exit_status
                console.print(escape(reason), soft_wrap=True)
                found = [Probed(limitation=name, state=State.CANNOT_BE_TRIED, saw=reason) for name in self._probes]
            else:
                if asks := _adapter(prepared).asks:
                    console.print(escape(asks), soft_wrap=True)
                found = probe_cell(prepared, self._probes, store)
            by_id = {one.limitation: one for one in found}
            self.squares += [square(entry, cell, by_id[entry.id].state, by_id[entry.id].saw) for entry in self.entries]
            ids = tuple(cell.id for cell in cells)
            result = Probes(run_id=self._directory.name, cells=ids, squares=tuple(self.squares))
            write_atomically(self._directory / PROBES, json_records.indented(result))
        write_atomically(self._directory / PAGE, page(self.entries, cells, self.squares).encode())


def probe_cell(prepared: Prepared, probes: Mapping[str, Path], store: Store) -> list[Probed]:
    """The result of each probe on a cell, with several guests side by side."""
    runtime = _adapter(prepared)
    names = list(probes)
    at_once = 1 if runtime.one_at_a_time else _AT_ONCE
    parts = [{name: probes[name] for name in names[number::at_once]} for number in range(at_once)]
    with ThreadPoolExecutor(at_once) as pool:
        found = pool.map(
            lambda part: run_probes(part[1], prepared.settings, runtime, store, slot=part[0]), enumerate(parts)
        )
        return [one for part in found for one in part]


def _adapter(prepared: Prepared) -> Adapter:
    return choose_adapter(prepared.cell.runtime, prepared.runtime, prepared.settings.runtime_flags)


def page(entries: Sequence[Limitation], cells: Sequence[Cell], squares: Sequence[Square]) -> str:
    """The results as a page of its own, such as docs/reference/limitations.md."""
    today = datetime.date.today().isoformat()
    head = [
        "# What each platform lacks, according to the probes",
        "",
        f"Made by `nox -s probe` on {today}. The list itself is in `matrix/limitations`.",
        "[upstream-readme.md](upstream-readme.md) says which entries cover which point of upstream's README.",
        "",
    ]
    return "\n".join([*head, as_markdown(entries, cells, squares)])
