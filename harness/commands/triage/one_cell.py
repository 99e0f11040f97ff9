"""What the subcommands share that work in one cell: the options that select and prepare it."""

from __future__ import annotations

import argparse

import msgspec
from rich.console import Console

from harness.cells.prepare import Prepared, PrepareOptions, Preparer
from harness.cells.request import CellRequest
from harness.cells.selection import matrix_of, selected_cells
from harness.commands import options
from harness.commands.parser import Parser
from harness.commands.regrtest import add_guest_words, ci_mode, guest_fields
from harness.commands.terminal import preparer_for
from harness.guests.settings import Limits
from harness.machine.store import Store
from harness.suite.asked import as_asked
from harness.suite.request import SuiteRequest
from matrix.errors import UsageError
from matrix.model import Matrix
from matrix.resolve import ResolvedCell


def add_one_cell_options(parser: Parser) -> None:
    """The name of a test, and the options that `OneCell.read` reads."""
    parser.add_argument("test", metavar="TEST", help="a test, a class or a module")
    options.add_cell_options(parser, default="the default cell of `wasi`")
    options.add_build_options(parser)
    options.add_limit_options(parser)
    add_guest_words(parser)


class OneCell(msgspec.Struct, frozen=True, kw_only=True):
    """The cell that the options select, and how to prepare it."""

    request: CellRequest
    options: PrepareOptions
    limits: Limits
    suite: SuiteRequest
    """with what decides the outcome of a single test"""
    matrix: Matrix
    cell: ResolvedCell

    @classmethod
    def read(cls, known: argparse.Namespace) -> OneCell:
        """Raises UsageError when the options select no cell or several."""
        request = options.cell_request(known, default_target="wasi")
        matrix = matrix_of(request)
        cells = selected_cells(request, matrix)
        if len(cells) > 1:
            names = "".join(f"\n  {cell.id}" for cell in cells)
            raise UsageError(f"one cell is needed, but these are {len(cells)}:{names}", hint="--cell names one")
        return cls(
            request=request,
            options=options.build_options(known),
            limits=options.limits(known, mode.timeout) if (mode := ci_mode(known)) else options.limits(known),
            suite=SuiteRequest(**guest_fields(known)),
            matrix=matrix,
            cell=cells[0],
        )

    def preparer(self, store: Store, console: Console) -> Preparer:
        return preparer_for(store, self.options, console)

    def prepared(self, cell: ResolvedCell, preparer: Preparer) -> Prepared:
        """A cell, ready to run as the options ask for. Raises as `Preparer.prepare` and `as_asked` do."""
        return as_asked(preparer.prepare(cell, self.limits), self.suite)


def prepared_cell(known: argparse.Namespace, store: Store, console: Console) -> Prepared:
    """The selected cell, ready to run. Raises as `OneCell.read` and `Preparer.prepare` do."""
    one = OneCell.read(known)
    return one.prepared(one.cell, one.preparer(store, console))
