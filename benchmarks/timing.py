"""What the benchmarks share: measuring a command's wall time, CPU time and memory, and running a cell."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import psutil
from rich.console import Console
from rich.table import Table

from harness.build.watcher import Silent
from harness.cells.prepare import Prepared, PrepareOptions, Preparer
from harness.cells.request import CellRequest
from harness.cells.selection import matrix_of, selected_cells
from harness.guests.settings import Limits
from harness.machine.store import Store
from matrix.select import Selection

TOP = Path(__file__).parent.parent


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a command."""

    wall: float
    cpu: float
    harness_peak_mib: float = 0.0
    """peak memory of the harness's own processes together (proportional set size)"""


def is_guest(process: psutil.Process) -> bool:
    """Whether a process runs a guest: wasmtime's command, the script that embeds it, or Node."""
    words = process.cmdline()
    return any(word.endswith(("/wasmtime", "/runtimes/host.py", "/node")) for word in words)


class MemoryWatch:
    """Samples the memory of a process and its descendants, without guests."""

    def __init__(self, pid: int) -> None:
        self.peak = 0.0
        self._process = psutil.Process(pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(1.0):
            total = 0
            try:
                family = [self._process, *self._process.children(recursive=True)]
            except psutil.Error:
                return
            for process in family:
                try:
                    if not is_guest(process):
                        total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self.peak = max(self.peak, total / (1 << 20))

    def stop(self) -> float:
        self._over.set()
        self._thread.join()
        return self.peak


def timed(argv: list[str], *, cwd: Path, env: dict[str, str], log: Path) -> Timing:
    """Run a command, with its output in a file. CPU time includes its children's."""
    before = cpu_seconds()
    started = time.monotonic()
    with log.open("wb") as file:
        process = subprocess.Popen(argv, cwd=cwd, env=env, stdout=file, stderr=subprocess.STDOUT)
        watch = MemoryWatch(process.pid)
        process.wait()
    wall = time.monotonic() - started
    return Timing(wall=wall, cpu=cpu_seconds() - before, harness_peak_mib=watch.stop())


def cpu_seconds() -> float:
    """Seconds of CPU of this process's children that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def prepare(selection: Selection, store: Store, *, checkout: Path | None = None, repaired: bool = True) -> Prepared:
    """Provision and build the one selected cell, or that of a checkout; unless `repaired`, without repairs."""
    request = CellRequest(selection=selection, cpython_paths=(checkout,) if checkout else ())
    matrix = matrix_of(request)
    if not repaired:
        matrix = msgspec.structs.replace(matrix, repairs=())
    (cell,) = selected_cells(request, matrix)
    preparer = Preparer(store, PrepareOptions(jobs=os.cpu_count() or 1), Silent(), print)
    return preparer.prepare(cell, Limits())


def harness_run(prepared: Prepared, directory: Path, modules: Sequence[str] = ()) -> tuple[Timing, Path]:
    """Run a cell with `python -m harness test`. Returns the time, and the path of outcomes.jsonl.

    Without `modules` it runs the whole suite.
    """
    out = directory / prepared.cell.runtime.id
    argv = [sys.executable, "-m", "harness", "test", "--cell", prepared.cell.id, "--out", str(out), "-n", "2"]
    argv += ["--no-reuse", *modules]
    timing = timed(argv, cwd=TOP, env=dict(os.environ), log=directory / f"{prepared.cell.runtime.id}.log")
    (outcomes,) = out.glob("2*/cells/*/outcomes.jsonl")
    return timing, outcomes


def show_timings(base: str, timings: Mapping[str, Timing], console: Console) -> None:
    """Print a table of runs, with each time also as a share of the run called `base`."""
    table = Table(box=None)
    for heading in ("", "wall", f"of {base}", "CPU", f"of {base}", "harness peak"):
        table.add_column(heading, justify="right")
    for name, timing in timings.items():
        table.add_row(
            name,
            f"{timing.wall:.0f} s",
            f"{timing.wall / timings[base].wall:.2f}",
            f"{timing.cpu:.0f} s",
            f"{timing.cpu / timings[base].cpu:.2f}",
            f"{timing.harness_peak_mib:.0f} MiB" if timing.harness_peak_mib else "",
        )
    console.print(table)
