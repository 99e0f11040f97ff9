"""`limitations`: the list of what is known, in forms that other tools can use."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from harness.cells.request import Arguments
from harness.cells.selection import matrix_of, selected_cells
from matrix import json_records
from matrix.errors import UsageError
from matrix.limitations import Limitations
from matrix.select import Selection
from reports import limitation_formats as formats


def list_limitations(arguments: Arguments, console: Console) -> int:
    """Print the list: all of it, or what holds on the cell that is selected.

    Raises UsageError when several cells are, or none for a form that is about one.
    """
    limitations = Limitations.load()
    of_cell = None
    if arguments.selection != Selection() or arguments.sdk_paths or arguments.cpython_paths:
        cells = selected_cells(arguments, matrix_of(arguments))
        if len(cells) != 1:
            found = ", ".join(cell.id for cell in cells)
            raise UsageError(f"these are {len(cells)} cells, not one: {found}", hint="name one with --cell")
        of_cell = limitations.for_cell(cells[0].facts)
    entries = of_cell.entries if of_cell is not None else limitations.entries
    if arguments.format == "json":
        text = json_records.indented(formats.as_records(entries)).decode()
    elif arguments.format == "markdown":
        text = formats.as_markdown(entries)
    elif of_cell is None:
        raise UsageError(f"--format {arguments.format} is about one cell", hint="say --target wasi, or --cell ID")
    elif arguments.format == "regrtest-ignorefile":
        text = formats.as_ignorefile(of_cell)
    else:
        text, left = formats.as_deselect(of_cell)
        errors = Console(stderr=True, highlight=False)
        for glob in left:
            errors.print(f"left out, since pytest knows prefixes only: {escape(glob)}", soft_wrap=True)
    console.file.write(text)
    return 0
