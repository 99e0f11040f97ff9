"""`probe`: which limitations hold on which cells, according to their probes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.cells.selection import matrix_of, selected_cells
from harness.cells.sets import cells_of_set
from harness.commands import options
from harness.commands.command import Command
from harness.commands.parser import Parser
from harness.commands.terminal import preparer_for, say_to
from harness.machine.store import Store
from harness.runs.probing import PAGE, ProbeRun, chosen_probes
from harness.runs.records import named_run_id
from matrix.limitations import Limitation, Limitations, State
from matrix.model import Cell
from reports.limitation_matrix import LEGEND
from reports.probed import Square, lifted_from, without_probe


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
    request = options.cell_request(known)
    matrix = matrix_of(request, say_to(console))
    limitations = Limitations.load()
    probes = chosen_probes(limitations, known.names)
    cells = selected_cells(request, matrix) if request.selects else cells_of_set("probes")
    store = Store()
    preparer = preparer_for(store, options.build_options(known), console)
    run_id = named_run_id("probe")
    probing = ProbeRun(limitations.entries, probes, known.out / run_id)
    probing.run(cells, preparer, options.limits(known), store, console)
    _show(probing.entries, cells, probing.squares, console)
    if missing := without_probe(limitations.entries):
        console.print(f"without a probe: {escape(', '.join(missing))}", soft_wrap=True)
    console.print(f"\nreport: {known.out / run_id / PAGE}", soft_wrap=True)
    return probing.status or int(any(one.wrong for one in probing.squares))


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
