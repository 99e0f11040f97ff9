"""Runtimes of JavaScript whose command line is data."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.guests.adapter import GuestRun
from harness.guests.guest_files import Preopen
from harness.guests.runtimes import confine
from harness.guests.runtimes.javascript import JavaScript
from matrix.commands import CommandLine, Ending

LINE = CommandLine(
    run=("run", "--pages={pages}", "{argv0}", "{arguments}"),
    ends=(Ending(means="a strange end", output="^Strange", status=3),),
)
RUN = GuestRun(
    wasm=Path("/tree/cross-build/python.wasm"),
    wasm_digest="the wasm",
    argv=("/tree/cross-build/python.js", "-c", "{argv0}"),
    env={},
    preopens=(
        Preopen(host=Path("/guest/work"), guest="/guest/work", writable=True),
        Preopen(host=Path("/tree/Lib"), guest="/tree/Lib"),
    ),
    wasm_stack=1 << 20,
    memory_limit=1 << 30,
)


def adapter(line: CommandLine = LINE) -> JavaScript:
    return JavaScript("newjs", Path("/bin/newjs"), line)


def test_the_program_runs_confined_and_with_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confine, "version", lambda: 3)
    argv = adapter().command(RUN, RUN.wasm, Path("/guest")).argv
    assert argv == (
        *(sys.executable, "-I", "-S", confine.__file__),
        *(f"--stack={8 << 20}", f"--memory={4 << 30}", "/guest/work", "--"),
        *("/bin/newjs", "run", "--pages=16384", "/tree/cross-build/python.js", "-c", "{argv0}"),
    )
    assert adapter().confines_writes


def test_what_it_cannot_limit_is_said() -> None:
    assert adapter().shortcomings == ()
    (said,) = adapter(CommandLine(run=("{argv0}", "{arguments}"))).shortcomings
    assert said.startswith("newjs has no option for the guest's memory")


@pytest.mark.parametrize(
    ("code", "output", "meaning"),
    [
        (3, "Strange things\n", "a strange end"),
        (4, "Strange things\n", "exit status 4"),
        (1, "RangeError: Maximum call stack size exceeded.\n", "JavaScript's stack overflowed"),
        (7, "", "exit status 7"),
    ],
)
def test_an_end_is_told_by_the_row_and_by_what_emscripten_prints(code: int, output: str, meaning: str) -> None:
    assert adapter().describe_end(code, output) == f"the guest ended with {meaning}"
