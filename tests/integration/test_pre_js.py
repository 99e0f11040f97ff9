"""The scripts that repairs link into Emscripten programs, with a real Emscripten and Node."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from harness.build.step import Step
from harness.build.toolchain import PRE_JS
from harness.build.watcher import Silent
from harness.cells.prepare import PrepareOptions, Preparer
from matrix.expand import expand
from matrix.load import load
from matrix.resolve import resolve
from tests.integration.conftest import real_store

CELL = "node_emscripten-3.1.69_cpython-3.11.2_node-20.18.0"
PROGRAM = """
#include <stdio.h>
#include <sys/stat.h>
int main(void) {
    struct stat status;
    for (int fd = 0; fd < 3; fd++) printf("%d", fstat(fd, &status));
}
"""


@pytest.fixture(scope="module")
def linking() -> tuple[Step, Path]:
    """A step that links with the default Emscripten, which is set up, and the path of Node."""
    preparer = Preparer(real_store(), PrepareOptions(jobs=2), Silent(), print)
    matrix = load()
    (cell,) = (resolve(matrix, cell) for cell in expand(matrix).cells if cell.id == CELL)
    preparer.build(cell)
    steps = [step for plan in preparer.plans(cell) for step in plan.steps]
    return next(step for step in steps if step.name == "libraries-plain"), preparer.provide(cell, cell.runtime.id).path


@pytest.mark.parametrize(("repaired", "printed"), [(False, "-1-1-1"), (True, "000")])
def test_a_script_lets_a_program_ask_about_its_standard_streams(
    linking: tuple[Step, Path], tmp_path: Path, repaired: bool, printed: str
) -> None:
    step, node = linking
    (tmp_path / "program.c").write_text(PROGRAM)
    words = [step.argv[0], "program.c", "-O2", "-sNODERAWFS", "-sEXIT_RUNTIME", "-o", "program.js"]
    words += ["--pre-js", str(PRE_JS / "standard_streams.js")] if repaired else []
    subprocess.run(words, cwd=tmp_path, env=step.environment(os.environ), check=True)
    done = subprocess.run([node, "program.js"], cwd=tmp_path, input="", capture_output=True, text=True, check=True)
    assert done.stdout == printed
