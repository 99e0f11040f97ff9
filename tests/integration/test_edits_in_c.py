"""What runs again after an edit of CPython's C sources: nothing, when the program does the same as before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.suite.results import read_results
from tests.integration.conftest import Harness

pytestmark = pytest.mark.integration

MODULES = ("test_bisect", "test_heapq")
BAD = ("    int res;\n\n    if (lo < 0) {", "    int res;\n\n    if (lo == 0) {")
"""of bisect.bisect_right(): what is there, and what makes its tests fail"""


@pytest.fixture
def source(broken_tree: Path, cpython_source: Path) -> Iterator[Path]:
    name = "Modules/_bisectmodule.c"
    before = (cpython_source / name).read_text("utf-8")
    (broken_tree / name).write_text(before, "utf-8")
    yield broken_tree / name
    (broken_tree / name).write_text(before, "utf-8")


def test_nothing_runs_after_an_edit_that_leaves_the_program_as_it_is(
    harness: Harness, tmp_path: Path, broken_tree: Path, source: Path
) -> None:
    def ran() -> list[str]:
        done = harness("test", "--target", "wasi", "--cpython", str(broken_tree), *MODULES, reuse=True)
        assert done.returncode in (0, 1), done.stdout + done.stderr
        (outcomes,) = (tmp_path / "out/latest").glob("cells/*/outcomes.jsonl")
        return sorted(module for module, result in read_results(outcomes).items() if not result.reused)

    # No earlier session has kept results of this program.
    text = source.read_text("utf-8").replace('"Bisection algorithms.', f'"{tmp_path} Bisection algorithms.', 1)
    assert str(tmp_path) in text
    source.write_text(text, "utf-8")
    ran()
    source.write_text(f"/* It moves all lines. */\n{text}", "utf-8")
    assert ran() == []
    assert BAD[0] in text
    source.write_text(text.replace(*BAD, 1), "utf-8")
    assert ran() == sorted(MODULES)
