"""The adapter of each kind of runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.guests.adapter import Adapter
from harness.guests.runtimes.browser import Browser
from harness.guests.runtimes.command import Command
from harness.guests.runtimes.javascript import JavaScript
from harness.guests.runtimes.manual import Manual
from harness.guests.runtimes.node import Node
from harness.guests.runtimes.node_wasi import NodeWasi
from harness.guests.runtimes.wasmtime_cli import WasmtimeCli
from harness.guests.runtimes.wasmtime_component import WasmtimeComponent
from harness.guests.runtimes.wasmtime_embedded import WasmtimeEmbedded
from harness.provide.provider import Obtained
from matrix.model import Runtime, RuntimeKind

ADAPTERS: Mapping[RuntimeKind, Callable[[Runtime, Obtained, tuple[str, ...]], Adapter]] = {
    RuntimeKind.BROWSER: lambda runtime, obtained, flags: _browser(runtime, obtained),
    RuntimeKind.CLI: lambda runtime, obtained, flags: WasmtimeCli(obtained.path, obtained.digest),
    RuntimeKind.COMMAND: lambda runtime, obtained, flags: _command(runtime, obtained),
    RuntimeKind.COMPONENT: lambda runtime, obtained, flags: WasmtimeComponent(obtained.path, obtained.digest),
    RuntimeKind.EMBEDDED: lambda runtime, obtained, flags: WasmtimeEmbedded(obtained.path, obtained.digest),
    RuntimeKind.JAVASCRIPT: lambda runtime, obtained, flags: _javascript(runtime, obtained),
    RuntimeKind.MANUAL: lambda runtime, obtained, flags: Manual(obtained.path),
    RuntimeKind.NODE: lambda runtime, obtained, flags: Node(obtained.path, obtained.digest, flags),
    RuntimeKind.NODE_WASI: lambda runtime, obtained, flags: NodeWasi(obtained.path, obtained.digest, flags),
}
"""`obtained.path` is the command or the package, `flags` are the cell's `runtime_flags` (rules.toml)"""


def _browser(runtime: Runtime, obtained: Obtained) -> Browser:
    assert runtime.browser is not None  # the loader has checked it
    return Browser(obtained.path, runtime.browser, runtime.without)


def _command(runtime: Runtime, obtained: Obtained) -> Command:
    assert runtime.command is not None  # the loader has checked it
    return Command(runtime.name, obtained.path, obtained.digest, runtime.command)


def _javascript(runtime: Runtime, obtained: Obtained) -> JavaScript:
    assert runtime.command is not None  # the loader has checked it
    return JavaScript(runtime.name, obtained.path, runtime.command)


def choose_adapter(runtime: Runtime, obtained: Obtained, flags: tuple[str, ...] = ()) -> Adapter:
    """The adapter of a runtime that was provisioned; `flags` are options that the cell's build needs."""
    return ADAPTERS[runtime.kind](runtime, obtained, flags)
