"""Planning scales: `nox -s bench -- planning` does all that it times, within its bound of memory.

It is here because it takes some ten seconds: tracing memory slows it down.
"""

from __future__ import annotations

import io

from rich.console import Console

from benchmarks import planning


def test_ten_thousand_cells_are_expanded_and_selected_from_within_memory() -> None:
    found = planning.measure()
    assert found.cells == 10_000
    assert found.peak_mib < 500.0
    counts = dict(name.split(": ") for name in found.seconds)
    assert counts == {
        "expand": "10000",
        "select all": "10000",
        "select ranges": "15",
        "select the default": "1",
        "select ids": "100",
        "resolve all": "10000",
        "plan shards of all": str(10_000 * planning.SHARDS),
        "shard one suite": str(planning.MODULES),
        "write for GitHub": counts["write for GitHub"],
    }
    assert int(counts["write for GitHub"]) > 10_000
    said = io.StringIO()
    planning.show(found, Console(file=said, width=200))
    assert "10000 cells" in said.getvalue()
