"""The SDK and the Node that a CPython asks for: the default where the user named none.

A tree from 3.15 on says it in Platforms/*/config.toml, the series in matrix/data for the others. What is not available
here is replaced by the nearest version that is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec
from packaging.version import Version

from harness.build.tree import PIN_FILES, Pins, pins_of
from harness.cells.request import CellRequest
from harness.cells.selection import selection_of
from harness.machine import git
from harness.machine.store import Store
from harness.provide.items import sdk_providers
from matrix.errors import Unobtainable
from matrix.expand import Expansion
from matrix.model import Build, Cell, Matrix, RuntimeKind, Sdk, Series
from matrix.resolve import ResolvedCell, resolve
from matrix.select import Selection, narrow
from matrix.versions import Requirement


def settled(
    request: CellRequest, matrix: Matrix, expansion: Expansion, store: Store, say: Callable[[str], None]
) -> CellRequest:
    """The request with its cells named one by one where a CPython asks for an SDK or a Node that nobody named.

    So a run that is judged later has the same cells, whatever is available then. `expansion` is `expansion_of` the
    request. Raises UsageError and Unobtainable as selecting cells does.
    """
    selection = selection_of(request, matrix)
    if selection.cell or (selection.sdk and selection.runtime):
        return request
    open_axes = msgspec.structs.replace(
        selection,
        sdk=selection.sdk or tuple(sdk.id for sdk in matrix.sdks),
        runtime=selection.runtime or tuple(runtime.id for runtime in matrix.runtimes),
    )
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in narrow(expansion, open_axes).cells:
        groups.setdefault((cell.build.target.id, cell.build.cpython.id), []).append(cell)
    chosen: list[Cell] = []
    asked = False
    for cells in groups.values():
        pins = wanted(resolve(matrix, cells[0]))
        asked = asked or bool(pins.sdk or pins.node)
        if not selection.sdk:
            cells = _of_sdk(cells, pins.sdk, store, say)
        if not selection.runtime:
            cells = _of_runtime(cells, pins.node)
        chosen += cells
    if not asked or not chosen:
        return request
    return msgspec.structs.replace(request, selection=Selection(cell=tuple(cell.id for cell in chosen)))


def wanted(cell: ResolvedCell) -> Pins:
    """What a cell's CPython asks for: what its tree says, else what its series says."""
    return completed(_pins(cell.build), cell.series)


def _pins(build: Build) -> Pins:
    tree, commit = build.cpython.directory, build.cpython.commit
    if tree is None:
        return Pins()
    if not commit:
        return pins_of(tree, build.sdk.family)
    with tempfile.TemporaryDirectory() as place:
        for name in PIN_FILES:
            if (text := git.content(tree, commit, name)) is not None:
                path = Path(place) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
        try:
            return pins_of(Path(place), build.sdk.family)
        except Unobtainable as exc:
            raise Unobtainable(exc.message.replace(place, f"{tree}@{commit[:10]}"), hint=exc.hint) from None


def completed(pins: Pins, series: Series) -> Pins:
    """Pins of a tree, with those of its series where the tree says nothing."""
    return msgspec.structs.replace(pins, sdk=pins.sdk or series.sdk, node=pins.node or series.node)


def is_version(version: str, asked: str) -> bool:
    """Whether a version is the one that was asked for, such as 24.19.0 for `24`."""
    return Requirement.parse(asked).matches("", version)


def _of_sdk(cells: Sequence[Cell], asked: str, store: Store, say: Callable[[str], None]) -> list[Cell]:
    """The cells with the SDK that is asked for, or with the nearest one that is available."""
    sdks = {cell.build.sdk.id: cell.build.sdk for cell in cells}
    if not asked:
        default = cells[0].build.target.defaults.sdk
        return [cell for cell in cells if cell.build.sdk.id == default]
    order = nearest_first(asked, sdks.values())
    sdk = next((each for each in order if _is_available(each, store)), order[0])
    if not is_version(sdk.version, asked):
        say(
            f"{cells[0].build.cpython.id} asks for {sdk.family} {asked}: {sdk.id} is the nearest that is available here"
        )
    return [cell for cell in cells if cell.build.sdk.id == sdk.id]


def nearest_first(asked: str, sdks: Iterable[Sdk]) -> list[Sdk]:
    """SDKs by their distance from a version: those from it on, oldest first, then the older ones, newest first."""
    rows = sorted(sdks, key=lambda sdk: Version(sdk.version))
    older = [sdk for sdk in rows if Version(sdk.version) < Version(asked)]
    return [sdk for sdk in rows if sdk not in older] + older[::-1]


def _is_available(sdk: Sdk, store: Store) -> bool:
    providers = sdk_providers(sdk)
    return any(each.cached(store) is not None for each in providers) or any(
        each.obstacle(store) is None for each in providers
    )


def _of_runtime(cells: Sequence[Cell], node: str) -> list[Cell]:
    """The cells with the Node that is asked for, if there is one, else with the target's default runtime."""
    fitting = [c for c in cells if c.runtime.kind is RuntimeKind.NODE and node and is_version(c.runtime.version, node)]
    default = cells[0].build.target.defaults.runtime if cells else ""
    return fitting or [cell for cell in cells if cell.runtime.id == default]
