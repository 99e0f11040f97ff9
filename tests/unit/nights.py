"""Runs to record in a history, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matrix.outcome import ModuleResult, Outcome, Status
from reports import history
from reports.build_facts import BuildFacts
from reports.recorded import RecordedResults, recorded
from reports.summary import CellStatus, CellSummary, CPythonUsed, RuntimeUsed, SdkUsed, Summary
from reports.verdict import Verdict

CELL, OTHER = "wasi_sdk-24_cpython-3.13.5_wasmtime-50", "node_sdk-3_cpython-3.13.5_node-20"


def observed(status: Status = Status.PASSED, test: str = "test.test_a.A.test_one", seconds: float = 0.25) -> Outcome:
    return Outcome(test=test, status=status, duration=seconds)


def module(
    *outcomes: Outcome, name: str = "test_a", digest: str = "d1", reused: str = "", fault: str = ""
) -> ModuleResult:
    return ModuleResult(
        module=name, outcomes=outcomes, duration=1.5, digest=digest, reused=reused, fault=fault, worker="gw0"
    )


def cell_summary(
    cell: str = CELL, status: CellStatus = CellStatus.OK, clang: str = "clang 19", wasm_bytes: int | None = None
) -> CellSummary:
    return CellSummary(
        id=cell,
        target=cell.partition("_")[0],
        sdk=SdkUsed(id="sdk-24", version="24", provider="a directory", detail=clang),
        cpython=CPythonUsed(version="3.13.5", provider="an archive", detail="a detail"),
        runtime=RuntimeUsed(name="wasmtime", version="50", provider="PyPI", detail="a wheel"),
        status=status,
        counts={Status.PASSED: 1},
        verdicts={Verdict.OK: 1},
        build=BuildFacts(wasm_bytes=wasm_bytes),
    )


def summary(run: str, *cells: CellSummary, exit_status: int = 0) -> Summary:
    """The summary of a run. The last two digits of its id are the second at which it started."""
    return Summary(
        run_id=run,
        started=f"2026-01-01T00:00:{run[-2:]}+00:00",
        duration_s=12.5,
        exit_status=exit_status,
        cells=cells or (cell_summary(),),
        unexpected=(),
    )


def record_run(
    path: Path,
    run: str,
    *modules: ModuleResult,
    cells: Sequence[str] = (CELL,),
    whole: bool = True,
    complete: bool = True,
) -> None:
    """Record a run in which each of the cells has the same outcomes."""
    found = results(*modules, whole=whole, complete=complete)
    history.record(path, summary(run, *(cell_summary(cell) for cell in cells)), dict.fromkeys(cells, found))


def results(
    *modules: ModuleResult, whole: bool = True, complete: bool = True, startup: float | None = None
) -> RecordedResults:
    """The results of a cell, to be recorded."""
    found = {one.module: recorded(one) for one in modules}
    return RecordedResults(modules=found, whole=whole, complete=complete, startup=startup)
