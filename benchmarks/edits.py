"""From an edit to a verdict: edits of a checkout of CPython 3.13 on WASI, one after the other.

The first run has everything to do. Each further one has one more edit, and runs the whole suite as a user would: what
cannot have changed is not run. Some edits break a test, which then shows how soon that is on the screen.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.timing import TOP, prepare
from harness.machine.store import Store
from harness.suite.results import read_results
from matrix.select import Selection

_FAILURE = re.compile(r"^_+ test_\w+ _+$")
"""the line with which the harness begins to show a failure"""


class Edit(NamedTuple):
    """One edit of a tree."""

    what: str
    path: str
    old: str = ""
    """the text that is replaced, once; "" to add at the end of the file, or to make a new one"""
    new: str = ""


EDITS = (
    Edit("nothing", "README.rst"),
    Edit("a leaf of the library", "Lib/csv.py", new="\n# changed\n"),
    Edit("a leaf that more import", "Lib/json/decoder.py", new="\n# changed\n"),
    Edit("a leaf, broken", "Lib/colorsys.py", "ONE_THIRD = 1.0/3.0", "ONE_THIRD = 1.0/3.5"),
    Edit("a test", "Lib/test/test_textwrap.py", new="\n# changed\n"),
    Edit("a helper of tests", "Lib/test/string_tests.py", new="\n# changed\n"),
    Edit("a new module", "Lib/new_module.py", new="new = 1\n"),
    Edit("a hub of the library", "Lib/typing.py", new="\n# changed\n"),
    Edit("a hub that is frozen", "Lib/os.py", new="\n# changed\n"),
    Edit("an extension, a comment", "Modules/_csv.c", new="\n/* changed */\n"),
    Edit("an extension, broken", "Modules/_csv.c", "delimiter, ',')", "delimiter, ';')"),
    Edit("the core", "Objects/dictobject.c", new="\nint changed_by_the_benchmark = 1;\n"),
    Edit("a header", "Include/cpython/dictobject.h", new="\n/* changed */\n"),
)


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one edit."""

    what: str
    modules: int
    """how many ran; the others have the results of earlier runs"""
    failure: float | None
    """seconds until the first failure was on the screen; None without one"""
    verdict: float
    """seconds until the end"""
    red: int
    """modules with something unexpected, as pytest counts them"""


def measure(directory: Path, store: Store, edits: Sequence[Edit] = EDITS) -> list[Measured]:
    """Run the suite of a copy of CPython 3.13.5, then again after each edit."""
    prepared = prepare(Selection(target=("wasi",), cpython=("3.13.5",)), store)
    tree = directory / "checkout"
    shutil.copytree(prepared.source, tree, symlinks=True)
    found = [_run("everything, and the build", tree, directory)]
    for edit in edits:
        file = tree / edit.path
        before = file.read_text() if file.exists() else None
        text = before or ""
        if edit.old and edit.old not in text:
            raise ValueError(f"{edit.path} has no {edit.old!r}")
        file.write_text(text.replace(edit.old, edit.new, 1) if edit.old else text + edit.new)
        found.append(_run(edit.what, tree, directory))
        if edit.old and before is not None:  # what is broken is mended again
            file.write_text(before)
    return found


def _run(what: str, tree: Path, directory: Path) -> Measured:
    out = directory / "runs"
    argv = [
        sys.executable,
        "-u",
        "-m",
        "harness",
        "test",
        "--target",
        "wasi",
        "--cpython",
        str(tree),
        "--out",
        str(out),
    ]
    started = time.monotonic()
    failure = None
    red = 0
    with (directory / "log").open("a") as log:
        process = subprocess.Popen(argv, cwd=TOP, env=dict(os.environ), stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            log.write(line)
            if failure is None and _FAILURE.match(line):
                failure = time.monotonic() - started
            red += line.startswith("FAILED ")
        process.wait()
    verdict = time.monotonic() - started
    (outcomes,) = (out / "latest").glob("cells/*/outcomes.jsonl")
    ran = sum(not result.reused for result in read_results(outcomes).values())
    return Measured(what=what, modules=ran, failure=failure, verdict=verdict, red=red)


def show(found: Sequence[Measured], console: Console) -> None:
    table = Table(box=None)
    for heading in ("edit", "modules run", "red", "first failure", "verdict"):
        table.add_column(heading, justify="left" if heading == "edit" else "right")
    for one in found:
        failure = "" if one.failure is None else f"{one.failure:.1f} s"
        table.add_row(one.what, str(one.modules), str(one.red or ""), failure, f"{one.verdict:.1f} s")
    console.print(table)
