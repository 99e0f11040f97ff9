"""What a run came to as summary.json, summary.md and on the terminal; `reports.page` is what people open."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import jinja2
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from matrix import json_records
from matrix.text import last_line, shortened
from reports.differences import short_names
from reports.file import File, text_file
from reports.summary import CellStatus, CellSummary, Summary
from reports.triage import Sighting

_MOST_ROWS = 200
"""red rows that the Markdown shows; summary.json has all"""
_TERMINAL_ROWS = 15
_LONGEST_OUTPUT = 20_000
"""characters of a test's output in the text of an issue"""
_COLOURS = {"good": "green", "mild": "yellow", "bad": "red"}
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=False,  # noqa: S701  # Markdown; what is HTML lies in reports.page
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def markdown_cell(text: str) -> str:
    """Hostile text as one cell of a Markdown table."""
    text = " ".join(text.split())
    for character in "\\`*_{}[]<>|#":
        text = text.replace(
            character, f"\\{character}" if character not in "<>" else {"<": "&lt;", ">": "&gt;"}[character]
        )
    return text if len(text) <= 300 else text[:297] + "..."


def fenced(text: str) -> str:
    """Hostile text as a block of code in Markdown, its middle left out when it is long."""
    text = _STEERING.sub(lambda match: f"\\x{ord(match[0]):02x}", text.strip()) or "(nothing was printed)"
    text = shortened(text, _LONGEST_OUTPUT)
    longest = max((len(ticks) for ticks in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"


_ENVIRONMENT.filters["md"] = markdown_cell
_ENVIRONMENT.filters["fenced"] = fenced
_ENVIRONMENT.filters["last_line"] = last_line


def summary_files(summary: Summary) -> Iterator[File]:
    """summary.json and summary.md."""
    yield File("summary.json", json_records.indented(summary))
    text = _ENVIRONMENT.get_template("summary.md.j2").render(
        summary=summary, most=_MOST_ROWS, state=state, short_names=short_names
    )
    yield text_file("summary.md", text)


def issue(test: str, sightings: Sequence[Sighting], parting: Sequence[str], summary: Summary) -> str:
    """The text of an issue about a test that fails somewhere, as Markdown. Raises ValueError when it fails nowhere."""
    failing = [one for one in sightings if one.fails]
    if not failing:
        raise ValueError(f"{test} fails on none of {len(sightings)} cells")
    return _ENVIRONMENT.get_template("issue.md.j2").render(
        test=test,
        sightings=sightings,
        failing=failing,
        parting=parting,
        cells={cell.id: cell for cell in summary.cells},
    )


def state(cell: CellSummary) -> str:
    """A cell's state in words."""
    if cell.status is CellStatus.BUILD_FAILED and cell.expected:
        return "does not build, as expected"
    return f"{cell.status.value}, allowed to fail" if cell.forgiven else cell.status.value


def tone(cell: CellSummary) -> str:
    """How a cell's state is meant: `good`, `bad`, or `mild` for what fails and may."""
    if cell.status is CellStatus.OK or cell.expected:
        return "good"
    return "mild" if cell.forgiven else "bad"


def shown(text: str) -> str:
    """Hostile text for the terminal: neither rich's markup nor the terminal's own sequences work in it."""
    return escape(_STEERING.sub(lambda match: f"\\x{ord(match[0]):02x}", text))


def show(summary: Summary, directory: Path, console: Console) -> None:
    """End a run on the terminal: a line a cell, what is red and how to see it again, where the rest is."""
    table = Table(box=None, pad_edge=False)
    for heading in ("cell", "state", "modules", "passed", "skipped", "known", "red", "test"):
        table.add_column(heading, justify="left" if heading in ("cell", "state") else "right", overflow="fold")
    for cell in summary.cells:
        table.add_row(
            shown(cell.id),
            f"[{_COLOURS[tone(cell)]}]{shown(state(cell))}",
            f"{cell.modules.run}/{cell.modules.planned}",
            str(cell.counts.get("passed", 0)),
            str(cell.counts.get("skipped", 0)),
            str(cell.verdicts.get("known", 0)),
            str(cell.red),
            f"{cell.durations_s.get('test', 0.0):.0f} s",
        )
    console.print()
    console.print(table)
    for cell in summary.cells:
        if cell.reason:
            style = "" if tone(cell) == "good" else _COLOURS[tone(cell)]
            console.print(f"\n{shown(cell.id)}: {shown(cell.reason)}", style=style)
        if cell.forgiven:
            console.print(f"{shown(cell.id)}: allowed to fail: {shown(cell.allowed_to_fail)}", soft_wrap=True)
        for note in cell.notes:
            console.print(f"note: {shown(cell.id)}: {shown(last_line(note) if len(note) > 300 else note)}", style="dim")
    if waiting := sum(cell.unattributed_skips for cell in summary.cells):
        again = f"nox -s triage -- queue {summary.run_id}"
        console.print(f"\n{waiting} skips that no limitation explains: {shown(again)}", soft_wrap=True)
    if summary.unexpected:
        console.print(f"\n[red]{len(summary.unexpected)} unexpected[/red]")
    for row in summary.unexpected[:_TERMINAL_ROWS]:
        console.print(f"  [red]{row.verdict}[/red] {row.outcome} [bold]{shown(row.test)}[/bold]")
        console.print(f"    {shown(last_line(row.detail)[:300])}")
        if row.reproduce:
            console.print(f"    again: {shown(row.reproduce)}", soft_wrap=True)
    if len(summary.unexpected) > _TERMINAL_ROWS:
        console.print(f"  ... and {len(summary.unexpected) - _TERMINAL_ROWS} more in summary.md")
    for comparison in summary.comparisons:
        console.print(
            f"\n{len(comparison.differences)} of {comparison.tests} tests differ between the {len(comparison.cells)} "
            f"cells of {shown(comparison.cpython)}: see index.html"
        )
    console.print(f"\nreport: {shown(str(directory / 'index.html'))}", soft_wrap=True)
