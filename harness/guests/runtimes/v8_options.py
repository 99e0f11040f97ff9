"""Options of V8, which runtimes of Node's kind share."""

from __future__ import annotations

from matrix.commands import PAGE


def memory_option(limit: int) -> str:
    """The option that limits a WebAssembly memory to `limit` bytes, rounded down to whole pages."""
    return f"--wasm-max-mem-pages={limit // PAGE}"
