"""Options of V8, which Node and Chromium share."""

from __future__ import annotations

_PAGE = 65536
"""bytes of a page of WebAssembly's memory"""


def memory_option(limit: int) -> str:
    """The option that limits a WebAssembly memory to `limit` bytes, rounded down to whole pages."""
    return f"--wasm-max-mem-pages={limit // _PAGE}"
