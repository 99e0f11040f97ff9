"""`update-pins`: newer SDKs, CPythons and runtimes, as a diff of the pin files."""

from __future__ import annotations

import argparse
import difflib
import shutil
import tempfile
from pathlib import Path

from rich.console import Console

from harness.commands.command import Command
from harness.commands.parser import Parser, directory
from harness.machine.files import write_atomically
from harness.machine.store import Store
from harness.provide.newer.ask import NewerVersions
from matrix import load, pins
from matrix.errors import Unobtainable
from matrix.files import CPythonsFile, PortsFile, RuntimesFile, SdksFile


def add_options(parser: Parser) -> None:
    parser.add_argument("--write", action="store_true", help="write the pin files (default: only show the diff)")
    parser.add_argument(
        "--data", type=directory, default=load.DATA, metavar="DIR", help="the directory of the pin files (matrix/data)"
    )


def run(known: argparse.Namespace, console: Console) -> int:
    """Ask the sources, print what is new as a diff, and write it with `--write`.

    Returns 0, or 3 when a source could not be asked: what the others offer is still shown.
    """
    directory: Path = known.data
    matrix = load.load(directory)
    newer = NewerVersions(load.load_sources(directory), Store(), lambda message: console.print(message, soft_wrap=True))
    found: dict[str, pins.Table] = {
        "sdks.toml": SdksFile(sdk=newer.sdks(matrix.sdks)),
        "cpythons.toml": CPythonsFile(cpython=newer.cpythons(matrix.cpythons)),
        "runtimes.toml": RuntimesFile(runtime=newer.runtimes(load.load_runtimes(directory))),
        "ports.toml": PortsFile(port=matrix.ports, library=matrix.libraries),
    }
    changed = {}
    for name, rows in found.items():
        path = directory / name
        before = path.read_text("utf-8")
        after = pins.dump(rows, pins.heading_of(before))
        if after != before:
            changed[path] = after
            lines = difflib.unified_diff(before.splitlines(), after.splitlines(), str(path), str(path), lineterm="")
            for line in lines:
                console.print(line, markup=False, soft_wrap=True, style=_STYLES.get(line[:1], ""))
    _check(directory, changed)
    for failure in newer.failures:
        console.print(f"not asked: {failure}", style="yellow", markup=False, soft_wrap=True)
    if not changed:
        console.print("nothing newer" if not newer.failures else "nothing newer where it could be asked")
    elif known.write:
        for path, text in changed.items():
            write_atomically(path, text.encode())
        console.print(f"written: {', '.join(path.name for path in changed)}")
    else:
        console.print("not written: --write does")
    return Unobtainable.exit_status if newer.failures else 0


_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def _check(directory: Path, changed: dict[Path, str]) -> None:
    """Load the matrix with the changed files. Raises ConfigError when they do not fit it."""
    with tempfile.TemporaryDirectory(prefix="pins-") as place:
        copy = Path(shutil.copytree(directory, Path(place) / "data"))
        for path, text in changed.items():
            (copy / path.name).write_text(text, "utf-8")
        load.load(copy)


UPDATE_PINS = Command(
    name="update-pins",
    summary="look for newer SDKs, CPythons and runtimes, and show or write the pin files",
    details="""\
It only adds rows, so that whatever names one stays valid, and lets composed SDKs follow the distribution's archive.""",
    example="update-pins --write",
    add_options=add_options,
    run=run,
)
