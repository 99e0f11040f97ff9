from __future__ import annotations

import msgspec

from reports.page.trends import trends
from reports.timelines import Point


def point(run: str, cell: str = "cell", *, tested: bool = True, passed: int = 5, red: int = 0) -> Point:
    return Point(
        run=run,
        started=f"{run}T00:00:00",
        cell=cell,
        status="ok",
        tested=tested,
        counts={"passed": passed},
        verdicts={"regression": red, "stale": 1, "known": 2},
        unattributed=None,
        durations={"test": 1.5},
    )


def test_each_cell_of_each_run_is_a_row_of_numbers() -> None:
    found = trends([point("run-1"), point("run-1", "other", tested=False), point("run-2", passed=4, red=1)], {})
    assert found.runs == (("run-1", "run-1T00:00:00"), ("run-2", "run-2T00:00:00"))
    assert found.cells == ("cell", "other")
    assert msgspec.json.decode(msgspec.json.encode(found.rows)) == [
        [0, 0, 1, 5, 1, 2, None, 1.5],
        [0, 1, 0, 5, 1, 2, None, 1.5],
        [1, 0, 1, 4, 2, 2, None, 1.5],
    ]


def test_a_part_that_changed_is_named_in_the_run_where_it_is_new() -> None:
    """A run that did not test the cell does not count."""
    points = [point("run-1"), point("run-2", tested=False), point("run-3"), point("run-4")]
    old, new = {"sdk": "SDK 24", "runtime": "wasmtime 49"}, {"sdk": "SDK 25", "runtime": "wasmtime 49"}
    used = {("run-1", "cell"): old, ("run-2", "cell"): {}, ("run-3", "cell"): new, ("run-4", "cell"): new}
    assert trends(points, used).parts == ((2, 0, "SDK", "SDK 24", "SDK 25"),)
