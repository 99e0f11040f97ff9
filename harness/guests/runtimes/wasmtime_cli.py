"""wasmtime's command, with the flags that upstream's HOSTRUNNER has (Tools/wasm/wasi.py).

https://docs.wasmtime.dev/cli-options.html
"""

from __future__ import annotations

from pathlib import Path

from packaging.version import Version

from harness.guests import places
from harness.guests.adapter import Command, GuestRun, describe_wasmtime_end
from harness.guests.places import Place
from harness.guests.runtimes.compiled import compiled
from harness.machine.command import CommandFailed, capture
from harness.machine.hashing import digest_of
from harness.machine.store import Store
from matrix.errors import HarnessFault


class WasmtimeCli:
    """`wasmtime run` of one version."""

    confines_writes = False
    """--dir has no read-only form"""

    def __init__(self, command: Path, version: str) -> None:
        self._command = command
        self._version = Version(version)

    def compile(self, run: GuestRun, store: Store) -> Path:
        flags = self._engine_flags(run)

        def make(target: Path) -> None:
            argv = [str(self._command), "compile", *flags, "-o", str(target), str(run.wasm)]
            try:
                capture(argv, timeout=600)
            except CommandFailed as exc:
                raise HarnessFault(f"wasmtime cannot compile {run.wasm}: {exc}") from None

        return compiled(store, f"{digest_of(run.wasm_digest, str(self._version), *flags)}-cli.cwasm", make)

    @staticmethod
    def _engine_flags(run: GuestRun) -> list[str]:
        return ["-W", f"max-wasm-stack={run.wasm_stack}"]

    def _run_flags(self, run: GuestRun) -> list[str]:
        flags = [*self._engine_flags(run), "-S", "preview2", "--argv0", run.argv[0]]
        for preopen in run.preopens:
            flags += ["--dir", f"{preopen.host}::{preopen.guest}"]
        for name, value in run.env.items():
            flags += ["--env", f"{name}={value}"]
        return flags

    def place(self, tree: Path, build: str, directory: Path) -> Place:
        return places.private_place(tree, build, directory)

    def command(self, run: GuestRun, compiled: Path, scratch: Path) -> Command:
        limits = ["-W", f"max-memory-size={run.memory_limit}", "-C", "cache=n"]
        return Command(
            argv=(
                str(self._command), "run", "--allow-precompiled", *limits, *self._run_flags(run),
                str(compiled), *run.argv[1:],
            )
        )  # fmt: skip

    def describe_end(self, code: int, output: str) -> str:
        return describe_wasmtime_end(code)
