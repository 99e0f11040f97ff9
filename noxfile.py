"""Test CPython on WebAssembly. `nox -s test-wasi` is the main job; what follows `--` goes to `python -m harness`."""

from __future__ import annotations

import logging
import os
import re
import sys
from glob import glob
from pathlib import Path

import nox

if sys.version_info < (3, 11):  # noqa: UP036 - nox itself also runs on older versions
    sys.exit(f"This project needs Python 3.11 or newer, but nox runs on Python {sys.version.split()[0]}.")

sys.path.insert(0, str(Path(__file__).parent))  # the `nox` command does not put the noxfile's folder there
from matrix.errors import ConfigError
from matrix.outline import CellName, plain_cells, usual_cells

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["test-wasi"]
nox.options.reuse_existing_virtualenvs = True
nox.options.stop_on_first_error = False

PYPROJECT = nox.project.load_toml("pyproject.toml")
REQUIREMENTS = PYPROJECT["project"]["dependencies"]
TYPED = {re.sub(r"\s", "", word): word for typed in sys.argv[1:] for word in (typed, typed.removeprefix("--session="))}
"""the words of nox's command line by their spelling without blanks"""


def install(session: nox.Session, *groups: str) -> None:
    """Install the harness's requirements and these groups of pyproject.toml, at the versions pinned there."""
    session.install("--quiet", *REQUIREMENTS, *nox.project.dependency_groups(PYPROJECT, *groups))


def harness(session: nox.Session, *arguments: str) -> None:
    """Run `python -m harness` with these arguments and with what follows `--` on nox's command line."""
    session.run("python", "-m", "harness", *arguments, *session.posargs)


def add_cell_session(cell: CellName) -> None:
    """Add the session `test-TARGET(SDK, CPYTHON, RUNTIME)`, which runs `test-TARGET` with these selectors.

    nox's own parameters would not do: `nox -s test-TARGET` would then run every cell. All these sessions
    share one environment.
    """

    def test(session: nox.Session) -> None:
        programs = session.cache_dir.parent.resolve() / "environment" / "bin"
        session.env["PATH"] = os.pathsep.join([str(programs), os.environ["PATH"]])
        selectors = ["--target", cell.target, "--sdk", cell.sdk, "--cpython", cell.cpython, "--runtime", cell.runtime]
        session.run(str(programs / "python"), "-m", "harness", "test", *selectors, *session.posargs, external=True)

    parts = cell[1:]
    name = f"test-{cell.target}({', '.join(parts)})"
    nox.session(
        name=TYPED.get(re.sub(r"\s", "", name), name),  # also without blanks after the commas
        tags=[re.sub(r"\W", "_", part) for part in parts],  # nox -k reads a dash as a minus
        venv_backend="none",
        requires=["environment"],
        default=False,
    )(test)


try:
    # The cells of the other SDKs and runtimes are thousands, for bisecting: they are sessions when one is typed.
    for each in plain_cells() if any("(" in word for word in TYPED) else usual_cells():
        add_cell_session(each)
except ConfigError as exc:
    logging.getLogger("nox").warning(f"Cells are not listed: {exc}")


@nox.session(default=False)
def environment(session: nox.Session) -> None:
    """Install what the sessions of single cells share."""
    install(session)


@nox.session(name="test-wasi")
def test_wasi(session: nox.Session) -> None:
    """Build CPython for WASI, run its test suite under wasmtime, judge and report."""
    install(session)
    harness(session, "test", "--target", "wasi")


@nox.session(name="test-node")
def test_node(session: nox.Session) -> None:
    """Do the same with Emscripten, under Node."""
    install(session)
    harness(session, "test", "--target", "node")


@nox.session(name="test-node-dl")
def test_node_dl(session: nox.Session) -> None:
    """Do the same with Emscripten and dynamic linking, under Node."""
    install(session)
    harness(session, "test", "--target", "node-dl")


@nox.session(name="test-node-pthreads")
def test_node_pthreads(session: nox.Session) -> None:
    """Do the same with Emscripten and threads, under Node."""
    install(session)
    harness(session, "test", "--target", "node-pthreads")


@nox.session(name="test-browser")
def test_browser(session: nox.Session) -> None:
    """Do the same with Emscripten, in an installed browser."""
    install(session)
    harness(session, "test", "--target", "browser")


@nox.session(name="test-browser-dl")
def test_browser_dl(session: nox.Session) -> None:
    """Do the same with Emscripten and dynamic linking, in an installed browser."""
    install(session)
    harness(session, "test", "--target", "browser-dl")


@nox.session
def nightly(session: nox.Session) -> None:
    """Run a named set of cells side by side; the next call resumes an interrupted run."""
    install(session)
    harness(session, "nightly")


@nox.session
def serve(session: nox.Session) -> None:
    """Build for the browser and serve the interpreter's REPL on loopback."""
    install(session)
    harness(session, "serve")


@nox.session
def build(session: nox.Session) -> None:
    """Provision and build, but run no tests; `-- --dry-run` prints the commands."""
    install(session)
    harness(session, "build")


@nox.session
def cells(session: nox.Session) -> None:
    """List every cell and whether it is available on this machine."""
    install(session)
    harness(session, "cells")


@nox.session
def cache(session: nox.Session) -> None:
    """List what is stored; `-- prune --max-size 20G --older-than 30d` removes what no run uses."""
    install(session)
    harness(session, "cache")


@nox.session
def probe(session: nox.Session) -> None:
    """Run a small script per known limitation to see which cells have it; `-- no-fork --target wasi`."""
    install(session)
    harness(session, "probe")


@nox.session
def triage(session: nox.Session) -> None:
    """Explain an unexpected outcome and update the list of limitations; `-- accept latest`, `-- retire latest`."""
    install(session)
    harness(session, "triage")


@nox.session
def limitations(session: nox.Session) -> None:
    """Print the known limitations, also in other tools' formats; `-- --target wasi --format regrtest-ignorefile`."""
    install(session)
    harness(session, "limitations")


@nox.session(name="update-pins")
def update_pins(session: nox.Session) -> None:
    """Look for newer SDKs, CPythons and runtimes and print a diff; `-- --write` changes the pin files."""
    install(session)
    harness(session, "update-pins")


@nox.session
def diff(session: nox.Session) -> None:
    """Compare two runs: what fails, passes, appeared, vanished or got slower; `-- previous latest`."""
    install(session)
    harness(session, "diff")


@nox.session
def history(session: nox.Session) -> None:
    """Show one test over time and cells; `-- test_os.FileTests.test_access`."""
    install(session)
    harness(session, "history")


@nox.session
def report(session: nox.Session) -> None:
    """Judge a run's outcomes again and rewrite its report."""
    install(session)
    harness(session, "report")


@nox.session(default=False)
def dev(session: nox.Session) -> None:
    """Install all that development needs into .nox/dev, an environment for your shell and your editor."""
    install(session, "lint")
    session.log("ready: source .nox/dev/bin/activate")


@nox.session
def tests(session: nox.Session) -> None:
    """Run this project's own tests; `-- tests/unit -n 2` runs the unit tests only."""
    install(session, "tests")
    # The unit tests first: they tell within half a minute what an hour of builds would tell last. The integration tests
    # of a file share builds and servers; two groups of files run side by side, since configure keeps one core busy.
    integration = ["tests/integration", "-n", "2", "--dist", "loadfile", "--durations", "20"]
    # Trees that differ little are built in many directories, and nobody debugs these builds.
    session.env["CCACHE_NOHASHDIR"] = "1"  # https://ccache.dev/manual/latest.html#config_hash_dir
    for words in [session.posargs] if session.posargs else (["tests/unit", "-n", "2"], integration):
        session.run("python", "-m", "pytest", *words)


@nox.session
def lint(session: nox.Session) -> None:
    """Run ruff and mypy, and check that generated files are current and GitHub's files fit their schemas."""
    install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("python", "-m", "tools.schemas", "--check")
    session.run("python", "-m", "tools.map", "--check")
    config = ".github/ISSUE_TEMPLATE/config.yml"
    for schema, files in {
        "github-workflows": glob(".github/workflows/*.yml"),
        "dependabot": [".github/dependabot.yml"],
        "github-issue-config": [config],
        "github-issue-forms": set(glob(".github/ISSUE_TEMPLATE/*.yml")) - {config},
    }.items():
        session.run("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *sorted(files))


@nox.session
def bench(session: nox.Session) -> None:
    """Run the project's benchmarks; `-- node`, `-- page` and others choose one."""
    install(session, "browser")
    session.run("python", "-m", "benchmarks", *session.posargs)
