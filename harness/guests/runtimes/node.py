"""Node, which runs a build's `python.js`. The guest sees the host's files (Emscripten's NODERAWFS).

It may read them all and write to its own directories only, which Landlock sees to where the kernel has it
(`confine.py`). The memory limit is V8's, for a WebAssembly memory.

The module is compiled once, with V8's optimising compiler, and its code kept (`node_compiled.js`): guests start
in half the time, and how deep they can recurse does not depend on which functions V8 found hot.
"""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path

from harness.guests import places
from harness.guests.adapter import Command, GuestRun
from harness.guests.places import Place
from harness.guests.runtimes import confine
from harness.guests.runtimes.compiled import compiled
from harness.machine.command import CommandFailed, capture
from harness.machine.hashing import digest_of
from harness.machine.process import describe_exit
from harness.machine.store import Store

_CONFINE = Path(__file__).parent / "confine.py"
_COMPILED = Path(__file__).parent / "node_compiled.js"
_VARIABLE = "CPYTHON_WASM_COMPILED"
_OPTIMISED = ("--allow-natives-syntax", "--no-liftoff", "--no-wasm-lazy-compilation", "--no-wasm-tier-up")
"""V8 compiles all of a module at once, with its optimising compiler only"""
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

    def __init__(self, node: Path, digest: str, flags: tuple[str, ...]) -> None:
        self._node = node
        self._digest = digest
        self._flags = flags

    @property
    def confines_writes(self) -> bool:
        return confine.version() > 0

    def compile(self, run: GuestRun, store: Store) -> Path:
        """V8's code of the module; the module itself when this Node cannot keep any."""

        def make(target: Path) -> None:
            capture([*node, "--write", str(run.wasm), str(target)], timeout=600)
            capture([*node, "--check", str(run.wasm), str(target)])

        def usable(target: Path) -> bool:
            try:
                capture([*node, "--check", str(run.wasm), str(target)])
            except CommandFailed:
                return False
            return True

        options = self._options(run, kept=True)
        node = (str(self._node), *options, str(_COMPILED))
        name = digest_of(run.wasm_digest, self._digest, *options)
        try:
            return compiled(store, f"{name}-node.code", make, usable=usable)
        except CommandFailed:
            return run.wasm

    def place(self, tree: Path, build: str, directory: Path) -> Place:
        return places.host_place(tree, directory)

    def command(self, run: GuestRun, compiled: Path, scratch: Path) -> Command:
        kept = compiled != run.wasm
        node = (str(self._node), *self._options(run, kept=kept))
        node += ("--require", str(_COMPILED), *run.argv) if kept else run.argv
        env = {_VARIABLE: str(compiled)} if kept else {}
        if not self.confines_writes:
            return Command(argv=node, env=env)
        writable = [str(preopen.host) for preopen in run.preopens if preopen.writable]
        return Command(argv=(sys.executable, "-I", "-S", str(_CONFINE), *writable, "--", *node), env=env)

    def _options(self, run: GuestRun, *, kept: bool) -> tuple[str, ...]:
        """node's options, which are V8's, too: code is kept for the very options it was made with."""
        limit = f"--wasm-max-mem-pages={run.memory_limit // _PAGE}"
        return (*self._flags, limit, *(_OPTIMISED if kept else ()))

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
