"""The matrix of limitations as Markdown: a row for each limitation, a column for each cell. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from matrix.limitations import Limitation, State
from matrix.model import Cell
from reports.probed import Square, lifted_from
from reports.safe_text import markdown_line

MARKS = {State.HOLDS: "●", State.PARTLY: "◐", State.LIFTED: "○", State.CANNOT_BE_TRIED: "-", State.BROKEN: "✗"}


LEGEND = ", ".join(f"{sign} {state}" for state, sign in MARKS.items()) + "; ! the list says otherwise"


def as_markdown(entries: Sequence[Limitation], cells: Sequence[Cell], squares: Sequence[Square]) -> str:
    """A table for each section, followed by details. A `!` marks a square where probe and list disagree."""
    by_place = {(one.limitation, one.cell): one for one in squares}
    by_id = {cell.id: cell for cell in cells}
    lines = ["| | cell |", "| --- | --- |"]
    lines += [f"| {number} | `{cell.id}` |" for number, cell in enumerate(cells, 1)]
    lines += ["", LEGEND, ""]
    sections: dict[str, list[Limitation]] = defaultdict(list)
    for entry in entries:
        if entry.probe:
            sections[entry.section].append(entry)
    for section, rows in sections.items():
        lines += [f"## {section}", ""]
        lines += ["| limitation | " + " | ".join(str(number) for number in range(1, len(cells) + 1)) + " |"]
        lines += ["| --- |" + " --- |" * len(cells)]
        for entry in rows:
            found = [by_place.get((entry.id, cell.id)) for cell in cells]
            marks = [mark(one) if one is not None else "" for one in found]
            lines.append(f"| [{entry.id}](#{entry.id}) | {' | '.join(marks)} |")
        lines.append("")
        for entry in rows:
            lines += _details(entry, [one for one in squares if one.limitation == entry.id], by_id)
    return "\n".join(lines)


def mark(square: Square) -> str:
    """The sign for a probe's result, with a `!` when it disagrees with the list."""
    return MARKS[square.state] + ("!" if square.wrong else "")


def _details(entry: Limitation, squares: Sequence[Square], cells: Mapping[str, Cell]) -> list[str]:
    """A paragraph on one limitation, and what the probes saw on which cells."""
    lines = [f"### {entry.id}", "", f"{markdown_line(entry.title)}.", ""]
    references = [f"<{one}>" if one.startswith("http") else one for one in entry.references]
    if references:
        lines += [f"References: {', '.join(references)}", ""]
    lines += [f"- lifted {boundary}" for boundary in lifted_from(squares, cells)]
    numbers = {cell: number for number, cell in enumerate(cells, 1)}
    seen: dict[tuple[State, str, str], list[int]] = defaultdict(list)
    for one in squares:
        seen[one.state, one.saw, one.wrong].append(numbers[one.cell])
    for (state, saw, wrong), places in seen.items():
        where = ", ".join(map(str, places))
        lines.append(f"- {MARKS[state]} {state} ({where}): {markdown_line(saw)}" + (f" **{wrong}**" if wrong else ""))
    return [*lines, ""]
