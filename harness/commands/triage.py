"""`triage`: what a run found that the list of limitations does not say, into the list; what is stale out of it."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape

from harness import records
from harness.cli import Parser, positive
from harness.commands.bisect import AXES, bisect, check
from harness.commands.investigate import explain, rerun, show
from harness.commands.reproduce import minimise, repro
from harness.commands.runs import cell_directory, read_record, read_started, run_directory
from harness.outcome import Status, read_results
from harness.plugin import OUTCOMES
from harness.selection import matrix_of, selected_cells
from harness.store import write_atomically
from matrix import edit
from matrix.errors import UsageError, near
from matrix.limitations import DIRECTORY, CellLimitations, Limitations
from matrix.model import Cell
from reports.summary import CellStatus, Summary
from reports.triage import Proposal, proposals, stale, unused_reasons

OUT = Path(__file__).parents[2] / "reports" / "out"
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
    """Work through what is red: `show` a test, `rerun` it, `accept` it into the list, `retire` what is stale."""
    parser = Parser(prog="python -m harness triage", description=triage.__doc__)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser)
    for name, text in (
        ("accept", "write entries for what failed unexpectedly"),
        ("retire", "take out entries that are stale"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("run", help="a run by its id, or `latest`")
        command.add_argument("tests", nargs="*", help="only these tests, classes or modules")
        command.add_argument("--write", action="store_true", help="write the files; else only the diff is shown")
        command.add_argument("--limitations", type=Path, default=DIRECTORY, help="the directory of the list")
        command.add_argument("--out", type=Path, default=OUT, help="where runs are kept (default: reports/out)")
        if name == "accept":
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
    texts = {path: path.read_text("utf-8") for path in sorted(known.limitations.glob("*.toml"))}
    ask = _asker(console)
    cells = tested_cells(directory, summary)
    if known.command == "accept":
        after = accepted(summary, cells, known.tests, texts, known.limitation, known.reason, ask, console)
    else:
        limitations = Limitations.load(known.limitations)
        of_cells = {name: limitations.for_cell(cell.facts) for name, cell in cells.items()}
        if not known.tests:
            _say_unused(directory, of_cells, console)
        after = retired(summary, known.tests, texts, of_cells, console)
    return _show_or_write(texts, after, known.limitations, known.write, console)


def read_summary(directory: Path) -> Summary:
    """A run's summary.json. Raises UsageError when there is none of this schema."""
    try:
        return records.decode((directory / "summary.json").read_bytes(), Summary)
    except (OSError, msgspec.DecodeError) as exc:
        raise UsageError(f"{directory} has no report: {exc}", hint="`python -m harness report RUN` makes it") from None


Ask = Callable[[str], str]


def _asker(console: Console) -> Ask:
    def ask(question: str) -> str:
        if not sys.stdin.isatty():
            raise UsageError(f"nobody can be asked: {question}", hint="say --limitation and --reason")
        return console.input(f"{question}: ").strip()

    return ask


def tested_cells(directory: Path, summary: Summary) -> dict[str, Cell]:
    """The cells of a run that were tested, by their ids."""
    arguments = read_started(directory).arguments
    tested = {cell.id for cell in summary.cells if cell.status in (CellStatus.OK, CellStatus.UNEXPECTED)}
    return {cell.id: cell for cell in selected_cells(arguments, matrix_of(arguments)) if cell.id in tested}


def accepted(
    summary: Summary,
    cells: dict[str, Cell],
    tests: Sequence[str],
    texts: dict[Path, str],
    limitation: str,
    reason: str,
    ask: Ask,
    console: Console,
) -> dict[Path, str]:
    """The files with an entry for each group of unexpected failures. Raises UsageError when there is none."""
    found = proposals(summary, cells, tests)
    if not found:
        raise UsageError("nothing of that failed unexpectedly", hint=near(" ".join(tests), _names(summary)))
    after = dict(texts)
    for group in found:
        _show(group, console)
        entry = limitation or ask("limitation that explains it")
        path = _file_of(entry, after)
        after[path] = edit.add_tests(
            after[path],
            entry,
            match=group.tests,
            expect=group.expect,
            reason=reason or ask(f"what was seen [{group.detail}]") or group.detail,
            when=group.when,
        )
    return after


def _names(summary: Summary) -> list[str]:
    return [row.test for row in summary.unexpected]


def _show(group: Proposal, console: Console) -> None:
    console.print(f"[bold]{group.expect}[/bold] on {escape(', '.join(group.cells))}", soft_wrap=True)
    for test in group.tests:
        console.print(f"  {escape(test)}", soft_wrap=True)
    console.print(f"  [dim]{escape(group.detail)}[/dim]", soft_wrap=True)


def _file_of(limitation: str, texts: dict[Path, str]) -> Path:
    """The file that has an entry. Raises UsageError, with near misses, when none has."""
    ids = {name: path for path, text in texts.items() for name in edit.entry_ids(text)}
    if limitation not in ids:
        raise UsageError(f"there is no limitation {limitation!r}", hint=near(limitation, ids))
    return ids[limitation]


def retired(
    summary: Summary,
    tests: Sequence[str],
    texts: dict[Path, str],
    limitations: dict[str, CellLimitations],
    console: Console,
) -> dict[Path, str]:
    """The files without what a run found stale wherever it was expected. Raises UsageError when nothing is stale."""
    found = stale(summary, limitations, tests)
    if not found:
        raise UsageError("nothing of that is stale", hint="only a full run says which entries match nothing")
    after = dict(texts)
    for one in found:
        if one.holds:
            key = "seen" if one.skip_reason else "when"
            console.print(f"kept, but narrow its `{key}`: {escape(str(one))}", soft_wrap=True)
            console.print(f"  stale on {escape(', '.join(one.cells))}", soft_wrap=True)
            console.print(f"  holds on {escape(', '.join(one.holds))}", soft_wrap=True)
        else:
            path = _file_of(one.limitation, after)
            if one.skip_reason:
                after[path] = edit.retire_skip_reason(after[path], one.limitation, one.skip_reason)
            else:
                after[path] = edit.retire(after[path], one.limitation, one.match)
            console.print(f"retired: {escape(str(one))}", soft_wrap=True)
    return after


def _say_unused(directory: Path, limitations: Mapping[str, CellLimitations], console: Console) -> None:
    """Name the skip reasons of neutral causes that no full cell of the run has."""
    skips: dict[str, set[str]] = {}
    for name in limitations:
        record = read_record(directory, name)
        if record is not None and record.full:
            results = read_results(cell_directory(directory, name) / OUTCOMES).values()
            found = (one for result in results for one in result.outcomes if one.status is Status.SKIPPED)
            skips[name] = {one.detail for one in found}
    for limitation, pattern in unused_reasons(skips, limitations):
        console.print(
            f"no test gave this reason on {len(skips)} cells: {escape(f'{limitation}: {pattern}')}", soft_wrap=True
        )


def _show_or_write(
    before: dict[Path, str], after: dict[Path, str], directory: Path, write: bool, console: Console
) -> int:
    """Print the difference, and write it if that is wanted and the list can still be read."""
    changed = {path: text for path, text in after.items() if text != before[path]}
    for path, text in changed.items():
        old, new = before[path].splitlines(), text.splitlines()
        for line in difflib.unified_diff(old, new, path.name, path.name, lineterm=""):
            console.print(escape(line), style={"+": "green", "-": "red"}.get(line[:1], ""), soft_wrap=True)
    if write and changed:
        for path, text in changed.items():
            write_atomically(path, text.encode())
        Limitations.load(directory)
        console.print(f"written: {', '.join(path.name for path in changed)}")
    elif changed:
        console.print("not written: --write does")
    return 0
