"""Compares the harness on WASI with upstream's own run of the suite, one after the other, on one build.

It compares outcomes case by case; wall time and CPU time of the whole suite with the embedded runtime and with
wasmtime's command; and measures the time to the first test when nothing changed, and the peak memory of the harness's
own processes. Quote the ratios: machines differ and are noisy.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console

from benchmarks.compare import Comparison, compare, seconds_in_tests, show_comparison
from benchmarks.timing import Timing, harness_run, prepare, show_timings
from benchmarks.upstream import Upstream
from harness.cells.prepare import Prepared
from harness.machine.store import Store
from matrix.select import Selection

RUNTIMES = {"embedded": "wasmtime-50.0.1", "cli": "wasmtime-cli-49.0.3"}


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """Results of upstream's run and of the harness."""

    upstream: Timing
    tests_s: float
    """seconds that upstream's tests took themselves: what no way to run them all can save"""
    ours: dict[str, Timing]
    """by runtime: embedded, cli"""
    outcomes: dict[str, Comparison]
    ready_s: float
    """seconds of provisioning and building when nothing changed"""


def measure(cpython: str, runtimes: Sequence[str], directory: Path, store: Store) -> Round:
    """Run one round; the full results are in `directory` afterwards."""
    directory.mkdir(parents=True)

    def cell(runtime: str) -> Prepared:
        return prepare(Selection(target=("wasi",), cpython=(cpython,), runtime=(RUNTIMES[runtime],)), store)

    prepared = {name: cell(name) for name in RUNTIMES}
    started = time.monotonic()
    cell("embedded")
    ready = time.monotonic() - started
    theirs, junit, _ = Upstream(prepared["embedded"], prepared["cli"].runtime.path, directory).test()
    timings: dict[str, Timing] = {}
    outcomes: dict[str, Comparison] = {}
    for name in runtimes:
        timings[name], found = harness_run(prepared[name], directory)
        outcomes[name] = compare([junit], found)
    return Round(upstream=theirs, tests_s=seconds_in_tests(junit), ours=timings, outcomes=outcomes, ready_s=ready)


def show(round_: Round, console: Console) -> None:
    show_timings("upstream", {"upstream": round_.upstream, **round_.ours}, console)
    share = round_.tests_s / round_.upstream.cpu
    console.print(f"upstream's tests themselves: {round_.tests_s:.0f} s, {share:.2f} of its CPU time")
    console.print(f"nothing changed: ready to test after {round_.ready_s:.2f} s")
    for name, found in round_.outcomes.items():
        show_comparison(name, found, console)
