"""wasmtime's command with a component: how it is made, and the command line of a guest."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.guests.adapter import GuestRun
from harness.guests.runtimes import wasmtime_component
from harness.guests.runtimes.wasmtime_cli import WasmtimeCli
from harness.guests.runtimes.wasmtime_component import WasmtimeComponent
from harness.machine.command import CommandFailed
from harness.machine.store import Store
from matrix.errors import GuestDidNotStart

RUN = GuestRun(
    wasm=Path("/tree/python.wasm"),
    wasm_digest="the wasm",
    argv=("/cross-build/host/python.wasm", "-c", "pass"),
    env={},
    preopens=(),
    wasm_stack=8 << 20,
    memory_limit=2 << 30,
)


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """The directory with the commands and the adapter."""
    parts = tmp_path / "parts"
    parts.mkdir()
    (parts / "wasi_snapshot_preview1.command.wasm").touch()
    return parts


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were called; each makes its output."""
    calls: list[list[str]] = []

    def capture(argv: list[str], *, timeout: float) -> str:
        calls.append(argv)
        Path(argv[argv.index("-o") + 1]).write_text("made")
        return ""

    monkeypatch.setattr(wasmtime_component, "capture", capture)
    return calls


def test_the_module_is_joined_with_the_adapter_and_compiled(parts: Path, store: Store, calls: list[list[str]]) -> None:
    kept = WasmtimeComponent(parts, "the parts").compile(RUN, store)
    join, compile_ = calls
    adapter = parts / "wasi_snapshot_preview1.command.wasm"
    assert join[:-2] == [
        str(parts / "wasm-tools"), "component", "new", "/tree/python.wasm", "--adapt",
        f"wasi_snapshot_preview1={adapter}",
    ]  # fmt: skip
    assert compile_[0] == str(parts / "wasmtime")
    assert compile_[-1] == join[-1]
    assert "max-wasm-stack=8388608" in compile_
    assert [path.name for path in kept.parent.iterdir()] == [kept.name], "nothing else is left"


def test_it_is_made_again_for_other_parts(parts: Path, store: Store, calls: list[list[str]]) -> None:
    first = WasmtimeComponent(parts, "the parts").compile(RUN, store)
    assert WasmtimeComponent(parts, "the parts").compile(RUN, store) == first
    assert len(calls) == 2
    assert WasmtimeComponent(parts, "others").compile(RUN, store) != first


def test_a_module_that_cannot_be_a_component_is_a_fault(
    parts: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def capture(argv: list[str], *, timeout: float) -> str:
        raise CommandFailed(argv, 1, "module requires an import interface named `nowhere`")

    monkeypatch.setattr(wasmtime_component, "capture", capture)
    with pytest.raises(GuestDidNotStart, match="as a component:") as caught:
        WasmtimeComponent(parts, "the parts").compile(RUN, store)
    assert "`nowhere`" in caught.value.message
    assert "/tree/python.wasm" in caught.value.message
    assert not list((store.root / "state/compiled").iterdir())


@pytest.mark.parametrize(
    ("code", "output", "meaning"),
    [
        (
            1,
            "Error: failed to run\n\nCaused by:\n    0: failed to invoke `run` function\n    1: x",
            "a call that WASI 0.2 refuses",
        ),
        (1, "failed to invoke `run` function", "exit status 1"),
        (134, "Error: failed to run\n\nCaused by:\n    0: failed to invoke `run` function\n", "a trap or an abort"),
    ],
)
def test_a_refused_call_is_told_from_an_exit(parts: Path, code: int, output: str, meaning: str) -> None:
    assert WasmtimeComponent(parts, "").describe_end(code, output) == f"the guest ended with {meaning}"


def test_a_component_has_no_imports_of_preview_1(parts: Path) -> None:
    code, scratch = Path("/kept/code"), Path("/scratch")
    component = WasmtimeComponent(parts, "").command(RUN, code, scratch).argv
    module = WasmtimeCli(parts / "wasmtime", "").command(RUN, code, scratch).argv
    at = module.index("preview2")
    assert (*module[: at - 1], *module[at + 1 :]) == component
