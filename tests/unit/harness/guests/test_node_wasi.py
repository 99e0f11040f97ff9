"""The command line of a guest under Node's own WASI."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.guests.adapter import GuestRun
from harness.guests.guest_files import Preopen
from harness.guests.runtimes import confine
from harness.guests.runtimes.node_wasi import HOST, NodeWasi

NODE = Path("/nowhere/node 24/node")
RUN = GuestRun(
    wasm=Path("/tree/python.wasm"),
    wasm_digest="the wasm",
    argv=("/cross-build/host/python.wasm", "-c", "print('ä \"')"),
    env={"PYTHONPATH": "/cross-build/host/build/lib"},
    preopens=(
        Preopen(host=Path("/scratch/root"), guest="/", writable=True),
        Preopen(host=Path("/tree/Modules"), guest="/Modules"),
        Preopen(host=Path("/tree/Lib"), guest="/Lib", writable=True),
    ),
    wasm_stack=8 << 20,
    memory_limit=2 << 30,
)
CODE = Path("/cache/code")


@pytest.fixture(params=[0, 4])
def landlock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The version of Landlock on the machine; 0 for none."""
    version: int = request.param
    monkeypatch.setattr(confine, "version", lambda: version)
    return version


def argv(compiled: Path = CODE) -> tuple[str, ...]:
    return NodeWasi(NODE, "the node", ()).command(RUN, compiled, Path("/scratch")).argv


def spec(compiled: Path) -> Any:
    return json.loads(argv(compiled)[-1])


def test_the_script_gets_the_whole_run() -> None:
    assert argv()[-2] == str(HOST)
    assert spec(CODE) == {
        "module": "/tree/python.wasm",
        "compiled": "/cache/code",
        "argv": ["/cross-build/host/python.wasm", "-c", "print('ä \"')"],
        "env": {"PYTHONPATH": "/cross-build/host/build/lib"},
        "preopens": [["/", "/scratch/root"], ["/Modules", "/tree/Modules"], ["/Lib", "/tree/Lib"]],
    }


def test_without_kept_code_the_module_is_compiled_as_usual() -> None:
    assert spec(RUN.wasm)["compiled"] == ""
    assert "--allow-natives-syntax" not in argv(RUN.wasm)
    assert "--allow-natives-syntax" in argv()


def test_v8_gets_the_limits_of_memory_and_stack() -> None:
    assert "--wasm-max-mem-pages=32768" in argv()
    assert "--stack-size=8192" in argv()


def test_v8_makes_no_fast_calls_in_which_it_could_collect_garbage() -> None:
    assert "--no-turbo-fast-api-calls" in argv()
    assert "--no-turbo-fast-api-calls" in argv(RUN.wasm)


def test_nothing_of_node_appears_in_the_guests_output() -> None:
    assert "--no-warnings" in argv()


def test_the_command_is_confined_and_its_stack_is_raised_above_the_guests(landlock: int) -> None:
    words = argv()
    assert words[:4] == (sys.executable, "-I", "-S", confine.__file__)
    split = words.index("--")
    assert words[4:split] == (
        f"--stack={24 << 20}",
        *(("/scratch/root", "/tree/Lib") if landlock else ("--anywhere",)),
    )
    assert words[split + 1] == str(NODE)
    assert NodeWasi(NODE, "the node", ()).confines_writes is bool(landlock)


def test_a_guest_has_a_root_of_its_own(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "Lib").mkdir(parents=True)
    directory = tmp_path / "guest"
    directory.mkdir()
    files = NodeWasi(NODE, "the node", ()).lay_out(tree, "/cross-build/host", directory)
    assert [preopen.guest for preopen in files.preopens] == ["/", "/Lib"]
