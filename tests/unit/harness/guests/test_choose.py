"""Each kind of runtime has an adapter, and adapters say what is special about a runtime."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.guests.adapter import Adapter, GuestRun, HostCommand
from harness.guests.guest_files import GuestFiles, host_files
from harness.guests.runtimes.choose import ADAPTERS, choose_adapter
from harness.machine.store import Store
from harness.provide.provider import Obtained
from matrix.browsers import BrowserLine
from matrix.commands import CommandLine
from matrix.model import Runtime, RuntimeKind

COMMAND = Path("/nowhere/bin/command")
RUN = GuestRun(
    wasm=Path("/nowhere/python.wasm"),
    wasm_digest="the wasm",
    argv=("/python.wasm", "-c", "pass"),
    env={},
    preopens=(),
    wasm_stack=1 << 20,
    memory_limit=1 << 30,
)


def adapter_of(kind: RuntimeKind) -> Adapter:
    has_line = kind in (RuntimeKind.COMMAND, RuntimeKind.JAVASCRIPT)
    line = CommandLine(run=("{argv0}",)) if has_line else None
    browser = BrowserLine(commands=("b",), run=("{profile}", "{url}"), says="", debian="b")
    runtime = Runtime(
        name="a-runtime",
        version="50.0.1",
        kind=kind,
        command=line,
        browser=browser if kind is RuntimeKind.BROWSER else None,
    )
    return choose_adapter(runtime, Obtained(path=COMMAND, provider="", detail="", digest=""))


class Script(Adapter):
    """The least that an adapter needs."""

    def lay_out(self, tree: Path, build: str, directory: Path) -> GuestFiles:
        return host_files(tree, directory)

    def command(self, run: GuestRun, compiled: Path, scratch: Path) -> HostCommand:
        return HostCommand(argv=("sh", "run.sh", str(compiled), *run.argv[1:]), env=run.env)


def test_every_kind_of_runtime_has_an_adapter() -> None:
    assert ADAPTERS.keys() == set(RuntimeKind)
    assert all(isinstance(adapter_of(kind), Adapter) for kind in RuntimeKind)


def test_an_adapter_needs_only_a_layout_and_a_command(store: Store) -> None:
    script = Script()
    assert script.compile(RUN, store) == RUN.wasm
    assert script.describe_end(3, "") == "the guest ended with exit status 3"
    assert script.under_debugger(HostCommand(argv=("sh",))) is None
    assert (script.confines_writes, script.keeps_code, script.has_command_line) == (False, False, True)


def test_only_one_page_that_a_person_opens_runs_all_guests() -> None:
    assert [kind for kind in RuntimeKind if adapter_of(kind).one_at_a_time] == [RuntimeKind.MANUAL]
    assert not any(adapter_of(kind).asks for kind in RuntimeKind if kind is not RuntimeKind.MANUAL)


def test_only_a_guest_in_a_browser_has_no_command_line() -> None:
    assert [kind for kind in RuntimeKind if not adapter_of(kind).has_command_line] == [
        RuntimeKind.MANUAL,
        RuntimeKind.BROWSER,
    ]


@pytest.mark.parametrize(
    ("kind", "argv"),
    [
        (RuntimeKind.CLI, ("gdb", "--args", str(COMMAND), "run", "-Ddebug-info", "a.wasm")),
        (RuntimeKind.NODE_WASI, (str(COMMAND), "--inspect-brk", "run", "a.wasm")),
        (RuntimeKind.NODE, (str(COMMAND), "--inspect-brk", "run", "a.wasm")),
    ],
)
def test_some_runtimes_have_a_debugger(kind: RuntimeKind, argv: tuple[str, ...]) -> None:
    command = HostCommand(argv=(str(COMMAND), "run", "a.wasm"), env={"A": "1"})
    assert adapter_of(kind).under_debugger(command) == HostCommand(argv=argv, env={"A": "1"})


@pytest.mark.parametrize("kind", [RuntimeKind.EMBEDDED, RuntimeKind.BROWSER, RuntimeKind.COMMAND])
def test_others_have_none(kind: RuntimeKind) -> None:
    assert adapter_of(kind).under_debugger(HostCommand(argv=("a",))) is None


def test_wasmtimes_command_names_source_lines_of_a_module_that_it_compiles_itself() -> None:
    wasmtime = adapter_of(RuntimeKind.CLI)
    assert wasmtime.names_source_lines
    assert wasmtime.command(RUN, RUN.wasm, Path("/scratch")).env == {"WASMTIME_BACKTRACE_DETAILS": "1"}
    assert wasmtime.command(RUN, Path("/nowhere/code.cwasm"), Path("/scratch")).env == {}
