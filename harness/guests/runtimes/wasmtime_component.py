"""wasmtime's command, with the module as a component of WASI 0.2.

wasm-tools joins the module and an adapter, which has the imports of preview 1 on top of WASI 0.2:
https://github.com/bytecodealliance/wasmtime/tree/main/crates/wasi-preview1-component-adapter
"""

from __future__ import annotations

from pathlib import Path

from harness.guests.adapter import GuestRun
from harness.guests.runtimes.compiled import compiled
from harness.guests.runtimes.ends import LAST
from harness.guests.runtimes.wasmtime_cli import WasmtimeCli
from harness.machine.command import CommandFailed, capture
from harness.machine.hashing import digest_of
from harness.machine.store import Store
from matrix.errors import GuestDidNotStart

_FAILED = "\n    0: failed to invoke `run` function\n"
"""what wasmtime prints, with status 1, when a call of the guest fails in a way that the guest cannot be told"""


class WasmtimeComponent(WasmtimeCli):
    """`wasmtime run` of one version, wasm-tools, and the adapter; all lie in one directory."""

    starts_modules = names_source_lines = False
    """guests never start from the module itself"""

    def __init__(self, parts: Path, digest: str) -> None:
        """`parts` is the directory, `digest` identifies what is in it."""
        super().__init__(parts / "wasmtime", digest)
        self._parts = parts

    @property
    def shortcomings(self) -> tuple[str, ...]:
        return ("WASI 0.2 has the exit statuses 0 and 1 only: a guest's other ones are 1 (wasi:cli/exit)",)

    def compile(self, run: GuestRun, store: Store) -> Path:
        flags = self._engine_flags(run)

        def make(target: Path) -> None:
            component = target.with_suffix(".component")
            (adapter,) = self._parts.glob("wasi_snapshot_preview1.*.wasm")
            joined = ["component", "new", str(run.wasm), "--adapt", f"wasi_snapshot_preview1={adapter}"]
            try:
                capture([str(self._parts / "wasm-tools"), *joined, "-o", str(component)], timeout=600)
                capture([str(self._command), "compile", *flags, "-o", str(target), str(component)], timeout=600)
            except CommandFailed as exc:
                raise GuestDidNotStart(f"wasmtime cannot run {run.wasm} as a component: {exc}") from None
            finally:
                component.unlink(missing_ok=True)

        return compiled(store, f"{digest_of(run.wasm_digest, self._digest, *flags)}-component.cwasm", make)

    def describe_end(self, code: int, output: str) -> str:
        if code == 1 and _FAILED in output[-LAST:]:
            return "the guest ended with a call that WASI 0.2 refuses"
        return super().describe_end(code, output)

    @staticmethod
    def _wasi_flags() -> list[str]:
        return []
