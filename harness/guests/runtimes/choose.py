"""Which adapter executes a runtime."""

from __future__ import annotations

from harness.guests.adapter import Adapter
from harness.provide.provider import Obtained
from matrix.model import Runtime, RuntimeKind


def adapter(runtime: Runtime, obtained: Obtained, flags: tuple[str, ...] = ()) -> Adapter:
    """The adapter of a runtime that was provisioned; `flags` are options that the cell's build needs."""
    from harness.guests.runtimes import browser, node, wasmtime_cli, wasmtime_embedded

    if runtime.kind is RuntimeKind.BROWSER:
        return browser.Browser(obtained.path)
    if runtime.kind is RuntimeKind.NODE:
        return node.Node(obtained.path, obtained.digest, flags)
    if runtime.kind is RuntimeKind.CLI:
        return wasmtime_cli.WasmtimeCli(obtained.path, runtime.version)
    return wasmtime_embedded.WasmtimeEmbedded(obtained.path, obtained.digest)
