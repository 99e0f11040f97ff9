"""`cells`: every cell of the matrix, and whether its parts are available here."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.cells.selection import expansion_of, matrix_of, selection_of
from harness.commands import options
from harness.commands.command import Command
from harness.commands.parser import Parser
from harness.machine.store import Store
from harness.provide.items import items_of
from harness.provide.obtain import Availability, availability
from harness.provide.provider import Provider
from matrix import json_records
from matrix.expand import Expansion
from matrix.model import Cell, Matrix
from matrix.resolve import resolve
from matrix.select import Selection, listed


def add_options(parser: Parser) -> None:
    options.add_cell_options(parser, default="every plain cell")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(known: argparse.Namespace, console: Console) -> int:
    """List the cells with their parts: from which provider each is available here, or why it is not."""
    request = options.cell_request(known)
    matrix = matrix_of(request)
    store = Store()
    expansion = listed(expansion_of(request, matrix), selection_of(request, matrix))
    if not request.selection.cell:
        expansion = usual(expansion, matrix, request.selection)
    cells = [resolve(matrix, cell) for cell in expansion.cells]
    items: dict[str, list[Provider]] = {}
    needs = {cell.id: items_of(cell, store) for cell in cells}
    for wanted in needs.values():
        items |= {item: providers() for item, providers in wanted.items() if item not in items}
    with ThreadPoolExecutor(8) as pool:
        found = dict(zip(items, pool.map(lambda item: availability(item, items[item], store), items), strict=True))
    if known.json:
        _cells_json(needs, expansion, found, console)
        return 0
    parts = Table(box=None, pad_edge=False)
    for heading in ("item", "from", "what, or why not"):
        parts.add_column(heading, overflow="fold")
    for item, state in found.items():
        why = state.detail if state.provider else "; ".join(state.reasons)
        parts.add_row(escape(item), f"[green]{state.provider}" if state.provider else "[red]not here", escape(why))
    console.print(parts)
    console.print()
    rows = Table(box=None, pad_edge=False)
    for heading in ("cell", "here", "known"):
        rows.add_column(heading, overflow="fold")
    for cell in cells:
        missing = [item for item in needs[cell.id] if found[item].provider is None]
        remarks = []
        if failure := cell.expected_failure:
            remarks.append(f"does not build: {failure.reason}")
        if rule := cell.allowance:
            remarks.append(f"allowed to fail: {rule.reason}")
        here = f"[red]no {escape(', '.join(missing))}" if missing else "[green]yes"
        rows.add_row(escape(cell.id), here, escape("; ".join(remarks)))
    console.print(rows)
    _show_rejected(expansion, console)
    steps = {
        "sdk": ("SDKs", len(matrix.sdks) - len(matrix.usual_sdks)),
        "runtime": ("runtimes", len(matrix.runtimes) - len(matrix.usual_runtimes)),
    }
    for axis, (what, others) in steps.items():
        if others:
            console.print(f"\n{others} more {what} are pinned, for bisecting: see `--{axis} '*'`, or {axis}s.toml")
    return 0


def usual(expansion: Expansion, matrix: Matrix, selection: Selection) -> Expansion:
    """The combinations of the usual SDKs and runtimes, unless the selection names others.

    Each release of some is pinned, which makes thousands.
    """
    sdks = {sdk.id for sdk in (matrix.sdks if selection.sdk else matrix.usual_sdks)}
    runtimes = {runtime.id for runtime in (matrix.runtimes if selection.runtime else matrix.usual_runtimes)}

    def chosen(cell: Cell) -> bool:
        return cell.build.sdk.id in sdks and cell.runtime.id in runtimes

    return Expansion(
        cells=tuple(cell for cell in expansion.cells if chosen(cell)),
        rejected=tuple(one for one in expansion.rejected if chosen(one.cell)),
    )


def _show_rejected(expansion: Expansion, console: Console) -> None:
    """The combinations that are not made, by their reasons."""
    by_reason: dict[tuple[str, str], list[str]] = {}
    for rejected in expansion.rejected:
        by_reason.setdefault((rejected.reason, rejected.reference), []).append(rejected.cell.id)
    for (reason, reference), ids in by_reason.items():
        console.print(
            f"\nnot made: {escape(reason)}" + (f" [{escape(reference)}]" if reference else ""), soft_wrap=True
        )
        for name in ids:
            console.print(f"  {escape(name)}", soft_wrap=True)


def _cells_json(
    needs: Mapping[str, Iterable[str]], expansion: Expansion, found: dict[str, Availability], console: Console
) -> None:
    document = {
        "cells": [
            {"id": cell, "available": all(found[item].provider for item in items),
             "items": {item: found[item] for item in items}}
            for cell, items in needs.items()
        ],
        "rejected": [{"id": r.cell.id, "reason": r.reason, "reference": r.reference} for r in expansion.rejected],
    }  # fmt: skip
    console.file.write(json_records.indented(document).decode())


CELLS = Command(
    name="cells",
    summary="list every cell, whether it can run here, and why not",
    example="cells --target wasi --sdk '*'",
    add_options=add_options,
    run=run,
)
