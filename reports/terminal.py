"""What a run says on the terminal at its end, on one screen. Writes to rich's console and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from matrix.outcome import Status
from matrix.text import last_line, some_of
from reports.causes import Cause
from reports.render import Tone, in_units, state, tone
from reports.render.figures import figures, named
from reports.runtimes import RuntimeTable
from reports.safe_text import for_terminal as safe
from reports.shared import allowances, in_words, shared_notes, untested
from reports.summary import CellSummary, Summary, reuse_in_words
from reports.verdict import Verdict

_MOST_CAUSES = 8
_MOST_NOTES = 12
_MOST_TESTS = 2
_MOST_LINES = 12
"""of the reason why a cell was not tested"""
_LONGEST = 300
"""characters"""
_OF_RUNTIMES = ("passed", "failed", "skipped", "pass rate", "CPU", "start-up", "speed")
"""the figures of runtimes that are shown; the others are in the report"""
_COLOURS = {Tone.GOOD: "green", Tone.MILD: "yellow", Tone.BAD: "red", Tone.NONE: "dim"}


def show(summary: Summary, console: Console) -> None:
    """Show a run: what its cells share, a line for each cell, the causes of what is red."""
    console.print()
    _show_notes(summary.cells, console)
    console.print(_table(summary.cells))
    if explained := untested(summary.cells):
        console.print()
    for found in explained:
        _explain(found.first, in_words(found.cells, summary.cells), console)
    for allowed in allowances(summary.cells):
        said = f"{in_words(allowed.cells, summary.cells)}: allowed to fail: {allowed.text}"
        console.print(f"\n{safe(said)}", soft_wrap=True)
    if (compared := summary.runtimes) and len(compared) == 1:
        console.print()
        console.print(_runtimes(compared[0]))
    _show_causes(summary, console)
    console.print()
    for line in _counts(summary):
        console.print(safe(line), soft_wrap=True)
    console.print(f"it took {in_units(summary.duration_s)}")


def show_place(directory: Path, console: Console) -> None:
    """Show the path of a run's report, once it is written."""
    console.print(f"report: {safe(str(directory / 'index.html'))}", soft_wrap=True)


def _show_notes(cells: Sequence[CellSummary], console: Console) -> None:
    """Each note once, with the cells that have it."""
    notes = shared_notes(cells)
    for note in notes[:_MOST_NOTES]:
        text = last_line(note.text) if len(note.text) > _LONGEST else note.text
        whose = f"{in_words(note.cells, cells)}: " if len(cells) > 1 else ""
        console.print(f"note: {safe(whose)}{safe(text)}", style="dim")
    if len(notes) > _MOST_NOTES:
        console.print(f"  ... and {len(notes) - _MOST_NOTES} more notes in summary.md", style="dim")
    if notes:
        console.print()


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


def _explain(cell: CellSummary, cells: str, console: Console) -> None:
    """Say why cells were not tested; `cells` names all of them, `cell` is the first."""
    mild = tone(cell) is not Tone.BAD
    style = "" if tone(cell) in (Tone.GOOD, Tone.NONE) else _COLOURS[tone(cell)]
    lines = cell.reason.splitlines() or [state(cell)]
    if mild and lines[1:]:
        lines = lines[:1]
    elif len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES // 2], "...", *lines[-_MOST_LINES // 2 :]]
    console.print(f"{safe(cells)}: {safe(state(cell))}: " + "\n".join(map(safe, lines)), style=style)


def _show_causes(summary: Summary, console: Console) -> None:
    if not summary.unexpected:
        return
    tests, causes = len(summary.unexpected), summary.causes
    console.print(f"\n[red]{tests} unexpected, {len(causes)} cause{'s' if len(causes) > 1 else ''}[/red]")
    for cause in causes[:_MOST_CAUSES]:
        _show_cause(cause, summary.cells, console)
    if len(causes) > _MOST_CAUSES:
        console.print(f"  ... and {len(causes) - _MOST_CAUSES} more causes in summary.md")


def _show_cause(cause: Cause, cells: Sequence[CellSummary], console: Console) -> None:
    place = f"  ({cause.place})" if cause.place else ""
    kind = f"{cause.verdict} {cause.outcome}".strip()
    console.print(f"  [red]{kind}[/red] [bold]{safe(cause.raised[:_LONGEST])}[/bold]{safe(place)}")
    where = in_words(cause.cells, cells) if cause.cells else "the whole run"
    if cause.tests:
        count = f"{len(cause.tests)} tests" if len(cause.tests) > 1 else "1 test"
        where = f"{count} in {where}" if len(cells) > 1 else count
        where += f": {some_of(cause.tests, _MOST_TESTS)}"
    console.print(f"    {safe(where)}", soft_wrap=True)
    if cause.reproduce:
        console.print(f"    again: {safe(cause.reproduce)}", soft_wrap=True)


def _counts(summary: Summary) -> list[str]:
    """What is worth one line each: what was reused, what nothing explains, what differs."""
    lines = []
    if reused := sum(cell.modules.reused for cell in summary.cells):
        run = sum(cell.modules.run for cell in summary.cells)
        lines.append(reuse_in_words(reused, run))
    if unexplained := sum(cell.unattributed_skips for cell in summary.cells):
        lines.append(f"{unexplained} skips that no limitation explains: nox -s triage -- queue {summary.run_id}")
    lines += [
        f"{len(one.differences)} of {one.tests} tests differ between the {len(one.cells)} cells of {one.cpython}"
        for one in summary.comparisons
        if one.differences
    ]
    return lines
