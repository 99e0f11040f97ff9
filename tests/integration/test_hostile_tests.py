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
    assert {row["outcome"] for row in summary(tmp_path)["unexpected"]} == {Status.FAILED, Status.SKIPPED}
