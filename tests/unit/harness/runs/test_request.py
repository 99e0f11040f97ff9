"""The options that the command after `again:` needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cells.prepare import PrepareOptions
from harness.cells.request import CellRequest
from harness.guests.settings import Limits
from harness.runs.request import RunRequest


@pytest.mark.parametrize(
    ("cells", "limits", "words"),
    [
        (CellRequest(), Limits(), ""),
        (CellRequest(), Limits(seconds=1.0), "--timeout 1"),
        (
            CellRequest(),
            Limits(seconds=0.5, memory=24 << 20, output=1 << 20, disk=9 << 20),
            "--timeout 0.5 --memory 24 --output 1 --disk 9",
        ),
        (CellRequest(known_bad=True), Limits(memory=24 << 20), "--known-bad --memory 24"),
    ],
)
def test_limits_that_are_not_the_usual_ones_are_repeated(cells: CellRequest, limits: Limits, words: str) -> None:
    request = RunRequest(cells=cells, options=PrepareOptions(jobs=1), limits=limits, out=Path("out"))
    assert request.repeating == words
