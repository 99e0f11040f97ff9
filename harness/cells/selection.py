"""The matrix that a request refers to, and the cells that it selects."""

from __future__ import annotations

import shlex
from collections.abc import Callable

import msgspec

from harness.cells.request import CellRequest
from harness.provide.cpython_commit import cpython_at
from harness.provide.cpython_directory import cpython_from
from harness.provide.sdk_directory import sdk_from
from matrix.errors import Unobtainable
from matrix.expand import Expansion, expand
from matrix.load import load
from matrix.model import Matrix, Sdk
from matrix.resolve import ResolvedCell, resolve
from matrix.select import Selection, select


def matrix_of(request: CellRequest, say: Callable[[str], None] | None = None) -> Matrix:
    """The matrix, extended by the SDKs and source trees that the request names by their paths.

    Raises UsageError for a path that is not a source tree, Unobtainable for one that is not an SDK. With `say`, the
    latter is reported and left out instead, as long as the request has other SDKs.
    """
    matrix = load()
    sdks: list[Sdk] = []
    problems: list[Unobtainable] = []
    for path in request.sdk_paths:
        try:
            sdks.append(sdk_from(path))
        except Unobtainable as exc:
            problems.append(exc)
    if problems and (say is None or not (sdks or request.selection.sdk)):
        raise problems[0]
    for problem in problems:
        assert say is not None
        say(f"left out: {problem}")
    trees = [cpython_from(path) for path in request.cpython_paths]
    trees += [cpython_at(one.directory, one.commit) for one in request.cpython_commits]
    return msgspec.structs.replace(matrix, sdks=(*matrix.sdks, *sdks), cpythons=(*matrix.cpythons, *trees))


def expansion_of(request: CellRequest, matrix: Matrix) -> Expansion:
    """Every cell of the matrix, and every rejected combination."""
    return expand(matrix, known_bad=request.known_bad)


def selection_of(request: CellRequest, matrix: Matrix) -> Selection:
    """The selection, with the SDKs and source trees that were named by their paths."""
    own_sdks = tuple(sdk.id for sdk in matrix.sdks if sdk.directory in request.sdk_paths and sdk.directory)
    trees = {(path, "") for path in request.cpython_paths}
    trees |= {(one.directory, one.commit) for one in request.cpython_commits}
    own_trees = tuple(c.id for c in matrix.cpythons if c.directory and (c.directory, c.commit) in trees)
    return msgspec.structs.replace(
        request.selection,
        sdk=(*request.selection.sdk, *own_sdks),
        cpython=(*request.selection.cpython, *own_trees),
    )


def selected_cells(request: CellRequest, matrix: Matrix) -> tuple[ResolvedCell, ...]:
    """The selected cells, resolved. Raises UsageError when the selection matches no cell."""
    cells = select(expansion_of(request, matrix), selection_of(request, matrix))
    return tuple(resolve(matrix, cell) for cell in cells)


def cell_options(request: CellRequest) -> str:
    """The options that a command needs to find the same cells, as words for a shell."""
    words = ["--known-bad"] if request.known_bad else []
    for option, paths in (("--sdk", request.sdk_paths), ("--cpython", request.cpython_paths)):
        for path in paths:
            words += [option, str(path)]
    for one in request.cpython_commits:
        words += ["--cpython", one.option]
    return shlex.join(words)
