"""Node, which runs a build's `python.js`. The guest sees the host's files (Emscripten's NODERAWFS).

It may read all of them. Where the kernel has Landlock, it can write to its own directories only (`confine.py`). V8
limits the guest's memory.

V8's optimising compiler compiles the module once, and its code is kept (`node_compiled.js`). Guests start in half the
time, and the depth to which they can recurse does not depend on which functions V8 found hot.
"""

from __future__ import annotations

import signal
from pathlib import Path

from harness.guests.adapter import GuestRun, HostCommand
from harness.guests.guest_files import GuestFiles, host_files
from harness.guests.runtimes import confine
from harness.guests.runtimes.compiled import compiled
from harness.guests.runtimes.confined import Confined
from harness.guests.runtimes.ends import describe_javascript_end
from harness.guests.runtimes.v8_options import memory_option
from harness.machine.command import CommandFailed, capture
from harness.machine.hashing import digest_of
from harness.machine.store import Store

_COMPILED = Path(__file__).parent / "node_compiled.js"
_VARIABLE = "CPYTHON_WASM_COMPILED"
_OPTIMISED = ("--allow-natives-syntax", "--no-liftoff", "--no-wasm-lazy-compilation", "--no-wasm-tier-up")
"""V8 compiles the whole module at once, with its optimising compiler only"""


class Node(Confined):
    """The `node` command of one version."""

    keeps_code = True
    starts_modules = True

    def __init__(self, node: Path, digest: str, flags: tuple[str, ...]) -> None:
        self._node = node
        self._digest = digest
        self._flags = flags

    def compile(self, run: GuestRun, store: Store) -> Path:
        """V8's code for the module; the module itself when this version of Node cannot keep code."""

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

    def lay_out(self, tree: Path, build: str, directory: Path) -> GuestFiles:
        return host_files(tree, directory)

    def command(self, run: GuestRun, compiled: Path, scratch: Path) -> HostCommand:
        kept = compiled != run.wasm
        node = (str(self._node), *self._options(run, kept=kept))
        node += ("--require", str(_COMPILED), *run.argv) if kept else run.argv
        env = {_VARIABLE: str(compiled)} if kept else {}
        return HostCommand(argv=confine.confined(node, run.writable), env=env)

    def _options(self, run: GuestRun, *, kept: bool) -> tuple[str, ...]:
        """Options of node and of V8. V8 takes kept code only with the options that it was compiled with."""
        return (*self._flags, memory_option(run.memory_limit), *(_OPTIMISED if kept else ()))

    def describe_end(self, code: int, output: str) -> str:
        # V8 ends itself with SIGABRT and says why. Other signals come from outside, whatever was printed before.
        own = code > 0 or code == -signal.SIGABRT
        return (describe_javascript_end(output) if own else "") or super().describe_end(code, output)

    def under_debugger(self, command: HostCommand) -> HostCommand:
        argv = list(command.argv)
        argv.insert(argv.index(str(self._node)) + 1, "--inspect-brk")  # then chrome://inspect
        return HostCommand(argv=tuple(argv), env=command.env)
