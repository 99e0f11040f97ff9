"""`triage rerun`, `repro` and `minimise`: one test in one cell, many times, by hand, or after other tests."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from harness.commands import options
from harness.commands.command import Command
from harness.commands.parser import Parser, positive
from harness.commands.triage.one_cell import add_one_cell_options, prepared_cell
from harness.machine.command import run_attached
from harness.machine.process import base_environment
from harness.machine.store import Store
from harness.suite.observing import earlier_tests, fails_after, observe
from harness.suite.reproduce import reproduction
from harness.suite.search import fewest
from matrix.errors import UsageError
from matrix.outcome import FAILING_STATUSES


def add_rerun_options(parser: Parser) -> None:
    add_one_cell_options(parser)
    parser.add_argument("--times", type=positive, default=20, metavar="N", help="how often (default: %(default)s)")


def rerun(known: argparse.Namespace, console: Console) -> int:
    """Run one test many times, each time in a new guest. Returns 1 when the outcome was not always the same."""
    store = Store()
    prepared = prepared_cell(known, store, console)
    counts = observe(prepared, known.test, known.times, store)
    if not counts:
        raise UsageError(
            f"no test was run that {known.test!r} names", hint="is it in a class? test_os.FileTests.test_access"
        )
    for (test, status), times in sorted(counts.items()):
        console.print(f"{times:5} of {known.times}  {status:10} {escape(test)}", soft_wrap=True)
    tests = {test for test, _ in counts}
    varied = sorted(test for test in tests if max(n for (name, _), n in counts.items() if name == test) < known.times)
    for test in varied:
        bad = sum(n for (name, status), n in counts.items() if name == test and status in FAILING_STATUSES)
        console.print(f"[yellow]flaky[/yellow]: {escape(test)} failed {bad} of {known.times} times", soft_wrap=True)
    return int(bool(varied))


def add_repro_options(parser: Parser) -> None:
    add_one_cell_options(parser)
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--shell", action="store_true", help="start Python's prompt in such a guest, run no test")
    instead.add_argument(
        "--debugger", action="store_true", help="under gdb (wasmtime's command), or waiting for an inspector (Node)"
    )
    options.add_out(parser)


def repro(known: argparse.Namespace, console: Console) -> int:
    """Print the command line that runs a test with regrtest, and run it on this terminal; its exit status."""
    store = Store()
    prepared = prepared_cell(known, store, console)
    directory = known.out / "reproductions" / f"{known.test}_{prepared.cell.id}"
    command = reproduction(prepared, known.test, directory, shell=known.shell, debugger=known.debugger)
    console.print(command.shown(), markup=False, soft_wrap=True)
    code = run_attached(command.argv, env={**base_environment(), **command.env}, cwd=command.directory)
    return code if 0 <= code <= 255 else 1


def add_minimise_options(parser: Parser) -> None:
    add_one_cell_options(parser)
    parser.add_argument(
        "--after",
        action="append",
        default=[],
        metavar="TEST",
        help="a test that may have to run before it (default: those that its module runs before it)",
    )


def minimise(known: argparse.Namespace, console: Console) -> int:
    """Find the fewest tests or modules that have to run before a test so that it fails.

    Returns 1 when it does not fail after any of them.
    """
    store = Store()
    prepared = prepared_cell(known, store, console)
    test = known.test
    guests = 0

    def fails(before: Sequence[str]) -> bool:
        nonlocal guests
        guests += 1
        found = fails_after(prepared, before, test, store)
        console.print(f"{'fails' if found else 'passes'} after {len(before)}", highlight=False)
        return found

    before = tuple(known.after) or earlier_tests(prepared, test, store)
    if not fails(before):
        console.print(f"it does not fail after {len(before)} others", highlight=False)
        return 1
    found = fewest(before, fails)
    what = "nothing has to run before it" if not found else "it fails after"
    console.print(f"{escape(test)}: {what} ({guests} guests)", soft_wrap=True)
    for name in found:
        console.print(f"  {escape(name)}", soft_wrap=True)
    return 0


RERUN = Command(
    name="triage rerun",
    summary="run a test many times, each time in a new guest, and count the outcomes",
    details="The exit status is 1 when a test did not always have the same outcome.",
    example="triage rerun test_os.FileTests --target wasi --times 50",
    add_options=add_rerun_options,
    run=rerun,
)
REPRO = Command(
    name="triage repro",
    summary="print the command line that runs a test, and run it",
    details="The exit status is the guest's. The guest's files stay in reports/out/reproductions.",
    example="triage repro test_os.FileTests.test_access --sdk 33",
    add_options=add_repro_options,
    run=repro,
)
MINIMISE = Command(
    name="triage minimise",
    summary="find the fewest tests or modules that have to run before a test for it to fail",
    details="The exit status is 1 when it does not fail after any of them.",
    example="triage minimise test_os.FileTests.test_access --after test_json --after test_bool",
    add_options=add_minimise_options,
    run=minimise,
)
