"""The matrix that a request refers to, and the cells that it selects."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from harness.cells.request import CellRequest
from harness.provide.cpython_commit import cpython_at
from harness.provide.cpython_directory import cpython_from
from harness.provide.runtime_command import runtimes_from
from harness.provide.sdk_directory import sdk_from
from matrix.errors import Unobtainable, UsageError
from matrix.expand import Expansion, expand
from matrix.load import load
from matrix.model import Matrix
from matrix.resolve import ResolvedCell, resolve
from matrix.select import Selection, select


def matrix_of(request: CellRequest, say: Callable[[str], None] | None = None) -> Matrix:
    """The matrix, extended by the SDKs, runtimes and source trees that the request names by their paths.

    Raises UsageError for a path that is not a source tree, Unobtainable for one that is not an SDK or not a runtime.
    With `say`, the latter is reported and left out instead, as long as the request has other SDKs or runtimes.
    """
    matrix = load()
    chosen = request.selection
    sdks = _each(request.sdk_paths, lambda path: (sdk_from(path),), others=bool(chosen.sdk), say=say)
    runtimes = _each(
        request.runtime_paths, lambda path: runtimes_from(path, matrix.runtimes), others=bool(chosen.runtime), say=say
    )
    if twice := [id_ for id_, times in Counter(runtime.id for runtime in runtimes).items() if times > 1]:
        raise UsageError(f"two of the executables are both {twice[0]}", hint="rename one: its name is part of the id")
    trees = [cpython_from(path) for path in request.cpython_paths]
    trees += [cpython_at(one.directory, one.commit) for one in request.cpython_commits]
    return msgspec.structs.replace(
        matrix,
        sdks=(*matrix.sdks, *sdks),
        cpythons=(*matrix.cpythons, *trees),
        runtimes=(*matrix.runtimes, *runtimes),
    )


Row = TypeVar("Row")


def _each(
    paths: Sequence[Path],
    rows_from: Callable[[Path], tuple[Row, ...]],
    *,
    others: bool,
    say: Callable[[str], None] | None,
) -> list[Row]:
    """The rows of some paths. `others` is whether the request has more values of the axis. Raises Unobtainable."""
    rows: list[Row] = []
    problems: list[Unobtainable] = []
    for path in paths:
        try:
            rows += rows_from(path)
        except Unobtainable as exc:
            problems.append(exc)
    if problems and (say is None or not (rows or others)):
        raise problems[0]
    for problem in problems:
        assert say is not None
        say(f"left out: {problem}")
    return rows


def leaves_out(request: CellRequest, matrix: Matrix) -> bool:
    """Whether a path that the request names is neither an SDK nor a runtime, and so has no cell in the matrix."""
    there = {sdk.directory for sdk in matrix.sdks} | {runtime.executable for runtime in matrix.runtimes}
    return not there.issuperset((*request.sdk_paths, *request.runtime_paths))


def expansion_of(request: CellRequest, matrix: Matrix) -> Expansion:
    """Every cell of the matrix, and every rejected combination."""
    return expand(matrix, known_bad=request.known_bad)


def selection_of(request: CellRequest, matrix: Matrix) -> Selection:
    """The selection, with the SDKs, runtimes and source trees that were named by their paths."""
    own_sdks = tuple(sdk.id for sdk in matrix.sdks if sdk.directory in request.sdk_paths and sdk.directory)
    own_runtimes = tuple(
        row.id for row in matrix.runtimes if row.executable in request.runtime_paths and row.executable
    )
    trees = {(path, "") for path in request.cpython_paths}
    trees |= {(one.directory, one.commit) for one in request.cpython_commits}
    own_trees = tuple(c.id for c in matrix.cpythons if c.directory and (c.directory, c.commit) in trees)
    return msgspec.structs.replace(
        request.selection,
        sdk=(*request.selection.sdk, *own_sdks),
        cpython=(*request.selection.cpython, *own_trees),
        runtime=(*request.selection.runtime, *own_runtimes),
    )


def selected_cells(
    request: CellRequest, matrix: Matrix, expansion: Expansion | None = None
) -> tuple[ResolvedCell, ...]:
    """The selected cells, resolved. Raises UsageError when the selection matches no cell.

    `expansion` is `expansion_of` the request, or of the one from which it was settled, where that is there already.
    """
    cells = select(expansion or expansion_of(request, matrix), selection_of(request, matrix))
    return tuple(resolve(matrix, cell) for cell in cells)


def cell_options(request: CellRequest) -> str:
    """The options that a command needs to find the same cells, as words for a shell."""
    words = ["--known-bad"] if request.known_bad else []
    for option, paths in (
        ("--sdk", request.sdk_paths),
        ("--runtime", request.runtime_paths),
        ("--cpython", request.cpython_paths),
    ):
        for path in paths:
            words += [option, str(path)]
    for one in request.cpython_commits:
        words += ["--cpython", one.option]
    return shlex.join(words)
