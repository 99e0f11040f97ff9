"""wasmtime's command, with the flags of upstream's HOSTRUNNER (Tools/wasm/wasi.py).

https://docs.wasmtime.dev/cli-options.html
"""

from __future__ import annotations

from pathlib import Path

from harness.guests.adapter import GuestRun, HostCommand
from harness.guests.guest_files import GuestFiles, private_root
from harness.guests.runtimes import confine
from harness.guests.runtimes.compiled import compiled
from harness.guests.runtimes.confined import Confined
from harness.guests.runtimes.ends import describe_wasmtime_end
from harness.machine.command import CommandFailed, capture
from harness.machine.hashing import digest_of
from harness.machine.store import Store
from matrix.errors import GuestDidNotStart


class WasmtimeCli(Confined):
    """`wasmtime run` of one version. Landlock confines it, since `--dir` has no read-only form."""

    keeps_code = True
    starts_modules = True
    names_source_lines = True
    """only for a module that it compiles itself: https://docs.wasmtime.dev/wasm-wat.html"""

    def __init__(self, command: Path, digest: str) -> None:
        """`digest` identifies the command: builds of one version may differ."""
        self._command = command
        self._digest = digest

    def compile(self, run: GuestRun, store: Store) -> Path:
        flags = self._engine_flags(run)

        def make(target: Path) -> None:
            argv = [str(self._command), "compile", *flags, "-o", str(target), str(run.wasm)]
            try:
                capture(argv, timeout=600)
            except CommandFailed as exc:
                raise GuestDidNotStart(f"wasmtime cannot compile {run.wasm}: {exc}") from None

        return compiled(store, f"{digest_of(run.wasm_digest, self._digest, *flags)}-cli.cwasm", make)

    @staticmethod
    def _engine_flags(run: GuestRun) -> list[str]:
        return ["-W", f"max-wasm-stack={run.wasm_stack}"]

    @staticmethod
    def _wasi_flags() -> list[str]:
        """How a module of preview 1 gets its imports; a component has none of them."""
        return ["-S", "preview2"]

    def _run_flags(self, run: GuestRun) -> list[str]:
        flags = [*self._engine_flags(run), *self._wasi_flags(), "--argv0", run.argv[0]]
        for preopen in run.preopens:
            flags += ["--dir", f"{preopen.host}::{preopen.guest}"]
        for name, value in run.env.items():
            flags += ["--env", f"{name}={value}"]
        return flags

    def lay_out(self, tree: Path, build: str, directory: Path) -> GuestFiles:
        return private_root(tree, build, directory)

    def command(self, run: GuestRun, compiled: Path, scratch: Path) -> HostCommand:
        limits = ["-W", f"max-memory-size={run.memory_limit}", "-C", "cache=n"]
        argv = (
            str(self._command), "run", "--allow-precompiled", *limits, *self._run_flags(run),
            str(compiled), *run.argv[1:],
        )  # fmt: skip
        return HostCommand(
            argv=confine.confined(argv, run.writable),
            # The variable has no effect on a module that was compiled before.
            env={"WASMTIME_BACKTRACE_DETAILS": "1"} if compiled == run.wasm else {},
        )

    def describe_end(self, code: int, output: str) -> str:
        return describe_wasmtime_end(code)

    def under_debugger(self, command: HostCommand) -> HostCommand:
        # https://docs.wasmtime.dev/examples-debugging.html
        argv = list(command.argv)
        start = argv.index(str(self._command))
        argv[start : start + 2] = ["gdb", "--args", *argv[start : start + 2], "-Ddebug-info"]
        return HostCommand(argv=tuple(argv), env=command.env)
