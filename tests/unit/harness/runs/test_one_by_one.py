"""The builds of several cells, printed: what cannot be printed does not stop the others."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from harness.build.step import BuildPlan, Step
from harness.cells.prepare import Preparer
from harness.runs.one_by_one import print_builds
from matrix.errors import Unobtainable, UsageError
from matrix.expand import expand
from matrix.resolve import ResolvedCell, resolve
from tests.unit import made


class Planning(Preparer):
    """A preparer that knows the plans of every build but some."""

    def __init__(self, errors: dict[str, Exception]) -> None:
        self.errors = errors
        self.asked: list[str] = []

    def plans(self, cell: ResolvedCell) -> tuple[BuildPlan, ...]:
        self.asked.append(cell.build.id)
        if cell.build.sdk.id in self.errors:
            raise self.errors[cell.build.sdk.id]
        step = Step(name="make", title="make", argv=("make", cell.build.id), cwd=Path("/work"), env={})
        return (BuildPlan(name=cell.build.id, directory=Path("/work"), steps=(step,)),)


@pytest.fixture
def cells() -> Sequence[ResolvedCell]:
    matrix = made.matrix()
    return [resolve(matrix, cell) for cell in expand(matrix).cells if not cell.build.debug]


def printed(cells: Sequence[ResolvedCell], preparer: Preparer) -> tuple[int, str]:
    file = io.StringIO()
    status = print_builds(cells, preparer, Console(file=file, width=200, highlight=False))
    return status, file.getvalue()


def test_every_build_is_printed_once(cells: Sequence[ResolvedCell]) -> None:
    preparer = Planning({})
    status, text = printed(cells, preparer)
    assert status == 0
    builds = {cell.build.id for cell in cells}
    assert len(builds) < len(cells)
    assert sorted(preparer.asked) == sorted(builds)
    assert text.count("mkdir -p /work") == len(builds)
    assert all(text.count(f"make {build}\n") == 1 for build in builds)


def test_a_build_that_cannot_be_printed_is_named_after_the_others(cells: Sequence[ResolvedCell]) -> None:
    status, text = printed(cells, Planning({"wasi-sdk-16": Unobtainable("wasi-sdk-16 is not available here")}))
    assert status == 3
    lost = sorted({cell.build.id for cell in cells if cell.build.sdk.id == "wasi-sdk-16"})
    assert lost
    assert text.index("make wasi_wasi-sdk-24") < text.index("cannot be printed")
    for build in lost:
        assert f"cannot be printed: {build}: wasi-sdk-16 is not available here" in text


def test_a_disk_that_cannot_be_read_is_named_too(cells: Sequence[ResolvedCell]) -> None:
    status, text = printed(cells[:1], Planning({cells[0].build.sdk.id: OSError("no space left")}))
    assert status == 3
    assert "no space left" in text


def test_a_mistake_on_the_command_line_ends_it(cells: Sequence[ResolvedCell]) -> None:
    error = UsageError("--build-python is of another version")
    with pytest.raises(UsageError):
        printed(cells, Planning({cell.build.sdk.id: error for cell in cells}))
