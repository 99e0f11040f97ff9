"""`build`: what the main job does before it runs anything."""

from __future__ import annotations

import argparse

from rich.console import Console

from harness.cells.selection import expansion_of, matrix_of, selected_cells
from harness.cells.wanted import settled
from harness.commands import options
from harness.commands.command import Command
from harness.commands.parser import Parser
from harness.commands.terminal import preparer_for, say_to
from harness.machine.store import Store
from harness.runs.one_by_one import build_cells, print_builds


def add_options(parser: Parser) -> None:
    options.add_cell_options(parser)
    options.add_build_options(parser)
    parser.add_argument(
        "--no-reuse", action="store_true", help="try again what is known not to build, although nothing has changed"
    )
    options.add_dry_run(parser)


def run(known: argparse.Namespace, console: Console) -> int:
    """Build the selected cells, or print how; 3 when a build failed or could not be printed."""
    say = say_to(console)
    store = Store()
    store.remove_left_over()
    request = options.cell_request(known)
    matrix = matrix_of(request, say)
    expansion = expansion_of(request, matrix)
    cells = selected_cells(settled(request, matrix, expansion, store, say), matrix, expansion)
    preparer = preparer_for(store, options.build_options(known), console)
    if known.dry_run:
        return print_builds(cells, preparer, console)
    return build_cells(cells, preparer, console)


BUILD = Command(
    name="build",
    summary="provision and build, without running anything",
    details="A build needs no runtime, so a build for browsers needs no browser.",
    example="build --target node --sdk 4.0.12\nbuild --dry-run",
    add_options=add_options,
    run=run,
)
