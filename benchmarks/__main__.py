"""The project's benchmarks, for `nox -s bench -- NAME`.

    wasi      upstream's own run of the suite against ours: outcomes, time, memory (the default)
    node      one Node process a test file, two at a time, against ours
    flavours  what each further flavour of an Emscripten build costs
    planning  expanding a matrix of 10,000 cells and selecting from it: time, memory
    judging   reading the list of limitations and judging 500,000 outcomes of a run
    page      the page of 40 cells of 45,000 tests, with 365 nights: time, memory, in a browser
    history   a history of ten million outcomes: its size, and how long it takes to answer

What a round saw is kept below reports/out/. Ratios are what to quote: machines differ and are noisy.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from rich.console import Console

from benchmarks import flavours, history, judging, node, page, planning, wasi
from benchmarks.timing import TOP
from harness.machine.store import Store
from matrix import json_records


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ("wasi", "node", "flavours", "history", "judging", "page", "planning")
    parser.add_argument("name", nargs="?", choices=names, default="wasi")
    parser.add_argument("--run", type=Path, default=TOP / "reports/out/latest", help="of judging and page: a directory")
    parser.add_argument("--cpython", default="3.13.5", help="of wasi (default: %(default)s)")
    parser.add_argument(
        "--runtime", nargs="+", choices=list(wasi.RUNTIMES), default=list(wasi.RUNTIMES), help="of wasi"
    )
    parser.add_argument("--every", type=int, default=1, metavar="N", help="of node: only each Nth module")
    parser.add_argument("--unrepaired", action="store_true", help="of node: the naive run's build has upstream's stack")
    parser.add_argument("--runs", type=int, default=90, help="of history (default: %(default)s)")
    parser.add_argument("--cells", type=int, default=4, help="of each of its runs (default: %(default)s)")
    parser.add_argument("--outcomes", type=int, default=10_000_000, help="of all of them (default: %(default)s)")
    parser.add_argument("--churn", action="store_true", help="no module comes to the same twice: the worst case")
    arguments = parser.parse_args()
    console = Console(highlight=False)
    store = Store()
    directory = TOP / "reports" / "out" / f"bench-{arguments.name}-{time.strftime('%Y%m%d-%H%M%S')}"
    found: object
    if arguments.name == "node":
        found = node.measure(arguments.every, directory, store, repaired=not arguments.unrepaired)
        node.show(found, console)
    elif arguments.name == "flavours":
        found = flavours.measure(directory, store)
        flavours.show(found, console)
    elif arguments.name == "planning":
        found = planning.measure()
        planning.show(found, console)
    elif arguments.name == "judging":
        found = judging.measure(arguments.run, 500_000)
        judging.show(found, console)
    elif arguments.name == "page":
        found = page.measure(arguments.run, directory, cells=40, tests=45_000, runs=365)
        page.show(found, console)
    elif arguments.name == "history":
        found = history.measure(
            directory, runs=arguments.runs, cells=arguments.cells, outcomes=arguments.outcomes, churn=arguments.churn
        )
        history.show(found, console)
    else:
        found = wasi.measure(arguments.cpython, arguments.runtime, directory, store)
        wasi.show(found, console)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "found.json").write_bytes(json_records.indented(found))
    console.print(f"\nin full: {directory}", soft_wrap=True)


if __name__ == "__main__":
    main()
