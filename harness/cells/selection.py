"""The matrix and the cells that a command line means."""

from __future__ import annotations

import shlex
from collections.abc import Callable

import msgspec

from harness.cells.request import Arguments
from harness.provide.directory import cpython_from, sdk_from
from matrix.errors import Unobtainable
from matrix.expand import Expansion, expand
from matrix.load import load
from matrix.model import Matrix, Sdk
from matrix.resolve import ResolvedCell, resolve
from matrix.select import Selection, select


def matrix_of(arguments: Arguments, say: Callable[[str], None] | None = None) -> Matrix:
    """The matrix, with the SDKs and trees that were named by their paths, which are then selected.

    With `say`, an SDK that is none is said and left out, as long as others were asked for.
    """
    matrix = load()
    sdks: list[Sdk] = []
    problems: list[Unobtainable] = []
    for path in arguments.sdk_paths:
        try:
            sdks.append(sdk_from(path))
        except Unobtainable as exc:
            problems.append(exc)
    if problems and (say is None or not (sdks or arguments.selection.sdk)):
        raise problems[0]
    for problem in problems:
        assert say is not None
        say(f"left out: {problem}")
    return msgspec.structs.replace(
        matrix,
        sdks=(*matrix.sdks, *sdks),
        cpythons=(*matrix.cpythons, *(cpython_from(path) for path in arguments.cpython_paths)),
    )


def expansion_of(arguments: Arguments, matrix: Matrix) -> Expansion:
    """All that the options let the matrix come to."""
    return expand(matrix, known_bad=arguments.known_bad)


def selection_of(arguments: Arguments, matrix: Matrix) -> Selection:
    """What was selected, SDKs and trees that were named by their paths among it."""
    own_sdks = tuple(sdk.id for sdk in matrix.sdks if sdk.directory in arguments.sdk_paths and sdk.directory)
    own_trees = tuple(c.id for c in matrix.cpythons if c.directory in arguments.cpython_paths and c.directory)
    return msgspec.structs.replace(
        arguments.selection,
        sdk=(*arguments.selection.sdk, *own_sdks),
        cpython=(*arguments.selection.cpython, *own_trees),
    )


def selected_cells(arguments: Arguments, matrix: Matrix) -> tuple[ResolvedCell, ...]:
    """The cells to work on. Raises UsageError when there are none."""
    cells = select(expansion_of(arguments, matrix), selection_of(arguments, matrix))
    return tuple(resolve(matrix, cell) for cell in cells)


def cell_options(arguments: Arguments) -> str:
    """The options without which the cells of a run do not exist, as words of a command."""
    words = ["--known-bad"] if arguments.known_bad else []
    for option, paths in (("--sdk", arguments.sdk_paths), ("--cpython", arguments.cpython_paths)):
        for path in paths:
            words += [option, str(path)]
    return shlex.join(words)
