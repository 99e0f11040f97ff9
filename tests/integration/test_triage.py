"""Triage of single tests in real guests: by hand, between versions, after other tests."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import REAL_ENVIRONMENT, TOP

ORDERED = """
import unittest
seen = set()

class Order(unittest.TestCase):
    def test_a(self): seen.add("a")
    def test_b(self): unittest.left_behind = True
    def test_c(self): seen.add("c")
    def test_d(self): pass
    def test_e(self): self.assertNotEqual(seen, {"a", "c"})
    def test_f(self): pass
"""
LATER = """
import unittest

class Later(unittest.TestCase):
    def test_it(self): self.assertFalse(hasattr(unittest, "left_behind"))
"""


def triage(tmp_path: Path, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """`python -m harness triage`; what `repro` leaves behind is below `tmp_path`."""
    out = ["--out", str(tmp_path / "out")] if words[0] == "repro" else []
    return subprocess.run(
        [sys.executable, "-m", "harness", "triage", *words, *out],
        cwd=TOP,
        env=REAL_ENVIRONMENT,
        input=typed,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )


@pytest.mark.parametrize("target", ["wasi", "node"])
def test_the_command_line_that_is_printed_runs_the_test_by_hand(tmp_path: Path, target: str) -> None:
    words = ("-u", "cpu", "--randseed", "5", "--fail-env-changed")
    done = triage(tmp_path, "repro", "test_bool.BoolTest.test_repr", "--target", target, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("cd "))
    assert " -u cpu --fail-env-changed --randseed 5 " in line.replace('","', " ")  # the words are JSON for the library
    again = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=900, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    for output in (done.stdout + done.stderr, again.stdout + again.stderr):
        assert "test_repr (test.test_bool.BoolTest" in output
        assert "Ran 1 test" in output


def test_a_shell_is_pythons_prompt_in_a_guest(tmp_path: Path) -> None:
    line = triage(tmp_path, "repro", "test_bool", "--shell").stdout.splitlines()[0]
    typed = "import sys; print(sys.platform)\n"
    done = subprocess.run(["sh", "-c", line], input=typed, capture_output=True, text=True, timeout=900, check=False)
    assert done.stdout == "wasi\n", done.stderr


@pytest.fixture
def gdb() -> str:
    found = shutil.which("gdb")
    if found is None:
        reason = "there is no gdb on PATH (on Debian: apt-get install gdb)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.mark.usefixtures("gdb")
def test_a_debugger_stops_in_the_guests_functions_and_shows_their_source(tmp_path: Path) -> None:
    typed = "set breakpoint pending on\nbreak PyDict_New\nrun\nbacktrace 2\nkill\nquit\n"
    words = ("test_bool.BoolTest.test_repr", "--runtime", "wasmtime-cli-*", "--debugger")
    done = triage(tmp_path, "repro", *words, typed=typed)
    assert re.search(r"#0  PyDict_New \(\)\s+at \S*Objects/dictobject\.c:\d+", done.stdout), done.stdout + done.stderr
    assert re.search(r"#1  0x[0-9a-f]+ in _Py\w+ \(.*\)\s+at \S+\.c:\d+", done.stdout)


def test_node_waits_for_a_debugger(tmp_path: Path) -> None:
    words = ("repro", "test_bool", "--target", "node", "--debugger", "--out", str(tmp_path / "out"))
    command = [sys.executable, "-m", "harness", "triage", *words]
    with subprocess.Popen(
        command, cwd=TOP, env=REAL_ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        listening = next((line for line in process.stdout if "Debugger listening" in line), "")
        process.send_signal(signal.SIGTERM)
    assert "ws://127.0.0.1:" in listening


def test_an_embedded_runtime_has_no_debugger(tmp_path: Path) -> None:
    done = triage(tmp_path, "repro", "test_bool", "--debugger")
    assert done.returncode == 2
    assert "--runtime wasmtime-cli-*" in done.stderr


def test_the_first_version_of_a_runtime_at_which_a_test_changes_is_found(tmp_path: Path) -> None:
    test = "test_typing.ForwardRefTests.test_forward_recursion_actually"
    done = triage(tmp_path, "bisect", test, "--axis", "runtime", "--target", "node")
    assert done.returncode == 0, done.stdout + done.stderr
    found = done.stdout.index("the first version at which it is passed, and no longer crashed:\n  node-22.20.0")
    assert "node-20.18.0" in done.stdout[found:]
    assert "node-18.18.2: crashed" in done.stdout
    assert "node-24.19.0: passed" in done.stdout


def test_what_does_not_change_between_versions_is_said(tmp_path: Path) -> None:
    words = ("--axis", "runtime", "--first", "50.0.1", "--last", "36.0.0")
    done = triage(tmp_path, "bisect", "test_bool", *words)
    assert done.returncode == 2
    assert "there are not two versions" in done.stderr
    done = triage(tmp_path, "bisect", "test_bool", "--axis", "runtime", "--first", "36.0.0")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "the same wherever it can be tested" in done.stdout


@pytest.fixture
def ordered_tree(broken_tree: Path) -> Iterator[Path]:
    """A tree with a test that fails after two others of its module, and one that fails after that module."""
    added = {broken_tree / "Lib/test/test_ordered.py": ORDERED, broken_tree / "Lib/test/test_later.py": LATER}
    for path, text in added.items():
        path.write_text(text)
    yield broken_tree
    for path in added:
        path.unlink()


def test_the_fewest_that_make_a_test_fail_are_found(tmp_path: Path, ordered_tree: Path) -> None:
    cell = ("--cpython", str(ordered_tree))
    done = triage(tmp_path, "minimise", "test_ordered.Order.test_e", *cell)
    assert done.returncode == 0, done.stdout + done.stderr
    names = [line.strip() for line in done.stdout.splitlines() if line.startswith("  test.")]
    assert names == ["test.test_ordered.Order.test_a", "test.test_ordered.Order.test_c"]
    after = ("--after", "test_bool", "--after", "test_ordered.Order.test_b", "--after", "test_abc")
    done = triage(tmp_path, "minimise", "test_later", *after, *cell)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "  test_ordered.Order.test_b"
    done = triage(tmp_path, "minimise", "test_later", "--after", "test_bool", *cell)
    assert done.returncode == 1, done.stdout + done.stderr


BAD_C = ("    int res;\n\n    if (lo < 0) {", "    int res;\n\n    if (lo == 0) {")
"""of bisect.bisect_right() in C: what is there, and what fails test_bisect's tests of C"""


@pytest.fixture
def checkout(broken_tree: Path, cpython_source: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """The tree as a git checkout of five commits, of which the third breaks a test in C; their names."""
    source, notes = (broken_tree / name for name in ("Modules/_bisectmodule.c", "README.rst"))
    before = {path: (cpython_source / path.relative_to(broken_tree)).read_text("utf-8") for path in (source, notes)}
    assert BAD_C[0] in before[source]
    source.write_text(before[source], "utf-8")
    shutil.rmtree(broken_tree / ".git", ignore_errors=True)  # of a session that was killed
    git(broken_tree, "init", "--quiet")
    git(broken_tree, "config", "user.name", "a developer")
    git(broken_tree, "config", "user.email", "developer@example.invalid")
    commits = []
    for number in range(5):
        notes.write_text(f"{before[notes]}\nThe note {number}.\n", "utf-8")
        if number == 2:
            source.write_text(before[source].replace(*BAD_C, 1), "utf-8")
        git(broken_tree, "add", str(source), str(notes))
        git(broken_tree, "commit", "--quiet", "-m", f"commit {number}")
        commits.append(git(broken_tree, "rev-parse", "HEAD").stdout.strip())
    yield broken_tree, tuple(commits)
    shutil.rmtree(broken_tree / ".git")
    for path, text in before.items():
        path.write_text(text, "utf-8")


def git(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", "-C", str(tree), *words], env=REAL_ENVIRONMENT, capture_output=True, text=True, timeout=1800, check=True
    )


def test_git_bisect_finds_the_commit_that_broke_a_test(checkout: tuple[Path, tuple[str, ...]]) -> None:
    tree, commits = checkout
    git(tree, "bisect", "start", commits[-1], commits[0])
    check = ("-m", "harness", "triage", "check", "test_bisect.TestBisectC.test_precomputed", "--cpython", str(tree))
    done = git(tree, "bisect", "run", "env", "-C", str(TOP), sys.executable, *check)
    assert f"{commits[2]} is the first bad commit" in done.stdout, done.stdout + done.stderr


def test_a_check_has_the_exit_status_that_git_bisect_wants(tmp_path: Path, ordered_tree: Path) -> None:
    cell = ("--cpython", str(ordered_tree))
    assert triage(tmp_path, "check", "test_later", *cell).returncode == 0
    assert triage(tmp_path, "check", "test_ordered", *cell).returncode == 1
    assert triage(tmp_path, "check", "test_ordered.Order.test_none", *cell).returncode == 125
    assert triage(tmp_path, "check", "test_no_such_module", *cell).returncode == 2
