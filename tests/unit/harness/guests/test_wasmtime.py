"""How guests start under wasmtime, as a library and as a command."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from harness.guests.runtimes import confine
from harness.guests.runtimes.wasmtime_cli import WasmtimeCli
from harness.guests.runtimes.wasmtime_embedded import WasmtimeEmbedded
from tests.unit.harness.guests.test_node import RUN

SCRATCH = Path("/scratch")
CLI = WasmtimeCli(Path("/bin/wasmtime"), "50.0.0")
LIBRARY = WasmtimeEmbedded(Path("/site"), "digest")


@pytest.fixture(params=[0, 4], ids=["without Landlock", "with Landlock"])
def landlock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(confine, "version", lambda: request.param)
    return bool(request.param)


def test_the_command_is_confined_where_the_kernel_can(landlock: bool) -> None:
    argv = CLI.command(RUN, RUN.wasm, SCRATCH).argv
    prefix = (sys.executable, "-I", "-S", confine.__file__, *map(str, RUN.writable), "--") if landlock else ()
    assert argv[: len(prefix)] == prefix
    assert argv[len(prefix) : len(prefix) + 2] == ("/bin/wasmtime", "run")
    assert CLI.confines_writes == landlock


def test_a_bare_command_is_the_runtimes_own(landlock: bool) -> None:
    argv = confine.bare(CLI.command(RUN, RUN.wasm, SCRATCH).argv)
    assert argv[:2] == ("/bin/wasmtime", "run")
    assert confine.bare(argv) == argv, "also one with `--` in it"
    assert confine.bare(("a", "--", "b")) == ("a", "--", "b")


def test_people_type_the_command_of_a_library() -> None:
    assert CLI.typed is CLI
    typed = LIBRARY.typed
    assert typed.starts_modules
    assert confine.bare(typed.command(RUN, RUN.wasm, SCRATCH).argv)[:2] == ("wasmtime", "run")


def test_the_librarys_process_confines_itself_where_the_kernel_can(landlock: bool) -> None:
    spec = json.loads(LIBRARY.command(RUN, RUN.wasm, SCRATCH).argv[-1])
    assert spec["writable"] == ([str(path) for path in RUN.writable] if landlock else None)
    assert LIBRARY.confines_writes == landlock


def test_what_compiles_a_module_may_write(landlock: bool) -> None:
    assert json.loads(LIBRARY._spec(RUN, Path("/compiled")))["writable"] is None


def test_a_debugger_starts_inside_the_confinement(landlock: bool) -> None:
    argv = CLI.under_debugger(CLI.command(RUN, RUN.wasm, SCRATCH)).argv
    start = argv.index("gdb")
    assert argv[start : start + 5] == ("gdb", "--args", "/bin/wasmtime", "run", "-Ddebug-info")
    assert (start > 0) == landlock
