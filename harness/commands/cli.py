"""The command line: what was asked for, as one frozen record. docs/command-line.md describes it.

What is no option of the harness is pytest's (`-k`, `-x`, `--lf`, `-n`, ...), except for names of tests.
"""

from __future__ import annotations

import argparse
import math
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from harness import TOP
from harness.cells.request import Arguments
from harness.guests.settings import Limits
from matrix.conditions import BuildOption
from matrix.errors import UsageError
from matrix.select import Selection

OUT = TOP / "reports" / "out"
"""where runs are kept, unless `--out` says otherwise"""
_COMMANDS = {
    "test": "provision, build, run, judge and report",
    "build": "provision and build",
    "cells": "list every cell, whether it can be had here, and why not",
    "report": "judge a run's outcomes again and write its report",
    "limitations": "what is known, as Markdown, JSON, or for regrtest and pytest to leave out",
    "probe": "run the probes of the known limitations: what holds on which cell",
    "serve": "build for the browser, and serve the interpreter's REPL on loopback",
}
FORMATS = ("markdown", "json", "regrtest-ignorefile", "pytest-deselect")
"""of `limitations`"""
_WITH_VALUE = frozenset(
    [
        "-k",
        "-m",
        "-n",
        "-p",
        "-o",
        "-W",
        "-r",
        "--maxfail",
        "--durations",
        "--durations-min",
        "--tb",
        "--numprocesses",
        "--override-ini",
        "--color",
        "--verbosity",
        "--show-capture",
        "--log-level",
        "--deselect",
        "--ignore",
        "--maxprocesses",
        "--dist",
        "--rootdir",
        "--basetemp",
        "--junitxml",
        "-c",
    ]
)
"""pytest's options whose value may be the next word"""

T = TypeVar("T")

_TEST_NAME = re.compile(r"^test(_\w+|\.\w+)[\w.]*$")


def parse(argv: Sequence[str], *, out: Path) -> Arguments:
    """Raises UsageError for options and values that do not fit; exits for --help."""
    parser = _parser()
    known, rest = parser.parse_known_args(list(argv))
    if known.open and known.command != "report":
        raise UsageError("--open is for `report`", hint="python -m harness report --open")
    if known.resume is not None and _TEST_NAME.match(known.resume):
        raise UsageError(
            f"--resume {known.resume}: that is a test, and no run", hint="a run is gone on with as it was asked for"
        )
    names: tuple[str, ...] = ()
    for_pytest: tuple[str, ...] = ()
    runs: tuple[str, ...] = ("latest",)
    if known.command == "report":
        runs = _runs_of(rest)
    elif known.command == "probe" and not any(word.startswith("-") for word in rest):
        names = tuple(rest)
    else:
        names, for_pytest = _split(rest)
    if (known.command not in ("test", "probe") and (names or for_pytest)) or (known.command == "probe" and for_pytest):
        what = f"runs no tests: {names[0]!r}" if names else f"has no option {for_pytest[0]!r}"
        raise UsageError(f"`{known.command}` {what}", hint="python -m harness --help")
    sdks, sdk_paths = _paths(known.sdk)
    cpythons, cpython_paths = _paths(known.cpython)
    return Arguments(
        command=known.command,
        selection=Selection(
            target=tuple(known.target or (["browser"] if known.command == "serve" and not known.cell else [])),
            sdk=sdks,
            cpython=cpythons,
            options=tuple(known.options),
            runtime=tuple(known.runtime),
            cell=tuple(known.cell),
        ),
        sdk_paths=sdk_paths,
        cpython_paths=cpython_paths,
        names=names,
        pytest=for_pytest,
        limits=Limits(seconds=known.timeout, memory=known.memory << 20, output=known.output << 20),
        dry_run=known.dry_run,
        isolate=known.isolate,
        reuse=not known.no_reuse,
        again=known.again,
        resume=known.resume,
        open=known.open,
        shard=shard_of(known.shard),
        module_seconds=known.module_seconds,
        runs=runs,
        jobs=known.jobs,
        build_python=known.build_python,
        refresh=known.refresh,
        json=known.json,
        format=known.format,
        known_bad=known.known_bad,
        port=known.port,
        out=known.out or out,
    )


class Parser(argparse.ArgumentParser):
    """argparse's, but mistakes are UsageErrors."""

    def error(self, message: str) -> None:  # type: ignore[override]  # ours raises, too
        raise UsageError(message, hint=f"{self.prog} --help")


def _within(read: Callable[[str], T], fits: Callable[[T], bool], what: str) -> Callable[[str], T]:
    """A type of argparse's for a number that fits; what does not is no `what`."""

    def parse(text: str) -> T:
        try:
            value = read(text)
        except ValueError:
            value = None
        if value is None or not fits(value):
            raise argparse.ArgumentTypeError(f"{text} is no {what}")
        return value

    return parse


positive = _within(int, lambda value: value >= 1, "whole number of 1 or more")
share = _within(float, lambda value: 0.0 <= value <= 1.0, "share between 0 and 1")
_port = _within(int, lambda value: 0 <= value <= 65535, "port number")
_seconds = _within(float, lambda value: math.isfinite(value) and value > 0, "number of seconds above 0")


def shard_of(text: str) -> tuple[int, int]:
    """`2/5` as (2, 5). Raises UsageError for what is none, or out of range."""
    index, _, count = text.partition("/")
    if not (index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count)):
        raise UsageError(f"--shard {text}: there is no such shard", hint="the first of five is 1/5, the last 5/5")
    return int(index), int(count)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m harness",
        description="A test matrix for CPython on WebAssembly.",
        epilog="Other options and names of tests (test_json, test_os.FileTests) go to pytest, which runs the suite.\n"
        "Commands with options of their own (python -m harness COMMAND --help): cache, diff, history, nightly.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = "\n".join(f"{name}: {text}" for name, text in _COMMANDS.items())
    parser.add_argument("command", choices=list(_COMMANDS), metavar="COMMAND", help=commands)
    which = parser.add_argument_group("which cells (several values are alternatives; default: the target's own)")
    which.add_argument("--target", action="append", default=[], metavar="ID")
    which.add_argument(
        "--sdk",
        action="append",
        default=[],
        metavar="VERSION|PATH",
        help="'wasi-sdk>=20', 'wasi-sdk-*', 24, or a directory",
    )
    which.add_argument(
        "--cpython", action="append", default=[], metavar="VERSION|PATH", help="3.13, '>=3.11,<3.14', or a source tree"
    )
    which.add_argument(
        "--runtime", action="append", default=[], metavar="VERSION", help="'wasmtime==50.*', 'wasmtime-cli-*'"
    )
    which.add_argument("--cell", action="append", default=[], metavar="ID", help="exactly this cell")
    which.add_argument("--options", action="append", default=[], metavar="NAME", help="of the build: plain or debug")
    which.add_argument(
        "--debug-build",
        action="append_const",
        dest="options",
        const=BuildOption.DEBUG,
        help="a pydebug build: --options debug",
    )
    which.add_argument("--known-bad", action="store_true", help="also SDKs that are left out for their known bugs")
    making = parser.add_argument_group("provisioning and building")
    making.add_argument("--dry-run", action="store_true", help="print the build's commands and start none of them")
    making.add_argument(
        "--jobs", type=positive, default=os.cpu_count() or 1, metavar="N", help="of make (default: all cores)"
    )
    making.add_argument(
        "--build-python", type=Path, metavar="PATH", help="a native Python of the same X.Y instead of building one"
    )
    making.add_argument("--refresh", action="store_true", help="ask the preferred providers again")
    running = parser.add_argument_group("running")
    running.add_argument("--isolate", action="store_true", help="a guest for each module")
    running.add_argument("--shard", default="1/1", metavar="I/N", help="only this part of the suite, such as 2/5")
    running.add_argument(
        "--module-seconds", type=Path, metavar="FILE", help="what `plan` expects of modules: shards are balanced by it"
    )
    running.add_argument("--no-reuse", action="store_true", help="run also modules for which nothing has changed")
    running.add_argument(
        "--again",
        type=share,
        default=0.0,
        metavar="SHARE",
        help="of the modules for which nothing has changed, run this share all the same, 0 to 1 (default: %(default)s)",
    )
    running.add_argument("--open", action="store_true", help="for `report`: show it in the browser")
    running.add_argument(
        "--resume",
        nargs="?",
        const="latest",
        metavar="RUN",
        help="go on with a run that was ended (default: the newest)",
    )
    running.add_argument(
        "--timeout",
        type=_seconds,
        default=Limits().seconds,
        metavar="SECONDS",
        help="for one test (default: %(default)s)",
    )
    running.add_argument(
        "--memory",
        type=positive,
        default=Limits().memory >> 20,
        metavar="MiB",
        help="of a guest (default: %(default)s)",
    )
    running.add_argument(
        "--output",
        type=positive,
        default=Limits().output >> 20,
        metavar="MiB",
        help="that a guest may print (default: %(default)s)",
    )
    running.add_argument("--out", type=Path, metavar="DIR", help="where runs are kept (default: reports/out)")
    parser.add_argument("--json", action="store_true", help="of `cells`: as JSON")
    parser.add_argument("--format", choices=FORMATS, default=FORMATS[0], help="of `limitations` (default: %(default)s)")
    parser.add_argument(
        "--port", type=_port, default=8000, help="of `serve`: where, on loopback; 0 takes any (default: %(default)s)"
    )
    return parser


def _split(rest: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of tests, and what is pytest's, of the words that are no option of the harness."""
    names: list[str] = []
    for_pytest: list[str] = []
    takes_value = False
    for word in rest:
        if takes_value or word.startswith("-"):
            for_pytest.append(word)
            takes_value = not takes_value and word in _WITH_VALUE
        elif _TEST_NAME.match(word):
            names.append(word)
        elif word != "--":
            raise UsageError(
                f"{word!r} is neither an option nor the name of a test",
                hint="tests are named test_json or test_os.FileTests",
            )
    return tuple(names), tuple(for_pytest)


def _runs_of(rest: Sequence[str]) -> tuple[str, ...]:
    """The runs that `report` is for."""
    if options := [word for word in rest if word.startswith("-")]:
        raise UsageError(f"`report` has no option {options[0]!r}", hint="python -m harness --help")
    return tuple(rest) or ("latest",)


def _paths(values: Sequence[str]) -> tuple[tuple[str, ...], tuple[Path, ...]]:
    """Versions, and those values that are paths."""
    paths = [value for value in values if os.sep in value or value in (".", "..") or value.startswith("~")]
    versions = tuple(value for value in values if value not in paths)
    return versions, tuple(Path(value).expanduser().absolute() for value in paths)


_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str) -> float:
    """`90m`, `6h`, `30s`. Raises UsageError for what is none of these."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if match is None:
        raise UsageError(f"{text!r} is no time", hint="say 90m, 6h or 30s")
    return float(match[1]) * _UNITS[match[2]]
