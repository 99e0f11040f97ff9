"""From an edit to a verdict: edits of a checkout of CPython 3.13 on WASI, one after the other.

The first run has everything to do. Each further one has one more edit, and runs the whole suite as a user would: what
cannot have changed is not run. Some edits break a test, which then shows how soon that is on the screen.

Beside it stands upstream's `make && make test`: make is run after each edit, `make test` after those that break
something. It runs everything each time, so the others are given the mean of these.
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
from benchmarks.upstream import Upstream, failed_after
from benchmarks.wasi import RUNTIMES
from harness.machine.store import Store
from harness.suite.results import read_results
from matrix import json_records
from matrix.select import Selection

_FAILURE = re.compile(r"^_+ test_\w+ _+$")
"""the line with which the harness begins to show a failure"""
_MADE = "make python.wasm: done"


class Edit(NamedTuple):
    """One edit of a tree."""

    what: str
    path: str
    old: str = ""
    """the text that is replaced, once; "" to add at the end of the file, or to make a new one"""
    new: str = ""
    breaks: str = ""
    """the test module that fails then"""
    options: tuple[str, ...] = ()
    """of the harness's command"""


_CODE = "\n_changed = 1\n"
_COMMENT = "\n# changed\n"
EDITS = (
    Edit("nothing", "LICENSE"),
    Edit("a leaf of the library", "Lib/csv.py", new=_CODE),
    Edit("a leaf that more import", "Lib/json/decoder.py", new=_CODE),
    Edit(
        "a function of it",
        "Lib/json/decoder.py",
        "        end = _w(s, end).end()\n        if end",
        "        end = 0 + _w(s, end).end()\n        if end",
    ),
    Edit("a comment in it", "Lib/json/decoder.py", new=_COMMENT),
    Edit("a leaf, broken", "Lib/colorsys.py", "ONE_THIRD = 1.0/3.0", "ONE_THIRD = 1.0/3.5", "test_colorsys"),
    Edit("a test", "Lib/test/test_textwrap.py", new=_CODE),
    Edit("a helper of tests", "Lib/test/string_tests.py", new=_CODE),
    Edit("a new module", "Lib/new_module.py", new="new = 1\n"),
    Edit("a hub of the library", "Lib/typing.py", new=_CODE),
    Edit("a function of it", "Lib/typing.py", "None):\n        return {}\n", "None):\n        return dict()\n"),
    Edit("a hub that is frozen", "Lib/os.py", new=_CODE),
    Edit("the same, --no-reuse", "Lib/os.py", new="\n_changed_again = 1\n", options=("--no-reuse",)),
    Edit("a comment in it", "Lib/os.py", new=_COMMENT),
    Edit("an extension, a comment", "Modules/_csv.c", new="\n/* changed */\n"),
    Edit("an extension, broken", "Modules/_csv.c", "delimiter, ',')", "delimiter, ';')", "test_csv"),
    Edit("the core", "Objects/dictobject.c", "PERTURB_SHIFT 5", "PERTURB_SHIFT 6"),
    Edit("a header, a comment", "Include/cpython/dictobject.h", new="\n/* changed */\n"),
)


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one edit. Times are seconds since the start of the command."""

    what: str
    modules: int
    """how many ran; the others have the results of earlier runs"""
    made: float | None = None
    """until the new python.wasm was there; None when nothing was made"""
    failure: float | None = None
    """until the first failure was on the screen; None without one"""
    verdict: float
    """until the end"""
    red: int
    """modules with something unexpected, as pytest counts them"""
    upstream_make: float | None = None
    upstream_failure: float | None = None
    """until regrtest's line that the module failed, make included"""
    upstream_verdict: float | None = None
    """of make and `make test`"""


def measure(directory: Path, store: Store, edits: Sequence[Edit] = EDITS) -> list[Measured]:
    """Run the suite of a copy of CPython 3.13.5, then again after each edit.

    What was measured is in `directory / "edits.jsonl"` at once: it takes most of an hour.
    """
    prepared = prepare(Selection(target=("wasi",), cpython=("3.13.5",)), store)
    cli = prepare(Selection(target=("wasi",), cpython=("3.13.5",), runtime=(RUNTIMES["cli"],)), store).runtime.path
    with store.scratch("edits") as scratch:
        tree = scratch / "checkout"
        shutil.copytree(prepared.source, tree, symlinks=True)
        return _measure(tree, cli, directory, store, edits)


def _measure(tree: Path, cli: Path, directory: Path, store: Store, edits: Sequence[Edit]) -> list[Measured]:
    # Upstream works in one copy of the checkout, and the harness, since the checkout is another one then, in its own.
    other = prepare(Selection(target=("wasi",)), store, checkout=tree)
    upstream = Upstream(other, cli, directory)
    seen = other.settings.tree  # its guests see copies of the library's files
    _apply(Edit("", "README.rst", new="\n"), tree / "README.rst")
    _run("", tree, directory)  # the build, and everything for the first time
    everything = _kept(_run("everything", tree, directory, "--no-reuse"), directory)
    found = []
    for edit in edits:
        before = [_apply(edit, top / edit.path) for top in (tree, other.source)]
        one = _run(edit.what, tree, directory, *edit.options)
        found.append(_kept(msgspec.structs.replace(one, upstream_make=upstream.make().wall), directory))
        if edit.breaks:
            for top, text in zip((tree, other.source), before, strict=True):
                (top / edit.path).write_text(text)
    return [*_with_upstream(found, edits, (other.source, seen), upstream), everything]


def _kept(one: Measured, directory: Path) -> Measured:
    with (directory / "edits.jsonl").open("ab") as file:
        file.write(json_records.encode(one) + b"\n")
    return one


def _apply(edit: Edit, file: Path) -> str:
    """Edit a file. Returns what was in it."""
    text = file.read_text() if file.exists() else ""
    if edit.old not in text:
        raise ValueError(f"{edit.path} has no {edit.old!r}")
    file.unlink(missing_ok=True)  # it may be a hard link
    for byte_code in file.parent.glob(f"__pycache__/{file.stem}.*"):  # which may be trusted whatever the source is
        byte_code.unlink()
    file.write_text(text.replace(edit.old, edit.new, 1) if edit.old else text + edit.new)
    return text


def _with_upstream(
    found: list[Measured], edits: Sequence[Edit], trees: Sequence[Path], upstream: Upstream
) -> list[Measured]:
    """What was found, with upstream's times; `trees` are that of make and that of its guests."""
    failures: dict[str, float] = {}
    suites: list[float] = []
    for edit in (edit for edit in edits if edit.breaks):
        files = [tree / edit.path for tree in trees if (tree / edit.path).exists()]
        before = [_apply(edit, file) for file in files]
        made = upstream.make().wall
        timing, _, log = upstream.test()
        for file, text in zip(files, before, strict=True):
            file.write_text(text)
        suites.append(timing.wall)
        if (failed := failed_after(log.read_text(errors="replace"), edit.breaks)) is not None:
            failures[edit.what] = made + failed
    if not suites:
        return found
    suite = sum(suites) / len(suites)
    return [
        one
        if one.upstream_make is None
        else msgspec.structs.replace(
            one, upstream_failure=failures.get(one.what), upstream_verdict=one.upstream_make + suite
        )
        for one in found
    ]


def _run(what: str, tree: Path, directory: Path, *options: str) -> Measured:
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
        *options,
    ]
    started = time.monotonic()
    made = failure = None
    red = 0
    with (directory / "log").open("a") as log:
        process = subprocess.Popen(argv, cwd=TOP, env=dict(os.environ), stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            log.write(line)
            if _MADE in line:
                made = time.monotonic() - started
            if failure is None and _FAILURE.match(line):
                failure = time.monotonic() - started
            red += line.startswith("FAILED ")
        process.wait()
    verdict = time.monotonic() - started
    (outcomes,) = (out / "latest").glob("cells/*/outcomes.jsonl")
    ran = sum(not result.reused for result in read_results(outcomes).values())
    return Measured(what=what, modules=ran, made=made, failure=failure, verdict=verdict, red=red)


def show(found: Sequence[Measured], console: Console) -> None:
    table = Table(box=None)
    headings = ("edit", "modules", "red", "made", "failure", "verdict", "upstream: made", "failure", "verdict")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "edit" else "right", no_wrap=True)
    for one in found:
        ours = map(_seconds, (one.made, one.failure, one.verdict))
        theirs = map(_seconds, (one.upstream_make, one.upstream_failure, one.upstream_verdict))
        table.add_row(one.what, str(one.modules), str(one.red or ""), *ours, *theirs)
    console.width = max(console.width, 120)  # the table is for a file, too
    console.print(table)


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f} s"
