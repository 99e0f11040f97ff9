"""The user's front door: sessions only. What they do is `python -m harness`; docs/command-line.md."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import nox

sys.path.insert(0, str(Path(__file__).parent))  # nox's own command does not look there
from matrix.errors import MatrixError

if TYPE_CHECKING:
    from matrix.model import Cell

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["test-wasi"]
nox.options.reuse_existing_virtualenvs = True
nox.options.stop_on_first_error = False

PYPROJECT = nox.project.load_toml("pyproject.toml")
REQUIREMENTS = PYPROJECT["project"]["dependencies"]


def install(session: nox.Session, *groups: str) -> None:
    """The harness's own requirements and some groups of pyproject.toml, all at exact versions."""
    session.install("--quiet", *REQUIREMENTS, *nox.project.dependency_groups(PYPROJECT, *groups))


def harness(session: nox.Session, *arguments: str) -> None:
    """Run the harness; what was typed after `--` goes to it."""
    session.run("python", "-m", "harness", *arguments, *session.posargs)


def cells_of_the_matrix() -> Iterable[Cell]:
    """The cells that sessions of their own run; none, which `nox -l` explains, where they cannot be told.

    nox's environment has what nox needs; that msgspec is there, too, is up to who installed it.
    """
    global __doc__
    try:
        from matrix.expand import expand
        from matrix.load import load
        from matrix.select import of_options

        return of_options(expand(load())).cells
    except ImportError as exc:
        __doc__ = f"{__doc__}\n\nCells are not listed: {exc}. `python3 -m pip install msgspec` beside nox shows them."
    except MatrixError as exc:
        __doc__ = f"{__doc__}\n\nCells are not listed: {exc}"
    return ()


def session_of_cell(cell: Cell) -> None:
    """The session `test-TARGET(SDK, CPYTHON, RUNTIME)`, the same as `test-TARGET` with these selectors.

    It is not `test-TARGET` with nox's own parameters, since naming that would then run every cell. All of
    them share the environment of the session `environment`.
    """
    target, parts = cell.build.target.id, (cell.build.sdk.id, cell.build.cpython.id, cell.runtime.id)

    def test(session: nox.Session) -> None:
        programs = session.cache_dir.parent.resolve() / "environment" / "bin"
        session.env["PATH"] = os.pathsep.join([str(programs), os.environ["PATH"]])
        options = [word for pair in zip(("--sdk", "--cpython", "--runtime"), parts, strict=True) for word in pair]
        words = ["-m", "harness", "test", "--target", target, *options]
        session.run(str(programs / "python"), *words, *session.posargs, external=True)

    nox.session(
        name=f"test-{target}({', '.join(parts)})",
        tags=[re.sub(r"\W", "_", part) for part in parts],  # what -k can name: a dash is a minus to it
        venv_backend="none",
        requires=["environment"],
        default=False,
    )(test)


for each in cells_of_the_matrix():
    session_of_cell(each)


@nox.session(default=False)
def environment(session: nox.Session) -> None:
    """What the sessions of single cells share: the harness's requirements."""
    install(session, "browser")


@nox.session(name="test-wasi")
def test_wasi(session: nox.Session) -> None:
    """Provision, build, run CPython's suite on WASI, judge and report."""
    install(session)
    harness(session, "test", "--target", "wasi")


@nox.session(name="test-node")
def test_node(session: nox.Session) -> None:
    """The same for Emscripten, under Node."""
    install(session)
    harness(session, "test", "--target", "node")


@nox.session(name="test-node-dl")
def test_node_dl(session: nox.Session) -> None:
    """The same with dynamic linking."""
    install(session)
    harness(session, "test", "--target", "node-dl")


@nox.session(name="test-node-pthreads")
def test_node_pthreads(session: nox.Session) -> None:
    """The same with threads."""
    install(session)
    harness(session, "test", "--target", "node-pthreads")


@nox.session(name="test-browser")
def test_browser(session: nox.Session) -> None:
    """The same in a real Chromium."""
    install(session, "browser")
    harness(session, "test", "--target", "browser")


@nox.session(name="test-browser-dl")
def test_browser_dl(session: nox.Session) -> None:
    """The same with dynamic linking."""
    install(session, "browser")
    harness(session, "test", "--target", "browser-dl")


@nox.session
def nightly(session: nox.Session) -> None:
    """A named set of cells, their work side by side; goes on where it was when started again."""
    install(session, "browser")
    harness(session, "nightly")


@nox.session
def serve(session: nox.Session) -> None:
    """Serve the browser build's REPL on loopback."""
    install(session)
    harness(session, "serve")


@nox.session
def build(session: nox.Session) -> None:
    """Provision and build only."""
    install(session)
    harness(session, "build")


@nox.session
def cells(session: nox.Session) -> None:
    """List every cell of the matrix and whether it can be had here."""
    install(session)
    harness(session, "cells")


@nox.session
def cache(session: nox.Session) -> None:
    """List what is stored; `-- prune --max-size 20G --older-than 30d` removes what is not in use."""
    install(session)
    harness(session, "cache")


@nox.session
def probe(session: nox.Session) -> None:
    """Which known limitations hold on which cells, shown by a small script for each; `-- no-fork --target wasi`."""
    install(session, "browser")
    harness(session, "probe")


@nox.session
def triage(session: nox.Session) -> None:
    """From a red square into the list and out of it: `-- accept latest`, `-- retire latest`."""
    install(session)
    harness(session, "triage")


@nox.session
def limitations(session: nox.Session) -> None:
    """What is known, also for others to leave out: `-- --target wasi --format regrtest-ignorefile`."""
    install(session)
    harness(session, "limitations")


@nox.session(name="update-pins")
def update_pins(session: nox.Session) -> None:
    """What newer SDKs, CPythons and runtimes there are, as a diff of the pin files; `-- --write` writes them."""
    install(session)
    harness(session, "update-pins")


@nox.session
def diff(session: nox.Session) -> None:
    """What newly fails, newly passes, appeared, vanished or got slower: `-- previous latest`."""
    install(session)
    harness(session, "diff")


@nox.session
def history(session: nox.Session) -> None:
    """One test over time and cells: `-- test_os.FileTests.test_access`."""
    install(session)
    harness(session, "history")


@nox.session
def report(session: nox.Session) -> None:
    """Judge a run again and write its report anew."""
    install(session)
    harness(session, "report")


@nox.session
def tests(session: nox.Session) -> None:
    """This project's own tests: unit tests, then those with real tools."""
    install(session, "tests")
    session.run("python", "-m", "pytest", *(session.posargs or ["tests"]))


@nox.session
def lint(session: nox.Session) -> None:
    """ruff, mypy, and the schema of the workflow."""
    install(session, "tests", "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", ".github/workflows/nightly.yml")


@nox.session
def bench(session: nox.Session) -> None:
    """The project's benchmarks (wasi, node, flavours, page and more): time, memory, outcomes."""
    install(session, "browser")
    session.run("python", "-m", "benchmarks", *session.posargs)
