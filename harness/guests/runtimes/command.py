"""A command whose use is described by data: `command` of its row in runtimes.toml (`matrix.commands`).

What such a command cannot do is done for it where that is possible. The limit on memory is written into a copy of the
module, where it asks the runtime for none. Where the kernel has Landlock, the guest writes to its own directories only.
`confine.py` also limits the memory of the command itself, so that a runtime without a limit on the guest's stack ends.
"""

from __future__ import annotations

import os
from pathlib import Path

from harness.build.recipes.layout import LIBRARY
from harness.build.wasm_sections import with_memory_limit
from harness.guests.adapter import GuestRun, HostCommand
from harness.guests.guest_files import GuestFiles, Preopen, private_root
from harness.guests.runtimes import confine
from harness.guests.runtimes.compiled import compiled
from harness.guests.runtimes.confined import Confined
from harness.guests.runtimes.ends import describe_known_end
from harness.machine.command import CommandFailed, capture
from harness.machine.hashing import digest_of
from harness.machine.store import Store
from matrix.commands import PAGE, CommandLine, filled, limits
from matrix.errors import GuestDidNotStart

_CODE = "code"
"""where the compiled code lies in what is kept; the module is beside it"""
_OWN = 2 << 30
"""bytes of memory for the command itself, beside twice the guest's: some copy a memory that grows"""
_FRAMES = 8
"""times the guest's stack that the command's main thread has: an interpreter's frames are larger than the guest's.
With the kernel's 8 MiB WasmEdge ends in test_call.TestRecursion.test_super_deep, with 64 MiB it does not."""


class Command(Confined):
    """A command with its command line."""

    def __init__(self, name: str, command: Path, digest: str, line: CommandLine) -> None:
        """`digest` identifies the command."""
        self._name = name
        self._command = command
        self._digest = digest
        self._line = line

    @property
    def keeps_code(self) -> bool:
        return bool(self._line.compile)

    @property
    def shortcomings(self) -> tuple[str, ...]:
        found = []
        if not self._line.asks_for("argv0"):
            found.append(f"{self._name} chooses argv[0] itself: CPython does not know where its program lies")
        if not self._line.asks_for("stack", "kib"):
            found.append(f"{self._name} has no option for the size of the stack: its own limit holds")
        if not self._line.confines:
            found.append(f"{self._name} does not keep guests in their directories: a link can lead them out to read")
        return tuple(found)

    @property
    def _limits_memory(self) -> bool:
        return self._line.asks_for("memory", "pages")

    def compile(self, run: GuestRun, store: Store) -> Path:
        """A directory with the module as the command gets it, and its code."""
        if self._limits_memory and not self._line.compile:
            return run.wasm

        def make(target: Path) -> None:
            module = target / run.wasm.name
            (target / _CODE).mkdir(parents=True)
            if self._limits_memory:
                os.link(run.wasm, module)
            else:
                module.write_bytes(with_memory_limit(run.wasm.read_bytes(), run.memory_limit // PAGE))
            if self._line.compile:
                words = filled(self._line.compile, self._values(run, target), {})
                try:
                    capture([str(self._command), *words], timeout=3600)
                except CommandFailed as exc:
                    raise GuestDidNotStart(f"{self._name} cannot compile {run.wasm}: {exc}") from None

        limited = () if self._limits_memory else (str(run.memory_limit),)
        words = filled(self._line.compile, {**self._values(run, Path()), "module": "", "code": ""}, {})
        name = digest_of(run.wasm_digest, self._digest if words else "", *words, *limited)
        return compiled(store, f"{name}-command", make)

    def _values(self, run: GuestRun, kept: Path) -> dict[str, str]:
        """What the placeholders that are no lists stand for; `kept` is what `compile` returned."""
        return {
            "module": str(run.wasm if kept == run.wasm else kept / run.wasm.name),
            "code": str(kept / _CODE),
            "argv0": run.argv[0] if run.argv else "",
            **limits(run.memory_limit, run.wasm_stack),
        }

    def lay_out(self, tree: Path, build: str, directory: Path) -> GuestFiles:
        return private_root(tree, build, directory)

    def command(self, run: GuestRun, compiled: Path, scratch: Path) -> HostCommand:
        line = self._line
        env = dict(run.env)
        if not line.asks_for("argv0"):  # CPython finds its library by argv[0]
            env["PYTHONPATH"] = ":".join(filter(None, (LIBRARY, env.get("PYTHONPATH"))))
        words = filled(
            line.run,
            self._values(run, compiled),
            {
                "preopens": [word for preopen in run.preopens for word in self._preopened(preopen)],
                "variables": [
                    word
                    for name, value in env.items()
                    for word in filled(line.variable, {"name": name, "value": value}, {})
                ],
                "arguments": run.argv[1:],
            },
        )
        argv = (str(self._command), *words)
        stack, memory = _FRAMES * run.wasm_stack, 2 * run.memory_limit + _OWN
        return HostCommand(argv=confine.confined(argv, run.writable, stack=stack, memory=memory))

    def _preopened(self, preopen: Preopen) -> tuple[str, ...]:
        # A runtime's read-only directories refuse also to remove a file that is not there, where Landlock says ENOENT.
        own = self._line.preopen if preopen.writable or self.confines_writes else self._line.read_only
        words = own or self._line.preopen
        return filled(words, {"host": str(preopen.host), "guest": preopen.guest}, {})

    def describe_end(self, code: int, output: str) -> str:
        return describe_known_end(self._line.ends, code, output) or super().describe_end(code, output)
