"""Compares the harness under Node with a naive run: one Node process for each test file.

Both run with the same options, two guests at a time, one run after the other. Either both use the same build, and
outcomes are compared, too; or the naive run uses the build that upstream's own flags make, which hangs where its small
stack overflows. A module of the naive run that exceeds the harness's time limit is ended and named.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
from rich.console import Console

from benchmarks.compare import Comparison, compare, show_comparison
from benchmarks.timing import Timing, cpu_seconds, harness_run, prepare, show_timings
from harness.cells.prepare import Prepared
from harness.machine.guest_process import GuestProcess
from harness.machine.store import Store
from harness.suite.discover import test_modules
from harness.suite.observing import adapter_of, by_hand
from matrix.select import Selection

SELECTION = Selection(target=("node",), sdk=("3.1.69",), cpython=("3.11.2",), runtime=("node-20.18.0",))
AT_ONCE = 2


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """Results of the naive run and of the harness."""

    naive: Timing
    hung: tuple[str, ...]
    without: tuple[str, ...]
    """modules of which the naive run left no JUnit file"""
    ours: Timing
    outcomes: Comparison | None
    """None when the two runs used different builds"""


def run_module(prepared: Prepared, module: str, junit: Path, store: Store) -> bool:
    """Run `node python.js -m test MODULE`, with its JUnit file at `junit`. Returns whether it ended in time."""
    # Not with the code that the harness keeps: each guest compiles the module.
    settings = msgspec.structs.replace(prepared.settings, compiled=prepared.settings.wasm)
    with store.scratch("naive") as directory:
        written = directory / "work" / "junit.xml"
        regrtest = ("-m", "test", "-u", ",".join(settings.resources), f"--junit-xml={written}", module)
        command = by_hand(settings, adapter_of(prepared), directory, regrtest)
        guest = GuestProcess(command.argv, env=command.env, cwd=directory / "work", output_limit=settings.limits.output)
        ended = guest.wait(settings.limits.seconds) is not None
        guest.kill()
        if written.is_file():
            junit.write_bytes(written.read_bytes())
        return ended


def naive_run(
    prepared: Prepared, modules: Sequence[str], directory: Path, store: Store
) -> tuple[Timing, dict[str, bool]]:
    """Run one process for each module. Returns the time, and for each module whether it ended in time."""
    before, started = cpu_seconds(), time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = pool.map(lambda name: run_module(prepared, name, directory / f"{name}.xml", store), modules)
        found = dict(zip(modules, ended, strict=True))
    return Timing(wall=time.monotonic() - started, cpu=cpu_seconds() - before), found


def measure(every: int, directory: Path, store: Store, *, repaired: bool = True) -> Round:
    """Run one round with each `every`-th module; the full results are in `directory` afterwards.

    Unless `repaired`, the naive run uses a build without the matrix's repairs.
    """
    junit = directory / "naive"
    junit.mkdir(parents=True)
    prepared = prepare(SELECTION, store)
    theirs = prepare(SELECTION, store, repaired=repaired)
    modules = test_modules(prepared.source)[::every]
    ours, outcomes = harness_run(prepared, directory, modules)
    naive, ended = naive_run(theirs, modules, junit, store)
    without = tuple(module for module in ended if not (junit / f"{module}.xml").is_file())
    return Round(
        naive=naive,
        hung=tuple(module for module, over in ended.items() if not over),
        without=without,
        ours=ours,
        outcomes=compare(sorted(junit.glob("*.xml")), outcomes, without) if repaired else None,
    )


def show(round_: Round, console: Console) -> None:
    show_timings("naive", {"naive": round_.naive, "ours": round_.ours}, console)
    console.print(f"naive run: hung: {', '.join(round_.hung) or 'none'}", soft_wrap=True)
    console.print(f"naive run: no JUnit file: {', '.join(round_.without) or 'none'}", soft_wrap=True)
    if round_.outcomes is not None:
        show_comparison("ours", round_.outcomes, console)
