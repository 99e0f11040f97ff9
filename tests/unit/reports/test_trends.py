from __future__ import annotations

import msgspec

from reports.page import RunPage, run_files
from reports.page.trends import trends
from reports.timelines import Point
from tests.unit.nights import summary


def point(
    run: str,
    cell: str = "cell",
    *,
    tested: bool = True,
    passed: int = 5,
    red: int = 0,
    wasm_bytes: int | None = None,
    startup: float | None = None,
) -> Point:
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
        wasm_bytes=wasm_bytes,
        startup=startup,
    )


def test_each_cell_of_each_run_is_a_row_of_numbers() -> None:
    found = trends([point("run-1"), point("run-1", "other", tested=False), point("run-2", passed=4, red=1)], {})
    assert found.runs == (("run-1", "run-1T00:00:00"), ("run-2", "run-2T00:00:00"))
    assert found.cells == ("cell", "other")
    assert msgspec.json.decode(msgspec.json.encode(found.rows)) == [
        [0, 0, 1, 5, 1, 2, None, 1.5, None, None],
        [0, 1, 0, 5, 1, 2, None, 1.5, None, None],
        [1, 0, 1, 4, 2, 2, None, 1.5, None, None],
    ]


def test_the_size_of_the_module_and_the_start_of_a_guest_are_whole_numbers_or_missing() -> None:
    found = trends(
        [point("run-1"), point("run-2", wasm_bytes=28_345_678, startup=0.1256), point("run-3", startup=0.0)], {}
    )
    assert [(row.wasm_kib, row.startup_ms) for row in found.rows] == [(None, None), (27681, 126), (None, 0)]


def test_the_page_loads_what_is_missing_as_null() -> None:
    """trends.js shows a dash for it, and draws no point."""
    shown = trends([point("run-1"), point("run-2", wasm_bytes=2048, startup=0.5)], {})
    (data,) = (
        file for file in run_files(RunPage(summary=summary("run-2"), trends=shown)) if file.name == "page/figures.js"
    )
    assert b"[0,0,1,5,1,2,null,1.5,null,null],[1,0,1,5,1,2,null,1.5,2,500]" in data.content


def test_a_part_that_changed_is_named_in_the_run_where_it_is_new() -> None:
    """A run that did not test the cell does not count."""
    points = [point("run-1"), point("run-2", tested=False), point("run-3"), point("run-4")]
    old, new = {"sdk": "SDK 24", "runtime": "wasmtime 49"}, {"sdk": "SDK 25", "runtime": "wasmtime 49"}
    used = {("run-1", "cell"): old, ("run-2", "cell"): {}, ("run-3", "cell"): new, ("run-4", "cell"): new}
    assert trends(points, used).parts == ((2, 0, "SDK", "SDK 24", "SDK 25"),)
