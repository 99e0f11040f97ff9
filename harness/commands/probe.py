"""`probe`: runs the probes of the limitations on some cells; the matrix of what holds where."""

from __future__ import annotations

import argparse
import datetime
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.cells.prepare import Prepared
from harness.cells.selection import matrix_of, selected_cells
from harness.cells.sets import cells_of_set
from harness.commands import options
from harness.commands.command import Command
from harness.commands.parser import Parser
from harness.commands.terminal import preparer_for, say_to
from harness.guests.probing import Probed, run_probes
from harness.guests.runtimes.choose import choose_adapter
from harness.machine.files import write_atomically
from harness.machine.store import Store
from harness.runs.records import named_run_id, point_latest
from matrix import json_records
from matrix.errors import BuildFailed, MatrixError, UsageError, near
from matrix.limitations import Limitation, Limitations, State
from matrix.model import Cell
from reports.limitation_matrix import LEGEND, as_markdown
from reports.probed import PROBES, Probes, Square, lifted_from, square, without_probe

AT_ONCE = os.cpu_count() or 1


def add_options(parser: Parser) -> None:
    parser.add_argument("names", nargs="*", metavar="LIMITATION", help="only these (default: all that have a probe)")
    options.add_cell_options(parser, default="the set `probes` of matrix/data/nightly.toml")
    options.add_build_options(parser)
    options.add_limit_options(parser)
    options.add_out(parser)


def run(known: argparse.Namespace, console: Console) -> int:
    """Probe limitations on cells, write the matrix of what holds where, and show it.

    Returns 1 when a probe and the list disagree, 3 when a cell could not be prepared.
    """
    say = say_to(console)
    request, limits = options.cell_request(known), options.limits(known)
    matrix = matrix_of(request, say)
    limitations = Limitations.load()
    probes = chosen(limitations, known.names)
    cells = selected_cells(request, matrix) if request.selects else cells_of_set("probes")
    store = Store()
    preparer = preparer_for(store, options.build_options(known), console)
    entries = [entry for entry in limitations.entries if entry.id in probes]
    run_id = named_run_id("probe")
    directory = known.out / run_id
    squares: list[Square] = []
    status = 0
    for cell in cells:
        console.print(f"[bold]{escape(cell.id)}[/bold]", soft_wrap=True)
        try:
            prepared = preparer.prepare(cell, limits)
        except (MatrixError, OSError) as exc:
            expected = isinstance(exc, BuildFailed) and cell.expected_failure is not None
            reason = "it does not build, as expected" if expected else str(exc)
            status = status if expected else 3
            say(reason)
            found = [Probed(limitation=name, state=State.CANNOT_BE_TRIED, saw=reason) for name in probes]
        else:
            found = probe_cell(prepared, probes, store)
        by_id = {one.limitation: one for one in found}
        squares += [square(entry, cell, by_id[entry.id].state, by_id[entry.id].saw) for entry in entries]
        result = Probes(run_id=run_id, cells=tuple(cell.id for cell in cells), squares=tuple(squares))
        write_atomically(directory / PROBES, json_records.indented(result))
    write_atomically(directory / "limitations.md", page(entries, cells, squares).encode())
    point_latest(known.out, run_id)
    _show(entries, cells, squares, console)
    if missing := without_probe(limitations.entries):
        console.print(f"without a probe: {escape(', '.join(missing))}", soft_wrap=True)
    console.print(f"\nreport: {directory / 'limitations.md'}", soft_wrap=True)
    return status or int(any(one.wrong for one in squares))


def page(entries: Sequence[Limitation], cells: Sequence[Cell], squares: Sequence[Square]) -> str:
    """The matrix as a page of its own, such as docs/reference/limitations.md."""
    today = datetime.date.today().isoformat()
    head = [
        "# What each platform lacks, according to the probes",
        "",
        f"Made by `nox -s probe` on {today}. The list itself is in `matrix/limitations`.",
        "[upstream-readme.md](upstream-readme.md) says which entries cover which point of upstream's README.",
        "",
    ]
    return "\n".join([*head, as_markdown(entries, cells, squares)])


def chosen(limitations: Limitations, names: Sequence[str]) -> dict[str, Path]:
    """The probes of the limitations that are named, of all when none is. Raises UsageError for what has none."""
    probes = limitations.probes()
    for name in names:
        if name not in probes:
            raise UsageError(f"no limitation {name!r} has a probe", hint=near(name, probes))
    return {name: path for name, path in probes.items() if not names or name in names}


def probe_cell(prepared: Prepared, probes: Mapping[str, Path], store: Store) -> list[Probed]:
    """What each probe saw on a cell, some guests side by side."""
    runtime = choose_adapter(prepared.cell.runtime, prepared.runtime, prepared.settings.runtime_flags)
    names = list(probes)
    parts = [{name: probes[name] for name in names[number::AT_ONCE]} for number in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(
            lambda part: run_probes(part[1], prepared.settings, runtime, store, slot=part[0]), enumerate(parts)
        )
        return [one for part in found for one in part]


_STYLES = {
    State.HOLDS: "",
    State.PARTLY: "yellow",
    State.LIFTED: "green",
    State.CANNOT_BE_TRIED: "dim",
    State.BROKEN: "red",
}


def _show(entries: Sequence[Limitation], cells: Sequence[Cell], squares: Sequence[Square], console: Console) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("limitation", *(str(number) for number in range(1, len(cells) + 1))):
        table.add_column(heading, overflow="fold")
    by_place = {(one.limitation, one.cell): one for one in squares}
    for entry in entries:
        row = [by_place[entry.id, cell.id] for cell in cells]
        table.add_row(
            escape(entry.id),
            *(f"[{'bold red' if one.wrong else _STYLES[one.state] or 'none'}]{one.state}" for one in row),
        )
    for number, cell in enumerate(cells, 1):
        console.print(f"{number}: {escape(cell.id)}", soft_wrap=True)
    console.print(table)
    console.print(LEGEND)
    by_id = {cell.id: cell for cell in cells}
    for entry in entries:
        for boundary in lifted_from([one for one in squares if one.limitation == entry.id], by_id):
            console.print(f"{escape(entry.id)}: lifted {escape(str(boundary))}", soft_wrap=True)
    for one in squares:
        if one.wrong:
            what = f"on {one.cell}: {one.state}, but {one.wrong}: {one.saw}"
            console.print(f"[red]{escape(one.limitation)}[/red] {escape(what)}", soft_wrap=True)


PROBE = Command(
    name="probe",
    summary="run the probes of the known limitations: what holds on which cell",
    details="The exit status is 1 when a probe and the list of limitations disagree.",
    example="probe no-fork no-pipe --target wasi --sdk '*'",
    add_options=add_options,
    run=run,
)
