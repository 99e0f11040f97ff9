"""What a run says on the terminal at its end. Writes to rich's console and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from matrix.outcome import Status
from matrix.text import last_line, raised
from reports.render import Tone, state, tone
from reports.render.figures import figures, named
from reports.runtimes import RuntimeTable
from reports.safe_text import for_terminal as safe
from reports.summary import CellSummary, Summary, Unexpected
from reports.verdict import Verdict

_MOST_ROWS = 15
_LONGEST = 300
"""characters"""
_OF_RUNTIMES = ("passed", "failed", "skipped", "pass rate", "CPU", "start-up", "speed")
"""the figures of runtimes that are shown; the others are in the report"""
_COLOURS = {Tone.GOOD: "green", Tone.MILD: "yellow", Tone.BAD: "red"}


def show(summary: Summary, directory: Path, console: Console) -> None:
    """Show a run: a line for each cell, the unexpected outcomes with a command for each, the path of the report."""
    console.print()
    console.print(_table(summary.cells))
    for cell in summary.cells:
        _explain(cell, console)
    if unexplained := sum(cell.unattributed_skips for cell in summary.cells):
        again = f"nox -s triage -- queue {summary.run_id}"
        console.print(f"\n{unexplained} skips that no limitation explains: {safe(again)}", soft_wrap=True)
    _show_unexpected(summary.unexpected, console)
    for compared in summary.runtimes:
        console.print()
        console.print(_runtimes(compared))
    for comparison in summary.comparisons:
        console.print(
            f"\n{len(comparison.differences)} of {comparison.tests} tests differ between the {len(comparison.cells)} "
            f"cells of {safe(comparison.cpython)}: see index.html"
        )
    console.print(f"\nreport: {safe(str(directory / 'index.html'))}", soft_wrap=True)


def _table(cells: Sequence[CellSummary]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("cell", "state", "modules", "passed", "skipped", "known", "red", "test"):
        table.add_column(heading, justify="left" if heading in ("cell", "state") else "right", overflow="fold")
    for cell in cells:
        table.add_row(
            safe(cell.id),
            f"[{_COLOURS[tone(cell)]}]{safe(state(cell))}",
            f"{cell.modules.run}/{cell.modules.planned}",
            str(cell.counts.get(Status.PASSED, 0)),
            str(cell.counts.get(Status.SKIPPED, 0)),
            str(cell.verdicts.get(Verdict.KNOWN, 0)),
            str(cell.red),
            f"{cell.durations_s.get('test', 0.0):.0f} s",
        )
    return table


def _runtimes(compared: RuntimeTable) -> Table:
    """One build under several runtimes, in short."""
    table = Table(box=None, pad_edge=False)
    table.add_column(safe(compared.build), overflow="fold")
    for heading in (*_OF_RUNTIMES, "differ"):
        table.add_column(heading, justify="right")
    for row in compared.rows:
        shown = figures(row)
        differ = str(len(row.differences)) if row.areas else ""
        table.add_row(safe(named(row)), *(shown[name] for name in _OF_RUNTIMES), differ)
    return table


def _explain(cell: CellSummary, console: Console) -> None:
    """Say why a cell was not tested, why it may fail, and its notes."""
    name = safe(cell.id)
    if cell.reason:
        style = "" if tone(cell) is Tone.GOOD else _COLOURS[tone(cell)]
        console.print(f"\n{name}: {safe(cell.reason)}", style=style)
    if cell.forgiven:
        console.print(f"{name}: allowed to fail: {safe(cell.allowed_to_fail)}", soft_wrap=True)
    for note in cell.notes:
        console.print(f"note: {name}: {safe(last_line(note) if len(note) > _LONGEST else note)}", style="dim")


def _show_unexpected(rows: Sequence[Unexpected], console: Console) -> None:
    if rows:
        console.print(f"\n[red]{len(rows)} unexpected[/red]")
    for row in rows[:_MOST_ROWS]:
        console.print(f"  [red]{row.verdict}[/red] {row.outcome} [bold]{safe(row.test)}[/bold]")
        console.print(f"    {safe(raised(row.detail)[:_LONGEST])}")
        if row.reproduce:
            console.print(f"    again: {safe(row.reproduce)}", soft_wrap=True)
    if len(rows) > _MOST_ROWS:
        console.print(f"  ... and {len(rows) - _MOST_ROWS} more in summary.md")
