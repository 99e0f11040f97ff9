"""Options that several commands share, declared once, and the requests that are read from them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from harness import TOP
from harness.cells.prepare import PrepareOptions
from harness.cells.request import CellRequest, TreeCommit
from harness.commands.parser import Parser, directory, path, positive, share, timeout
from harness.guests.settings import Limits
from harness.machine import git
from matrix.conditions import BuildOption
from matrix.errors import UsageError
from matrix.select import Selection

OUT = TOP / "reports" / "out"
"""where runs are kept, unless `--out` says otherwise"""

_DEFAULTS = Limits()
_MIB = 20
"""of a shift: 1 MiB is 1 << 20 bytes"""


# --- which cells


def add_cell_options(parser: Parser, default: str = "each target's own defaults") -> None:
    """The options that `cell_request` reads."""
    group = parser.add_argument_group(f"which cells (values of one option are alternatives; default: {default})")
    for option, metavar, text in (
        ("--target", "ID", "such as wasi, node or browser"),
        ("--sdk", "VERSION|PATH", "24, 'wasi-sdk>=20', 'wasi-sdk-*', or a directory"),
        ("--cpython", "VERSION|PATH[@REV]", "3.13, '>=3.11,<3.14', a source tree, or a commit of it"),
        ("--runtime", "VERSION|PATH", "'wasmtime==50.*', 'wazero-*', or the executable of a runtime"),
        ("--cell", "ID", "exactly this cell"),
        ("--options", "NAME", "how to build: plain (the default) or debug"),
    ):
        group.add_argument(option, action="append", default=[], metavar=metavar, help=text)
    group.add_argument(
        "--debug-build",
        action="append_const",
        dest="options",
        const=BuildOption.DEBUG.value,
        help="a pydebug build: --options debug",
    )
    group.add_argument("--known-bad", action="store_true", help="also SDKs that are left out because of known bugs")


def cell_request(known: argparse.Namespace, default_target: str = "") -> CellRequest:
    """The cells that were asked for; of `default_target` when neither a target nor a cell was named.

    Raises UsageError for a revision that a checkout does not have.
    """
    sdks, sdk_paths = _paths(known.sdk)
    runtimes, runtime_paths = _paths(known.runtime)
    at_revisions = {value: found for value in known.cpython if (found := tree_and_revision(value))}
    commits = [
        TreeCommit(directory=tree, name=name, commit=git.commit_of(tree, name)) for tree, name in at_revisions.values()
    ]
    cpythons, cpython_paths = _paths([value for value in known.cpython if value not in at_revisions])
    cpython_paths = tuple(path.resolve() for path in cpython_paths)  # a tree is the same by way of a link
    targets = tuple(known.target)
    if default_target and not (targets or known.cell):
        targets = (default_target,)
    return CellRequest(
        selection=Selection(
            target=targets,
            sdk=sdks,
            cpython=cpythons,
            options=tuple(known.options),
            runtime=runtimes,
            cell=tuple(known.cell),
        ),
        sdk_paths=sdk_paths,
        runtime_paths=runtime_paths,
        cpython_paths=cpython_paths,
        cpython_commits=tuple({(one.directory, one.commit): one for one in commits}.values()),
        known_bad=known.known_bad,
    )


def _paths(values: Sequence[str]) -> tuple[tuple[str, ...], tuple[Path, ...]]:
    """The versions among the values, and the paths."""
    paths = [value for value in values if os.sep in value or value in (".", "..") or value.startswith("~")]
    versions = tuple(value for value in values if value not in paths)
    return versions, tuple(_path(value).absolute() for value in paths)


def _path(value: str) -> Path:
    """A path, `~` expanded. Raises UsageError for what cannot be one."""
    try:
        return path(value)
    except argparse.ArgumentTypeError as exc:
        raise UsageError(str(exc)) from None


def tree_and_revision(value: str) -> tuple[Path, str] | None:
    """The directory and the revision of PATH@REV; None for any other value, such as a path that has an @ in its name.

    PATH may have an @ as well as REV (`HEAD@{1}`): the directory is the longest one that exists.
    """
    if "@" not in value or _path(value).exists():
        return None
    for at in reversed([index for index, character in enumerate(value) if character == "@"]):
        tree = Path(value[:at] or ".").expanduser()
        if at and tree.is_dir():
            return tree.resolve(), value[at + 1 :]
    return None


# --- provisioning and building


def add_build_options(parser: Parser) -> None:
    """The options that `build_options` reads."""
    group = parser.add_argument_group("provisioning and building")
    group.add_argument(
        "--jobs", type=positive, default=os.cpu_count() or 1, metavar="N", help="jobs of make (default: all cores)"
    )
    group.add_argument(
        "--build-python", type=path, metavar="PATH", help="use this native Python of the same X.Y, do not build one"
    )
    group.add_argument("--refresh", action="store_true", help="ask the preferred providers again")


def build_options(known: argparse.Namespace) -> PrepareOptions:
    """How to provision and build; `--no-reuse` counts where a command has it."""
    return PrepareOptions(
        jobs=known.jobs,
        build_python=known.build_python,
        refresh=known.refresh,
        reuse=not getattr(known, "no_reuse", False),
    )


def add_dry_run(parser: Parser) -> None:
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print the commands of each build, run none (SDKs and sources that they name are provisioned)",
    )


# --- running


def add_limit_options(parser: Parser) -> None:
    """The options that `limits` reads."""
    group = parser.add_argument_group("limits of each guest")
    group.add_argument(
        "--timeout", type=timeout, metavar="SECONDS",
        help=f"the longest silence: of one test, or while a module loads (default: {_DEFAULTS.seconds})",
    )  # fmt: skip
    group.add_argument(
        "--memory", type=positive, default=_DEFAULTS.memory >> _MIB, metavar="MiB",
        help="linear memory (default: %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--output", type=positive, default=_DEFAULTS.output >> _MIB, metavar="MiB",
        help="how much it may print (default: %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--disk", type=positive, default=_DEFAULTS.disk >> _MIB, metavar="MiB",
        help="how much its files may take on the disk (default: %(default)s)",
    )  # fmt: skip


def limits(known: argparse.Namespace, seconds: float = _DEFAULTS.seconds) -> Limits:
    """What each guest may use; `seconds` is the longest silence unless `--timeout` says otherwise."""
    seconds = seconds if known.timeout is None else known.timeout
    sizes = {name: getattr(known, name) << _MIB for name in ("memory", "output", "disk")}
    return Limits(seconds=seconds, **sizes)


def add_reuse_options(parser: Parser) -> None:
    """`--no-reuse` and `--again`."""
    parser.add_argument(
        "--no-reuse", action="store_true", help="also run modules for which nothing has changed since an earlier run"
    )
    parser.add_argument(
        "--again",
        type=share,
        default=0.0,
        metavar="SHARE",
        help="run this share of those modules anyway, 0 to 1 (default: %(default)s)",
    )


def add_out(parser: Parser) -> None:
    parser.add_argument(
        "--out", type=directory, default=OUT, metavar="DIR", help="the directory of all runs (default: reports/out)"
    )


# --- a named set of cells


def add_set(parser: Parser) -> None:
    parser.add_argument(
        "--set", default="default", metavar="NAME", help="a set of matrix/data/nightly.toml (default: %(default)s)"
    )


# --- the history


def add_history_options(parser: Parser) -> None:
    """`--cell`, `--json` and `--out` of the commands that read the history."""
    parser.add_argument("--cell", action="append", default=[], metavar="ID", help="only this cell")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_out(parser)
