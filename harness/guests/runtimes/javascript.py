"""A runtime of JavaScript other than Node (Deno, Bun): `command` of its row in runtimes.toml says how it is called.

It runs a build's `python.js` with Node's interfaces, which it imitates, and the guest sees the host's files as under
Node. Where the kernel has Landlock, the guest writes to its own directories only. What the row cannot limit of the
guest's memory is limited for the process as a whole.
"""

from __future__ import annotations

from pathlib import Path

from harness.guests.adapter import GuestRun, HostCommand
from harness.guests.guest_files import GuestFiles, host_files
from harness.guests.runtimes import confine
from harness.guests.runtimes.confined import Confined
from harness.guests.runtimes.ends import describe_javascript_end, describe_known_end
from matrix.commands import CommandLine, filled, limits

_STACK = 8 << 20
"""bytes of the main thread's stack, at least: a row may give most of them to the guest"""
_OWN = 2 << 30
"""bytes of memory for the command itself, beside the guest's and as much for code and JavaScript's objects"""


class JavaScript(Confined):
    """A command with its command line."""

    def __init__(self, name: str, command: Path, line: CommandLine) -> None:
        self._name = name
        self._command = command
        self._line = line

    @property
    def shortcomings(self) -> tuple[str, ...]:
        if self._line.asks_for("memory", "pages"):
            return ()
        return (f"{self._name} has no option for the guest's memory: its process is limited as a whole",)

    def lay_out(self, tree: Path, build: str, directory: Path) -> GuestFiles:
        return host_files(tree, directory)

    def command(self, run: GuestRun, compiled: Path, scratch: Path) -> HostCommand:
        values = {"argv0": run.argv[0], **limits(run.memory_limit, run.wasm_stack)}
        argv = (str(self._command), *filled(self._line.run, values, {"arguments": run.argv[1:]}))
        memory = 2 * run.memory_limit + _OWN
        return HostCommand(argv=confine.confined(argv, run.writable, stack=_STACK, memory=memory))

    def describe_end(self, code: int, output: str) -> str:
        known = describe_known_end(self._line.ends, code, output) or describe_javascript_end(output)
        return known or super().describe_end(code, output)
