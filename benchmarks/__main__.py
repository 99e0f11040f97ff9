"""The project's benchmarks, for `nox -s bench -- NAME`.

    wasi      the harness against upstream's own run of the suite: outcomes, time, memory (the default)
    node      the harness against one Node process for each test file, two at a time
    verdicts  every test in the suite, with its module, by itself and under upstream's runner: hours
    equality  a cell as root and as an ordinary user, with each umask, TZ and LANG: its outcomes must be equal
    edits     from an edit of a checkout to the verdict of the whole suite; some edits break a test
    flavours  what each further flavour of an Emscripten build costs
    planning  expanding a matrix of 10,000 cells, selecting from it and sharding: time, memory
    judging   reading the list of limitations and judging 500,000 outcomes
    page      the report of 40 cells of 45,000 tests and 365 nights: time, memory, in a browser
    history   a history of ten million outcomes: its size, and how long answers take

Results are kept below reports/out/. Quote the ratios: machines differ and are noisy.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from rich.console import Console

from benchmarks import edits, equality, flavours, history, judging, node, page, planning, verdicts, wasi
from benchmarks.timing import TOP
from harness.machine.store import Store
from matrix import json_records


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ("wasi", "node", "verdicts", "equality", "edits", "flavours", "history", "judging", "page", "planning")
    parser.add_argument("name", nargs="?", choices=names, default="wasi")
    parser.add_argument(
        "--run",
        type=Path,
        default=TOP / "reports/out/latest",
        help="for judging and page: the directory of a run (default: the newest)",
    )
    parser.add_argument("--cpython", default="3.13.5", help="for wasi and verdicts (default: %(default)s)")
    parser.add_argument(
        "--runtime", nargs="+", choices=list(wasi.RUNTIMES), default=list(wasi.RUNTIMES), help="for wasi (default: all)"
    )
    parser.add_argument("--every", type=int, default=1, metavar="N", help="for node: only each Nth module")
    parser.add_argument(
        "--unrepaired", action="store_true", help="for node: build the naive run's CPython without repairs"
    )
    parser.add_argument("--runs", type=int, default=90, help="for history: runs (default: %(default)s)")
    parser.add_argument("--cells", type=int, default=4, help="for history: cells of each run (default: %(default)s)")
    parser.add_argument(
        "--outcomes", type=int, default=10_000_000, help="for history: outcomes of all runs (default: %(default)s)"
    )
    parser.add_argument(
        "--churn", action="store_true", help="for history: no module has the same outcomes twice (the worst case)"
    )
    parser.add_argument(
        "--sample", type=int, default=0, metavar="N", help="for verdicts: N tests by themselves, not all"
    )
    parser.add_argument("--jobs", type=int, default=2, help="for verdicts: guests at once (default: %(default)s)")
    parser.add_argument(
        "--directory",
        type=Path,
        default=verdicts.DIRECTORY,
        help="for verdicts: what to go on with (default: reports/out/verdicts)",
    )
    parser.add_argument(
        "--words",
        nargs=argparse.REMAINDER,
        default=["--target", "wasi"],
        help="for equality, last: what `python -m harness test` runs (default: --target wasi)",
    )
    arguments = parser.parse_args()
    console = Console(highlight=False)
    store = Store()
    directory = TOP / "reports" / "out" / f"bench-{arguments.name}-{time.strftime('%Y%m%d-%H%M%S')}"
    found: object
    if arguments.name == "node":
        found = node.measure(arguments.every, directory, store, repaired=not arguments.unrepaired)
        node.show(found, console)
    elif arguments.name == "verdicts":
        directory = arguments.directory
        found = verdicts.measure(
            arguments.cpython, arguments.sample, directory, store, console.print, jobs=arguments.jobs
        )
        verdicts.show(found, console)
    elif arguments.name == "equality":
        found = equality.measure(arguments.words, equality.HOSTS, directory, store, console.print)
        equality.show(found, console)
    elif arguments.name == "edits":
        directory.mkdir(parents=True)
        found = edits.measure(directory, store)
        edits.show(found, console)
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
