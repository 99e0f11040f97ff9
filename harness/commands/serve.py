"""`serve`: a browser build's REPL on loopback."""

from __future__ import annotations

import contextlib
import threading

from rich.console import Console
from rich.markup import escape

from harness.cells.prepare import Options, Preparer
from harness.cells.request import Arguments
from harness.cells.selection import matrix_of, selected_cells
from harness.commands.progress import TerminalWatcher
from harness.guests.runtimes.browser import PAGES
from harness.machine.http_server import Site, serving
from harness.machine.store import Store
from matrix.errors import UsageError


def serve_repl(arguments: Arguments, console: Console) -> int:
    """Build for the browser and serve the result, with a page to type into, until Ctrl-C."""
    matrix = matrix_of(arguments)
    cells = [cell for cell in selected_cells(arguments, matrix) if cell.build.target.in_memory]
    if len(cells) != 1:
        raise UsageError(f"`serve` takes one cell of a browser target, not {len(cells)}", hint="narrow it with --cell")

    def say(message: str) -> None:
        console.print(escape(message), soft_wrap=True)

    options = Options(jobs=arguments.jobs, build_python=arguments.build_python, refresh=arguments.refresh)
    preparer = Preparer(Store(), options, TerminalWatcher(console), say)
    assets = preparer.build(cells[0])
    site = Site({"/": assets, "/repl.html": PAGES / "repl.html", "/repl.js": PAGES / "repl.js"})
    with serving(site, arguments.port) as address:
        console.print(f"{address}/repl.html (Ctrl-C ends it)", soft_wrap=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
    return 0
