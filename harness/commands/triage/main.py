"""`triage`: the commands that lead from a red square to its cause, and into the list of limitations."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from harness.commands.cli import OUT, Parser, positive
from harness.commands.triage.bisect import AXES, bisect, check
from harness.commands.triage.investigate import explain, rerun, show
from harness.commands.triage.reproduce import minimise, repro
from harness.commands.triage.revise import Found, accept, queue, read_summary, retire, tested_cells
from harness.runs.records import run_directory
from matrix.errors import UsageError
from matrix.limitations import DIRECTORY

ON_THE_LIST: dict[str, tuple[str, Callable[[argparse.Namespace, Found, Console], int]]] = {
    "queue": ("the reasons of skipped tests that no limitation explains", queue),
    "accept": ("write entries for what failed unexpectedly, or for skips that nothing explains", accept),
    "retire": ("take out entries that are stale", retire),
}
ON_ONE_CELL: dict[str, tuple[str, Callable[[argparse.Namespace, Console], int]]] = {
    "rerun": ("run a test many times, each in a guest of its own: how often it comes to what", rerun),
    "repro": ("print the command line that runs a test, and run it", repro),
    "bisect": ("name the first version of an axis at which a test comes to something else", bisect),
    "check": ("run a test once: exit status 0 for good, 1 for bad, 125 for neither, as git bisect wants it", check),
    "minimise": ("find the fewest tests or modules that have to run before a test so that it fails", minimise),
}


def _of_rerun(command: argparse.ArgumentParser) -> None:
    command.add_argument("--times", type=positive, default=20, metavar="N", help="default: %(default)s")


def _of_repro(command: argparse.ArgumentParser) -> None:
    what = command.add_mutually_exclusive_group()
    what.add_argument("--shell", action="store_true", help="Python's prompt in such a guest, and no test")
    what.add_argument(
        "--debugger", action="store_true", help="under gdb (wasmtime's command), or waiting for an inspector (Node)"
    )


def _of_bisect(command: argparse.ArgumentParser) -> None:
    command.add_argument("--axis", choices=AXES, required=True, help="what to go through; the cell says all else")
    command.add_argument("--first", default="", metavar="VERSION", help="where to begin (default: the oldest)")
    command.add_argument("--last", default="", metavar="VERSION", help="where to end (default: the newest)")


def _of_minimise(command: argparse.ArgumentParser) -> None:
    text = "one that may have to run before it (default: what its module runs before it)"
    command.add_argument("--after", action="append", default=[], metavar="TEST", help=text)


_OPTIONS = {"rerun": _of_rerun, "repro": _of_repro, "bisect": _of_bisect, "minimise": _of_minimise}


def triage(argv: Sequence[str], console: Console) -> int:
    """Work through what is red: `show` a test, `rerun` it, `accept` it into the list, `retire` what is stale there."""
    parser = Parser(prog="python -m harness triage", description=triage.__doc__)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser)
    for name, (text, _) in ON_THE_LIST.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("run", help="a run by its id, or `latest`")
        command.add_argument("tests", nargs="*", help="only these tests, classes or modules")
        command.add_argument("--limitations", type=Path, default=DIRECTORY, help="the directory of the list")
        command.add_argument("--out", type=Path, default=OUT, help="where runs are kept (default: reports/out)")
        if name != "queue":
            command.add_argument("--write", action="store_true", help="write the files; else only the diff is shown")
        if name == "accept":
            command.add_argument("--skips", action="store_true", help="skips that nothing explains, and no failures")
            command.add_argument("--limitation", default="", help="the entry that explains them (else it is asked for)")
            command.add_argument("--reason", default="", help="what was seen (else it is asked for)")
    for name, text in (
        ("show", "one test over the cells of a run: outcome, since when, what parts those where it fails"),
        ("explain", "the text of an issue about a test that fails: versions, commands, output"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("test", help="such as test_os.FileTests.test_access")
        command.add_argument("--run", default="latest", help="its id (default: the newest)")
        command.add_argument("--out", type=Path, default=OUT, help="where runs are kept (default: reports/out)")
    for name, (text, _) in ON_ONE_CELL.items():
        command = commands.add_parser(
            name, help=text, description=text, allow_abbrev=False, epilog="The cell: as `test` selects it."
        )
        command.add_argument("test", help="a test, a class or a module")
        command.add_argument("--out", type=Path, default=OUT, help="where runs are kept (default: reports/out)")
        _OPTIONS.get(name, lambda _: None)(command)
    known, which = parser.parse_known_args(list(argv))
    known.which = which
    if known.command in ON_ONE_CELL:
        return ON_ONE_CELL[known.command][1](known, console)
    if which:
        raise UsageError(f"`triage {known.command}` has no option {which[0]!r}", hint=f"{parser.prog} --help")
    directory = run_directory(known.out, known.run)
    summary = read_summary(directory)
    if known.command == "show":
        return show(directory, tested_cells(directory, summary), known, console)
    if known.command == "explain":
        return explain(directory, tested_cells(directory, summary), summary, known, console)
    return ON_THE_LIST[known.command][1](known, Found(directory, summary, known.limitations), console)
