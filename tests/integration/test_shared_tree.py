"""The tree that guests share: no guest changes it, and a change by anybody else is noticed and undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.guests.runtimes import confine
from harness.suite.files import SUITE, SuiteFile
from matrix import json_records
from matrix.outcome import Status
from tests.integration.conftest import Harness, outcomes, summary

pytestmark = pytest.mark.integration

WRITING = """
import os, unittest

LIBRARY = os.path.dirname(os.__file__)

class Writing(unittest.TestCase):
    def test_an_existing_file(self):
        with self.assertRaises(PermissionError):
            open(os.path.join(LIBRARY, "this.py"), "a").write("changed = 1")

    def test_a_new_file(self):
        with self.assertRaises(PermissionError):
            open(os.path.join(LIBRARY, "changed.py"), "w")

    def test_a_new_file_beside_the_tests(self):
        with self.assertRaises(PermissionError):
            open(os.path.join(LIBRARY, "test", "changed.py"), "w")

    def test_removing(self):
        with self.assertRaises(PermissionError):
            os.unlink(os.path.join(LIBRARY, "this.py"))

    def test_removing_what_is_not_there(self):
        with self.assertRaises(FileNotFoundError):
            os.unlink(os.path.join(LIBRARY, "no_such_module.pyc"))

    def test_moving(self):
        with self.assertRaises(PermissionError):
            os.replace(os.path.join(LIBRARY, "this.py"), os.path.join(LIBRARY, "that.py"))

    def test_other_directories(self):
        with self.assertRaises(PermissionError):
            open(os.path.join(os.path.dirname(LIBRARY), "Modules", "main.c"), "a").write("changed")
"""


@pytest.fixture
def with_module(broken_tree: Path) -> Iterator[Callable[[str, str], Path]]:
    """Adds a test module to the checkout, for one test."""
    added: list[Path] = []

    def add(name: str, text: str) -> Path:
        path = broken_tree / "Lib/test" / f"{name}.py"
        added.append(path)
        path.write_text(text)
        return path

    yield add
    for path in added:
        path.unlink(missing_ok=True)


@pytest.mark.skipif(confine.version() == 0, reason="this kernel has no Landlock, or has it turned off")
@pytest.mark.parametrize("runtime", ["wasmtime-50.0.1", "wasmtime-36.0.0", "wasmtime-cli-49.0.3"])
def test_no_guest_writes_to_the_library(
    harness: Harness, tmp_path: Path, broken_tree: Path, with_module: Callable[[str, str], Path], runtime: str
) -> None:
    with_module("test_writing", WRITING)
    done = harness("test", "--target", "wasi", "--runtime", runtime, "--cpython", str(broken_tree), "test_writing")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {one.status for one in outcomes(tmp_path).values()} == {Status.PASSED}
    assert len(outcomes(tmp_path)) == WRITING.count("def test_")


OVERWRITING = """
import sys, unittest

class Overwriting(unittest.TestCase):
    def test_the_program(self):
        with open(sys.executable, "r+b") as file:
            file.write(b"changed")
"""


def test_a_changed_program_makes_the_run_red_and_is_made_again(
    harness: Harness, tmp_path: Path, broken_tree: Path, with_module: Callable[[str, str], Path]
) -> None:
    """`python.wasm` of a guest's own root is a hard link, which no access rules protect."""
    with_module("test_overwriting", OVERWRITING)
    words = ("test", "--target", "wasi", "--cpython", str(broken_tree))
    done = harness(*words, "test_overwriting", "test_opcodes")
    assert done.returncode == 1, done.stdout + done.stderr
    details = {red["detail"].partition(" (")[0] for red in summary(tmp_path)["unexpected"]}
    assert len(details) == 1
    assert details.pop().startswith("the tree that guests share changed during the run: cross-build/")
    done = harness(*words, "--no-reuse", "test_opcodes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "made again in the guests' tree, since changed: cross-build/" in done.stdout + done.stderr


def test_a_library_that_was_changed_between_runs_is_made_again(
    harness: Harness, tmp_path: Path, broken_tree: Path
) -> None:
    words = ("test", "--target", "wasi", "--cpython", str(broken_tree), "--no-reuse", "test_opcodes")
    assert harness(*words).returncode == 0
    (suite,) = tmp_path.rglob(SUITE)
    library = json_records.decode(suite.read_bytes(), SuiteFile).settings.tree / "Lib"
    text = (library / "test/test_opcodes.py").read_text()
    (library / "test/test_opcodes.py").write_text("")
    (library / "opcodes.py").touch()
    done = harness(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "since changed: Lib/opcodes.py, Lib/test/test_opcodes.py" in done.stdout + done.stderr
    assert (library / "test/test_opcodes.py").read_text() == text
    assert not (library / "opcodes.py").exists()
