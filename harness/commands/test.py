"""`test`: the main job."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import msgspec
from rich.console import Console

from harness.cells.selection import expansion_of, leaves_out, matrix_of, selected_cells
from harness.cells.wanted import settled
from harness.commands import options
from harness.commands.command import Command
from harness.commands.parser import Parser, path, shard
from harness.commands.pytest_options import add_pytest_options
from harness.commands.regrtest import TEST_NAME, add_regrtest_options, ci_mode, listed_modules, suite_fields
from harness.commands.terminal import preparer_for, say_to
from harness.commands.watching import watched
from harness.machine.store import Store
from harness.provide import tree_files
from harness.runs.one_by_one import print_builds, test_cells
from harness.runs.records import StartedRun, run_directory
from harness.runs.request import RunRequest
from harness.runs.start import check_resumed, locked, new_run, resumable
from harness.runs.worker import CellWorker
from harness.suite.changed import since
from harness.suite.plans import read_seconds
from harness.suite.request import SuiteRequest
from harness.suite.run import left_out_variables
from matrix.errors import Unobtainable, UsageError
from matrix.limitations import Limitations

_PAUSE = 0.5
"""seconds between two looks at a tree"""


def add_options(parser: Parser) -> None:
    parser.add_argument(
        "names", nargs="*", metavar="TEST", help="only these: test_json, test_os.FileTests, test_os.FileTests.test_x"
    )
    options.add_cell_options(parser)
    options.add_build_options(parser)
    parser.add_argument("--shard", type=shard, default=(1, 1), metavar="I/N", help="one part of the suite, such as 2/5")
    parser.add_argument(
        "--module-seconds", type=path, metavar="FILE", help="balance the shards by these durations, which `plan` wrote"
    )
    parser.add_argument(
        "--changed",
        nargs="?",
        const="",
        metavar="REV",
        help="only modules that depend on what differs between the checkout and this commit (default: its upstream)",
    )
    parser.add_argument("--watch", action="store_true", help="run again after each edit of the tree, until Ctrl-C")
    parser.add_argument("--isolate", action="store_true", help="give each module a guest of its own")
    options.add_reuse_options(parser)
    options.add_limit_options(parser)
    parser.add_argument(
        "--resume",
        nargs="?",
        const="latest",
        metavar="RUN",
        help="continue a run that did not finish, as it was asked for (default: the newest)",
    )
    options.add_dry_run(parser)
    options.add_out(parser)
    add_regrtest_options(parser)
    add_pytest_options(parser)


def request_of(known: argparse.Namespace) -> RunRequest:
    """What the parsed options ask for. Raises UsageError for a word that is not the name of a test."""
    mode = ci_mode(known)
    return RunRequest(
        cells=options.cell_request(known),
        options=options.build_options(known),
        limits=options.limits(known, mode.timeout) if mode else options.limits(known),
        suite=SuiteRequest(
            names=listed_modules(known) or test_names(known.names),
            pytest=tuple(known.pytest),
            workers=known.workers,
            isolate=known.isolate,
            reuse=not known.no_reuse,
            again=known.again,
            shard=known.shard,
            changed=known.changed,
            module_seconds=known.module_seconds,
            **suite_fields(known),
        ),
        out=known.out.absolute(),
    )


def test_names(words: Sequence[str]) -> tuple[str, ...]:
    """The words, if they look like names of tests. Raises UsageError."""
    for word in words:
        if not TEST_NAME.match(word):
            raise UsageError(
                f"{word!r} is neither an option nor the name of a test",
                hint="tests are named test_json or test_os.FileTests",
            )
    return tuple(words)


def run(known: argparse.Namespace, console: Console) -> int:
    """Test the selected cells and report, or continue a run; the exit status of its report, or of the last one."""
    request = request_of(known)
    if not known.watch:
        return one_run(known, request, console)
    trees = request.cells.cpython_paths
    if not trees:
        raise UsageError("--watch waits for edits of a tree: there is none", hint="name one with --cpython PATH")
    if known.resume is not None or known.dry_run:
        raise UsageError("--watch starts runs: it goes neither with --resume nor with --dry-run")
    return watched(
        lambda: one_run(known, request, console),
        lambda: [tree_files.times(tree) for tree in trees],
        pause=lambda: time.sleep(_PAUSE),
        say=say_to(console),
    )


def one_run(known: argparse.Namespace, request: RunRequest, console: Console) -> int:
    """One run; its exit status."""
    if known.module_seconds is not None:
        read_seconds(known.module_seconds)  # a mistake in it is said now, and not after the build
    started: StartedRun | None = None
    if known.resume is not None:
        if TEST_NAME.match(known.resume):
            raise UsageError(
                f"--resume {known.resume}: that is a test, not a run",
                hint="put the name of the test first; a resumed run has the tests that it was started with",
            )
        started = resumable(run_directory(request.out, known.resume))
        check_resumed(request, request_of(TEST.parse([])), started)
        request = started.request
    say = say_to(console)
    store = Store()
    store.remove_left_over()
    matrix = matrix_of(request.cells, say)
    expansion = expansion_of(request.cells, matrix)
    if started is None:
        request = msgspec.structs.replace(request, cells=settled(request.cells, matrix, expansion, store, say))
    cells = selected_cells(request.cells, matrix, expansion)
    if request.suite.changed is not None:
        for cell in cells:
            since(cell.build.cpython, request.suite.changed)  # a mistake in it is said now, and not after the build
    preparer = preparer_for(store, request.options, console)
    if known.dry_run:
        return print_builds(cells, preparer, console)
    for name in left_out_variables():
        say(f"${name} is not used: give the options of pytest on the command line")
    if request.suite.randomize:
        say(f"the order of the modules and the tests' random numbers come from --randseed {request.suite.seed}")
    limitations = Limitations.load()
    worker = CellWorker(request, preparer, limitations, store, console)
    run = started or new_run(request, cells)
    with locked(request.out / run.run_id):
        status = test_cells(run, cells, worker, limitations, console)
    return Unobtainable.exit_status if leaves_out(request.cells, matrix) and status in (0, 1) else status


TEST = Command(
    name="test",
    summary="provision, build, run CPython's test suite, judge and report",
    details="""\
All other options are pytest's, which runs the suite with one item per test module: -k, -x, --lf, --durations, -n, -v
and so on (python -m pytest --help). With any of them but -n, no result of an earlier run is reused. Those of regrtest
that have no use here are refused, with what to type instead.""",
    example="test --target wasi test_json\ntest --target wasi --cpython ~/cpython -n 4",
    add_options=add_options,
    run=run,
)
