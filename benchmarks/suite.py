"""The project's benchmark: upstream's own run of the suite against ours, one after the other.

    python -m benchmarks.suite [--cpython 3.13.5] [--rounds 1] [--runtime embedded cli]

For one build: outcomes compared case by case, wall time and CPU time of the whole suite with the embedded
runtime and with the CLI relative to upstream's, the time to the first test when nothing changed, and the
peak memory of the harness's own processes. Ratios are what to quote: machines differ and are noisy.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import msgspec
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.compare import Comparison, compare
from harness import records
from harness.build import Silent
from harness.prepare import Options, Prepared, Preparer
from harness.store import Store
from harness.suite import Limits
from matrix.expand import expand
from matrix.load import load
from matrix.select import Selection, select

TOP = Path(__file__).parent.parent
RUNTIMES = {"embedded": "wasmtime-50.0.1", "cli": "wasmtime-cli-49.0.3"}


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a command."""

    wall: float
    cpu: float
    harness_peak_mib: float = 0.0
    """the most memory that the harness's own processes had together (proportional set size)"""


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """Upstream's run and ours."""

    upstream: Timing
    ours: dict[str, Timing]
    """by runtime: embedded, cli"""
    outcomes: dict[str, Comparison]
    ready_s: float
    """seconds that provisioning and building take when nothing changed"""


def is_guest(process: psutil.Process) -> bool:
    """Whether a process runs a guest: wasmtime's command, or the script that embeds it."""
    words = process.cmdline()
    return any(word.endswith(("/wasmtime", "/runtimes/host.py")) for word in words)


class MemoryWatch:
    """Samples the memory of this process's descendants, guests left out."""

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
    """Run a command with its output in a file; CPU time is its own and its children's."""
    before = os.times()
    started = time.monotonic()
    with log.open("wb") as file:
        process = subprocess.Popen(argv, cwd=cwd, env=env, stdout=file, stderr=subprocess.STDOUT)
        watch = MemoryWatch(process.pid)
        process.wait()
    wall = time.monotonic() - started
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Timing(wall=wall, cpu=cpu, harness_peak_mib=watch.stop())


def prepare(cpython: str, runtime: str, store: Store) -> Prepared:
    matrix = load()
    selection = Selection(target=("wasi",), cpython=(cpython,), runtime=(runtime,))
    (cell,) = select(expand(matrix), selection)
    preparer = Preparer(matrix, store, Options(jobs=os.cpu_count() or 1), Silent(), print)
    return preparer.prepare(cell, Limits())


def upstream(prepared: Prepared, cli: Path, directory: Path) -> tuple[Timing, Path]:
    """Upstream's `make test` in the build directory, with wasmtime's CLI; the make itself is not counted."""
    build = prepared.settings.wasm.parent
    with tempfile.TemporaryDirectory() as path:
        (Path(path) / "wasmtime").symlink_to(cli)
        env = dict(os.environ) | {"PATH": f"{path}{os.pathsep}{os.environ['PATH']}"}
        nothing_to_make = timed(["make", "-s", "all"], cwd=build, env=env, log=directory / "make.log")
        junit = directory / "upstream.xml"
        argv = ["make", "-s", "test", f"TESTOPTS=-j2 --junit-xml={junit}"]
        whole = timed(argv, cwd=build, env=env, log=directory / "upstream.log")
    return Timing(wall=whole.wall - nothing_to_make.wall, cpu=whole.cpu - nothing_to_make.cpu), junit


def ours(prepared: Prepared, directory: Path) -> tuple[Timing, Path]:
    """The harness's run of a cell, with all that it does around the suite."""
    out = directory / prepared.cell.runtime.id
    argv = [sys.executable, "-m", "harness", "test", "--cell", prepared.cell.id, "--out", str(out), "-n", "2"]
    timing = timed(argv, cwd=TOP, env=dict(os.environ), log=directory / f"{prepared.cell.runtime.id}.log")
    (outcomes,) = out.glob("2*/cells/*/outcomes.jsonl")
    return timing, outcomes


def one_round(arguments: argparse.Namespace, directory: Path, store: Store) -> Round:
    directory.mkdir(parents=True)
    cli = prepare(arguments.cpython, RUNTIMES["cli"], store)
    embedded = prepare(arguments.cpython, RUNTIMES["embedded"], store)
    started = time.monotonic()
    prepare(arguments.cpython, RUNTIMES["embedded"], store)
    ready = time.monotonic() - started
    theirs, junit = upstream(embedded, cli.runtime.path, directory)
    timings: dict[str, Timing] = {}
    outcomes: dict[str, Comparison] = {}
    for name, prepared in (("embedded", embedded), ("cli", cli)):
        if name in arguments.runtime:
            timings[name], found = ours(prepared, directory)
            outcomes[name] = compare(junit, found)
    return Round(upstream=theirs, ours=timings, outcomes=outcomes, ready_s=ready)


def show(round_: Round, console: Console) -> None:
    table = Table(box=None)
    for heading in ("", "wall", "of upstream's", "CPU", "of upstream's", "harness peak"):
        table.add_column(heading, justify="right")
    for name, timing in {"upstream": round_.upstream, **round_.ours}.items():
        table.add_row(
            name,
            f"{timing.wall:.0f} s",
            f"{timing.wall / round_.upstream.wall:.2f}",
            f"{timing.cpu:.0f} s",
            f"{timing.cpu / round_.upstream.cpu:.2f}",
            f"{timing.harness_peak_mib:.0f} MiB",
        )
    console.print(table)
    console.print(f"nothing changed: ready to test after {round_.ready_s:.2f} s")
    for name, found in round_.outcomes.items():
        console.print(f"\n{name}: {found.ours} outcomes, upstream {found.upstream}, equal {found.equal}")
        for why, tests in found.explained.items():
            console.print(f"  {len(tests)} differ because {why}")
        for line in found.unexplained:
            console.print(f"  unexplained: {line}", markup=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cpython", default="3.13.5")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--runtime", nargs="+", choices=list(RUNTIMES), default=list(RUNTIMES))
    arguments = parser.parse_args()
    console = Console(highlight=False)
    store = Store()
    top = TOP / "reports" / "out" / f"bench-{time.strftime('%Y%m%d-%H%M%S')}"
    for number in range(arguments.rounds):
        found = one_round(arguments, top / str(number), store)
        (top / str(number) / "round.json").write_bytes(records.indented(found))
        show(found, console)
    console.print(f"\nin full: {top}")


if __name__ == "__main__":
    main()
