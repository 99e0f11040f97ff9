"""`limitations`: the list of what is known, in forms that other tools can use."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.markup import escape

from harness.cells.selection import matrix_of, selected_cells
from harness.commands import options
from harness.commands.command import Command
from harness.commands.parser import Parser
from harness.commands.terminal import SafeConsole
from matrix import json_records
from matrix.errors import UsageError
from matrix.limitations import Limitations
from reports import limitation_formats as formats

FORMATS = ("markdown", "json", "regrtest-ignorefile", "pytest-deselect")


def add_options(parser: Parser) -> None:
    options.add_cell_options(parser, default="no cell, and the whole list")
    parser.add_argument("--format", choices=FORMATS, default=FORMATS[0], help="default: %(default)s")


def run(known: argparse.Namespace, console: Console) -> int:
    """Print the whole list, or what holds on the selected cell.

    Raises UsageError when several cells are selected, or none for a format that describes one cell.
    """
    request = options.cell_request(known)
    limitations = Limitations.load()
    of_cell = None
    if request.selects:
        cells = selected_cells(request, matrix_of(request))
        if len(cells) != 1:
            found = "".join(f"\n  {cell.id}" for cell in cells)
            raise UsageError(f"`limitations` describes one cell, not {len(cells)}:{found}", hint="name one with --cell")
        of_cell = limitations.for_cell(cells[0].facts)
    entries = of_cell.entries if of_cell is not None else limitations.entries
    if known.format == "json":
        text = json_records.indented(formats.as_records(entries)).decode()
    elif known.format == "markdown":
        text = formats.as_markdown(entries)
    elif of_cell is None:
        raise UsageError(f"--format {known.format} describes one cell", hint="say --target wasi, or --cell ID")
    elif known.format == "regrtest-ignorefile":
        text = formats.as_ignorefile(of_cell)
    else:
        text, left = formats.as_deselect(of_cell)
        errors = SafeConsole(stderr=True, highlight=False)
        for glob in left:
            errors.print(f"left out, since pytest knows prefixes only: {escape(glob)}", soft_wrap=True)
    console.file.write(text)
    return 0


LIMITATIONS = Command(
    name="limitations",
    summary="print the known limitations, also for regrtest and pytest to leave out",
    details="Without a selection, `markdown` and `json` print the whole list. The other formats need one cell.",
    example="limitations --target wasi --format regrtest-ignorefile",
    add_options=add_options,
    run=run,
)
