"""What the README tells a new user to type, run in a copy of the project and a virtual environment with nox alone.

Lines run in bash as they stand. `APPENDED` narrows the ones that would take long.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.checkouts import commit, git
from tests.integration.conftest import REAL_ENVIRONMENT, TOP, real_store

MAIN_JOB = "python3 -m nox -s test-wasi"
APPENDED = {
    MAIN_JOB: "-- test_json",  # the whole suite takes minutes, and its build is the same
    "python3 -m nox -s tests": "-- tests/unit/matrix/test_versions.py",  # this test is one of them
}
"""Words to append to a line of the README, so that it ends within seconds."""

NOT_COPIED = (".git", ".nox", ".venv", "out", "__pycache__", ".*_cache", ".hypothesis")
UNSET = ("NOX", "PYTEST", "PYTHON", "VIRTUAL_ENV")


def lines_below(heading: str) -> list[str]:
    """The lines of the code blocks in the README's section `heading`, in order."""
    section = re.search(rf"(?ms)^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", (TOP / "README.md").read_text("utf-8"))
    assert section, f"README.md has no section {heading!r}"
    found, fenced = [], False
    for line in section[1].splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            found.append(line.strip())
    return found


TWO_COMMANDS = lines_below("Two commands")
EVERYDAY_USE = lines_below("Everyday use")


class User:
    """A user's machine: a copy of the project, a home with a CPython checkout, and a new virtual environment."""

    def __init__(self, directory: Path, home: Path) -> None:
        self.project = directory / "project"
        shutil.copytree(TOP, self.project, ignore=shutil.ignore_patterns(*NOT_COPIED))
        venv = directory / "venv"
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        ours = {str(Path(sys.executable).parent), f"{sys.prefix}/bin"}
        path = [folder for folder in REAL_ENVIRONMENT["PATH"].split(os.pathsep) if folder not in ours]
        cache = Path(REAL_ENVIRONMENT.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        kept = {name: text for name, text in REAL_ENVIRONMENT.items() if not name.startswith(UNSET)}
        self.environment = kept | {
            "PATH": os.pathsep.join([f"{venv}/bin", *path]),
            "HOME": str(home),
            "XDG_CACHE_HOME": str(cache),  # pip's downloads
            "CPYTHON_WASM_CACHE": str(real_store().root),  # the builds of the other integration tests
            "NO_COLOR": "1",
        }

    def types(self, line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", line],
            cwd=self.project,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=1800,
            check=False,
        )

    def succeeds(self, line: str) -> str:
        """Type a line, narrowed as `APPENDED` says, which must end with status 0. Returns its output."""
        ran = self.types(f"{line} {APPENDED.get(line, '')}")
        assert ran.returncode == 0, f"{line}\n{ran.stdout}"
        return ran.stdout


def checked_out(sources: Path, tree: Path) -> Path:
    """A git checkout of these sources, in which nothing has changed since its upstream branch."""
    shutil.copytree(sources, tree, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    git(tree, "init", "--quiet", "--initial-branch=main")
    git(tree, "add", "--all", "--force")  # a release has files that its .gitignore names
    commit(tree)
    git(tree, "branch", "upstream")
    git(tree, "branch", "--set-upstream-to=upstream")
    return tree


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory, broken_tree: Path) -> User:
    """A user who has typed the README's two commands."""
    home = checked_out(broken_tree, tmp_path_factory.mktemp("home") / "cpython").parent
    found = User(tmp_path_factory.mktemp("user"), home)
    assert "No module named nox" in found.types("python3 -m nox --version").stdout
    for line in TWO_COMMANDS:
        found.succeeds(line)
    return found


@pytest.fixture
def user(newcomer: User) -> User:
    """A user whose newest run is the main job's, whatever an earlier test has typed since."""
    newcomer.succeeds(MAIN_JOB)
    return newcomer


def test_the_two_commands_install_nox_and_nothing_else() -> None:
    assert len(TWO_COMMANDS) == 4
    assert set(TWO_COMMANDS) - set(APPENDED) == {"python3 -m pip install nox"}


def test_nox_alone_lists_the_matrix(newcomer: User) -> None:
    assert newcomer.types("python3 -c 'import msgspec'").returncode == 1
    listed = newcomer.succeeds("nox -l").splitlines()
    assert len([line for line in listed if line.startswith("- test-wasi(")]) > 5
    assert not [line for line in listed if "not listed" in line]


def test_a_listed_cell_runs_also_when_its_name_is_typed_without_blanks(newcomer: User) -> None:
    said = newcomer.succeeds('nox -s "test-wasi(wasi-sdk-24,cpython-3.13.5,wasmtime-50.0.1)" -- test_json')
    assert "wasi_wasi-sdk-24_cpython-3.13.5_wasmtime-50.0.1  ok" in said


@pytest.mark.parametrize("line", EVERYDAY_USE, ids=lambda line: line.split(" #")[0].strip())
def test_each_line_of_everyday_use_runs(user: User, line: str) -> None:
    said = user.succeeds(line)
    assert "was successful" in said or line.startswith("nox -l")


def test_everyday_use_has_lines_and_each_is_noxs() -> None:
    assert len(EVERYDAY_USE) > 5
    assert not [line for line in EVERYDAY_USE if not line.startswith("nox ")]
