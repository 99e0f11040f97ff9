from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.guests.adapter import GuestRun
from harness.guests.guest_files import Preopen
from harness.guests.runtimes import confine
from harness.guests.runtimes.choose import choose_adapter
from harness.guests.runtimes.node import Node
from harness.provide.provider import Obtained
from matrix.model import Runtime, RuntimeKind

NODE = Path("/nowhere/node 20/node")
DIGEST = "the node"
FLAGS = ("--experimental-wasm-bigint",)
RUN = GuestRun(
    wasm=Path("/nowhere/python.wasm"),
    wasm_digest="the wasm",
    argv=("/tree/cross-build/host/python.js", "-u", "/scratch/driver.py", "an argument"),
    env={},
    preopens=(
        Preopen(host=Path("/scratch/work"), guest="/scratch/work", writable=True),
        Preopen(host=Path("/tree/Modules"), guest="/tree/Modules"),
        Preopen(host=Path("/tree/Lib"), guest="/tree/Lib", writable=True),
    ),
    wasm_stack=0,
    memory_limit=2 << 30,
)


def argv(flags: tuple[str, ...] = FLAGS, **changes: Any) -> tuple[str, ...]:
    run = replace(RUN, **changes)
    return Node(NODE, DIGEST, flags).command(run, run.wasm, Path("/scratch")).argv


@pytest.fixture
def confining(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has Landlock."""
    monkeypatch.setattr(confine, "version", lambda: 4)


@pytest.fixture
def without_landlock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has no Landlock."""
    monkeypatch.setattr(confine, "version", lambda: 0)


# --- the command


@pytest.mark.usefixtures("without_landlock")
def test_node_gets_its_flags_the_memory_limit_and_the_guests_command_line() -> None:
    assert argv() == (str(NODE), *FLAGS, "--wasm-max-mem-pages=32768", *RUN.argv)


@pytest.mark.usefixtures("without_landlock")
def test_without_landlock_node_does_not_confine_writes() -> None:
    assert not Node(NODE, DIGEST, ()).confines_writes


@pytest.mark.usefixtures("confining")
def test_with_landlock_node_is_confined_to_the_writable_directories() -> None:
    assert Node(NODE, DIGEST, ()).confines_writes
    words = argv()
    split = words.index("--")
    assert words[:4] == (sys.executable, "-I", "-S", str(Path(confine.__file__)))
    assert words[4:split] == ("/scratch/work", "/tree/Lib")


@pytest.mark.usefixtures("confining")
def test_a_confined_command_runs_the_same_command_as_without_landlock(monkeypatch: pytest.MonkeyPatch) -> None:
    words = argv()
    monkeypatch.setattr(confine, "version", lambda: 0)
    assert words[words.index("--") + 1 :] == argv()


@pytest.mark.usefixtures("without_landlock")
@pytest.mark.parametrize(
    ("limit", "pages"), [(65536, 1), (2 << 30, 32768), (4 << 30, 65536), (3 * 65536 + 1, 3), (4 * 65536 - 1, 3)]
)
def test_the_memory_limit_is_rounded_down_to_whole_pages(limit: int, pages: int) -> None:
    assert f"--wasm-max-mem-pages={pages}" in argv(memory_limit=limit)


@pytest.mark.usefixtures("without_landlock")
def test_the_memory_limit_is_an_option_of_node_before_the_program() -> None:
    words = argv(flags=())
    assert words.index("--wasm-max-mem-pages=32768") < words.index(RUN.argv[0])


# --- the rest of an adapter


@pytest.mark.usefixtures("without_landlock")
def test_node_loads_a_script_first_that_hands_kept_code_to_the_guest() -> None:
    code = Path("/nowhere/a.code")
    command = Node(NODE, DIGEST, FLAGS).command(RUN, code, Path("/scratch"))
    assert command.env == {"CPYTHON_WASM_COMPILED": str(code)}
    script = command.argv[command.argv.index("--require") + 1]
    assert "CPYTHON_WASM_COMPILED" in Path(script).read_text()
    assert command.argv[command.argv.index(script) + 1 :] == RUN.argv
    assert set(FLAGS) < set(command.argv)
    assert "--no-liftoff" in command.argv


@pytest.mark.usefixtures("without_landlock")
def test_without_kept_code_v8_has_its_usual_compilers() -> None:
    command = Node(NODE, DIGEST, ()).command(RUN, RUN.wasm, Path("/scratch"))
    assert command.env == {}
    assert "--no-liftoff" not in command.argv


def test_a_guest_under_node_works_with_the_hosts_files(tmp_path: Path) -> None:
    place = Node(NODE, DIGEST, ()).lay_out(Path("/tree"), "/cross-build/host", tmp_path)
    assert place.root == tmp_path
    assert place.prefix == "/tree"


@pytest.mark.usefixtures("without_landlock")
def test_the_adapter_passes_the_cells_flags_to_node() -> None:
    runtime = Runtime(name="node", version="20.18.0", kind=RuntimeKind.NODE)
    obtained = Obtained(path=NODE, provider="PyPI", detail="", digest="")
    command = choose_adapter(runtime, obtained, FLAGS).command(RUN, RUN.wasm, Path("/scratch"))
    assert command.argv[:2] == (str(NODE), *FLAGS)


# --- how a guest ended


def ended(code: int, output: str) -> str:
    return Node(NODE, DIGEST, ()).describe_end(code, output)


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("RangeError: Maximum call stack size exceeded", "JavaScript's stack overflowed"),
        ("RuntimeError: memory access out of bounds", "a trap: memory access out of bounds"),
        ("RuntimeError: unreachable", "a trap: unreachable code was reached"),
        ("RuntimeError: null function or function signature mismatch", "a trap: a bad call"),
        ("RuntimeError: table index is out of bounds", "a trap: a bad call"),
        ("RuntimeError: divide by zero", "a trap: bad arithmetic"),
        ("RuntimeError: float unrepresentable in integer range", "a trap: bad arithmetic"),
        ("Aborted(OOM)", "it ran out of memory"),
        ("Aborted(Cannot enlarge memory arrays to size 2147483648)", "it ran out of memory"),
        ("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", "it ran out of memory"),
        ("Aborted(native code called abort())", "an abort"),
        ("RuntimeError: Aborted(Assertion failed: x)", "an abort"),
        ("RuntimeError: abort(undefined). Build with -sASSERTIONS for more info.", "an abort"),
    ],
)
def test_an_end_that_v8_or_emscripten_reports_is_described(said: str, meaning: str) -> None:
    before = "test_one ... ok\n/tree/python.js:9\n\n"
    after = "\n    at wasm://wasm/0a:wasm-function[1]:0x2\n\nNode.js v20.18.0\n"
    assert ended(1, before + said + after) == f"the guest ended with {meaning}"


@pytest.mark.parametrize(("code", "meaning"), [(1, "exit status 1"), (-9, "signal SIGKILL"), (-6, "signal SIGABRT")])
@pytest.mark.parametrize("output", ["", "RecursionError: maximum recursion depth exceeded\n"])
def test_any_other_end_is_described_by_its_exit_status(code: int, meaning: str, output: str) -> None:
    assert ended(code, output) == f"the guest ended with {meaning}"


def test_a_stack_overflow_explains_the_abort_after_it() -> None:
    output = "RangeError: Maximum call stack size exceeded\nAborted(RangeError)\n"
    assert ended(1, output) == "the guest ended with JavaScript's stack overflowed"


def test_output_long_before_the_end_is_ignored() -> None:
    assert ended(1, "RuntimeError: unreachable\n" + "x" * 20_000) == "the guest ended with exit status 1"


@given(st.integers(-64, 255).filter(bool), st.text())
def test_every_end_is_described(code: int, output: str) -> None:
    assert ended(code, output).removeprefix("the guest ended with ").strip()
