"""Tests that try to mislead: by what they print and are called, and by what they do to the guest around them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from matrix.outcome import Status
from reports import junit
from tests.integration.conftest import Harness, outcomes, summary
from tests.unit.hostile import UNSEEN

pytestmark = pytest.mark.integration

Added = Callable[[str, str], str]


@pytest.fixture
def added(broken_tree: Path) -> Iterator[Added]:
    """Add a test module to the tree of broken tests; its name. At the end the modules are removed."""
    paths: list[Path] = []

    def add(name: str, text: str) -> str:
        path = broken_tree / f"Lib/test/{name}.py"
        paths.append(path)
        path.write_text(text)
        return name

    yield add
    for path in paths:
        path.unlink()


MISLEADING = r"""
import unittest

class Misleading(unittest.TestCase):
    def test_text(self):
        print("\x1b]0;title\x07 \x9b2J \u202egnp.exe")
        self.fail("\x1b[2J\x1b[32mpassed\x1b[0m \x85 \u2066")

    def test_reason(self): self.skipTest("\x1b[2J no \u202e")

for end in "ab":
    setattr(Misleading, "test_" + "x" * 300_000 + end, lambda self: self.fail())
"""


def test_names_and_texts_of_tests_neither_flood_nor_steer(
    harness: Harness, added: Added, tmp_path: Path, broken_tree: Path
) -> None:
    name = added("test_misleading", MISLEADING)
    done = harness("test", "--target", "wasi", "--cpython", str(broken_tree), name)
    assert done.returncode == 1, done.stdout + done.stderr
    assert r"\x1b[32mpassed\x1b[0m" in done.stdout
    assert not re.search(UNSEEN, done.stdout + done.stderr)
    seen = outcomes(tmp_path)
    assert sorted(map(len, seen))[-2:] == [500, 500]
    run = tmp_path / "out/latest"
    assert not re.search(UNSEEN, (run / "summary.md").read_text())
    (cell,) = (run / "cells").iterdir()
    assert {one.test for one in junit.read(cell / "junit.xml")} == seen.keys()
    shown = [path for path in run.rglob("*") if path.is_file() and path.suffix in (".html", ".js", ".xml", ".json")]
    assert not [path for path in shown if "x" * 1000 in path.read_text()]
    assert {row["outcome"] for row in summary(tmp_path)["unexpected"]} == {Status.FAILED}


FILLING = """
import unittest

class Filling(unittest.TestCase):
    def test_before(self): pass

    def test_filling(self):
        with open("file", "wb") as file:
            while True: file.write(b"x" * (1 << 20))

    def test_later(self): pass
"""


def test_a_test_that_fills_the_disk_crashed_and_says_so(
    harness: Harness, added: Added, tmp_path: Path, broken_tree: Path
) -> None:
    name = added("test_filling", FILLING)
    done = harness("test", "--target", "wasi", "--cpython", str(broken_tree), "--disk", "64", name)
    assert done.returncode == 1, done.stdout + done.stderr
    seen = outcomes(tmp_path)
    status = {test.rpartition(".")[2]: one.status for test, one in seen.items()}
    assert status == {
        "test_before": Status.PASSED,
        "test_filling": Status.CRASHED,
        "test_later": Status.PASSED,
    }
    detail = seen["test.test_filling.Filling.test_filling"].detail
    assert detail == "the guest wrote more than 64 MiB to the disk and was ended"


ENDLESS = """
import atexit, unittest

def endless():
    while True: pass

class Endless(unittest.TestCase):
    def test_it(self): atexit.register(endless)
"""
FINALIZED = """
import unittest, weakref

def endless():
    while True: pass

class Finalized(unittest.TestCase):
    def test_it(self): weakref.finalize(unittest, endless)
"""
CLOSING = """
import os, unittest

class Closing(unittest.TestCase):
    def test_it(self): os.close(1)
"""
QUIET = """
import atexit, unittest

class Quiet(unittest.TestCase):
    def test_it(self): atexit.register(print, "at the end")
"""


@pytest.mark.parametrize("options", [(), ("--isolate",)], ids=["in a shared guest", "alone"])
def test_the_verdict_does_not_depend_on_company(
    harness: Harness, added: Added, tmp_path: Path, broken_tree: Path, options: tuple[str, ...]
) -> None:
    modules = {"endless": ENDLESS, "finalized": FINALIZED, "closing": CLOSING, "quiet": QUIET}
    names = [added(f"test_{name}", text) for name, text in modules.items()]
    cell = ("--target", "wasi", "--cpython", str(broken_tree), "--timeout", "20", "-n", "1")
    done = harness("test", *cell, *options, "test_bisect", *names, "test_opcodes")
    assert done.returncode == 1, done.stdout + done.stderr
    seen = outcomes(tmp_path)
    of_modules = {name: seen[f"test.{name}"] for name in names if f"test.{name}" in seen}
    assert {name: one.status for name, one in of_modules.items()} == {
        "test_endless": Status.TIMED_OUT,
        "test_finalized": Status.TIMED_OUT,
        "test_closing": Status.ERRORED,
    }
    assert of_modules["test_endless"].detail.endswith("the guest was ended after the module's tests")
    assert "standard descriptor" in of_modules["test_closing"].detail
    red = {row["test"] for row in summary(tmp_path)["unexpected"]}
    assert red == {f"test.{name}" for name in of_modules}
