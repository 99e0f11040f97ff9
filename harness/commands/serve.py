"""`serve`: the REPL of a build for browsers, on loopback."""

from __future__ import annotations

import argparse
import contextlib
import threading

from rich.console import Console

from harness.build.tree import web_examples
from harness.cells.selection import matrix_of, selected_cells
from harness.commands import options
from harness.commands.command import Command
from harness.commands.parser import Parser, port
from harness.commands.terminal import preparer_for
from harness.guests.runtimes.browser import repl_files
from harness.machine.http_server import Site, serving
from harness.machine.store import Store
from matrix.errors import UsageError


def add_options(parser: Parser) -> None:
    options.add_cell_options(parser, default="the default cell of `browser`")
    options.add_build_options(parser)
    parser.add_argument(
        "--port", type=port, default=8000, metavar="N", help="0 takes any free port (default: %(default)s)"
    )


def run(known: argparse.Namespace, console: Console) -> int:
    """Build for the browser and serve the result, with a page to type into, until Ctrl-C."""
    request = options.cell_request(known, default_target="browser")
    matrix = matrix_of(request)
    cells = [cell for cell in selected_cells(request, matrix) if cell.build.target.in_memory]
    if not cells:
        raise UsageError("`serve` needs a cell of a browser target", hint="say --target browser, or no target")
    if len(cells) != 1:
        names = "".join(f"\n  {cell.id}" for cell in cells)
        raise UsageError(f"`serve` takes one cell of a browser target, not {len(cells)}{names}", hint="--cell names it")
    assets = preparer_for(Store(), options.build_options(known), console).build(cells[0])
    with serving(Site(repl_files(assets)), known.port) as address:
        console.print(f"{address}/repl.html (Ctrl-C ends it)", soft_wrap=True)
        for name in web_examples(assets.parents[1], assets):
            console.print(
                f"{address}/{name}/index.html: upstream's, which loads a terminal from elsewhere", soft_wrap=True
            )
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
    return 0


SERVE = Command(
    name="serve",
    summary="build for the browser and serve the interpreter's REPL on loopback",
    details="It starts no browser.",
    example="serve --port 0",
    add_options=add_options,
    run=run,
)
