"""Node, which runs a build's `python.js`. The guest sees the host's files (Emscripten's NODERAWFS).

It may read them all and write to its own directories only, which Landlock sees to where the kernel has it
(`confine.py`). The memory limit is V8's, for a WebAssembly memory.
"""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path

from harness import stage
from harness.process import describe_exit
from harness.runtimes import Command, GuestRun, confine
from harness.stage import Place
from harness.store import Store

_CONFINE = Path(__file__).parent / "confine.py"
_PAGE = 65536
"""bytes of a page of WebAssembly's memory"""

_ENDS = (
    (r"RangeError: Maximum call stack size exceeded", "V8's stack overflowed"),
    (r"RuntimeError: memory access out of bounds", "a trap: memory access out of bounds"),
    (r"RuntimeError: unreachable", "a trap: unreachable code was reached"),
    (
        r"RuntimeError: (null function or function signature mismatch|table index is out of bounds)",
        "a trap: a bad call",
    ),
    (
        r"RuntimeError: (divide by zero|remainder by zero|divide result unrepresentable|float unrepresentable)",
        "a trap: bad arithmetic",
    ),
    (r"Aborted\(OOM\)|Cannot enlarge memory|JavaScript heap out of memory|Out of memory", "it ran out of memory"),
    (r"^(RuntimeError: )?(Aborted|abort)\(", "an abort"),
)
"""what V8 and Emscripten print when a guest ends by itself, the first that is found counts"""


class Node:
    """The `node` command of one version."""

    def __init__(self, node: Path, flags: tuple[str, ...]) -> None:
        self._node = node
        self._flags = flags

    @property
    def confines_writes(self) -> bool:
        return confine.version() > 0

    def compile(self, run: GuestRun, store: Store) -> Path:
        return run.wasm  # Node has nowhere to keep compiled modules

    def place(self, tree: Path, build: str, directory: Path) -> Place:
        return stage.host_place(tree, directory)

    def command(self, run: GuestRun, compiled: Path, scratch: Path) -> Command:
        limit = f"--wasm-max-mem-pages={run.memory_limit // _PAGE}"
        node = (str(self._node), *self._flags, limit, *run.argv)
        if not self.confines_writes:
            return Command(argv=node)
        writable = [str(preopen.host) for preopen in run.preopens if preopen.writable]
        return Command(argv=(sys.executable, "-I", "-S", str(_CONFINE), *writable, "--", *node))

    def describe_end(self, code: int, output: str) -> str:
        # A signal says it all, but for SIGABRT, with which V8 ends itself.
        said = describe_v8_end(output) if code > 0 or code == -signal.SIGABRT else ""
        return said or f"the guest ended with {describe_exit(code)}"


def describe_v8_end(output: str) -> str:
    """How a guest in V8 ended, from what was printed last; "" when that does not say it."""
    for pattern, meaning in _ENDS:
        if re.search(pattern, output[-20_000:], re.MULTILINE):
            return f"the guest ended with {meaning}"
    return ""
