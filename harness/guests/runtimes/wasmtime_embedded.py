"""wasmtime's shared library. A Python process for each guest calls it (`host.py`)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from harness.guests.adapter import Adapter, GuestRun, HostCommand
from harness.guests.guest_files import GuestFiles, private_root
from harness.guests.runtimes.compiled import compiled
from harness.guests.runtimes.confined import Confined
from harness.guests.runtimes.ends import describe_wasmtime_end
from harness.guests.runtimes.wasmtime_cli import WasmtimeCli
from harness.machine.command import CommandFailed, capture
from harness.machine.hashing import digest_of
from harness.machine.store import Store
from matrix import json_records
from matrix.errors import GuestDidNotStart

HOST = Path(__file__).parent / "host.py"


class EmbeddedHostSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What `host.py` gets, as JSON."""

    site: str
    """the directory with the wasmtime package"""
    module: str
    compiled: str
    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    preopens: tuple[tuple[str, str], ...]
    writable: tuple[str, ...] | None
    """the directories that the process may write to; None for any"""
    wasm_stack: int
    memory_limit: int
    cpu: int | None = None
    """the processor to stay on; None for any"""


class WasmtimeEmbedded(Confined):
    """The wasmtime package of one version.

    Landlock confines the guest's own process. wasmtime's read-only directories would refuse also to remove a file that
    is not there (EPERM), which CPython's tests take for a fault.
    """

    keeps_code = True

    def __init__(self, site: Path, digest: str) -> None:
        self._site = site
        self._digest = digest

    def compile(self, run: GuestRun, store: Store) -> Path:
        def make(target: Path) -> None:
            try:
                capture([*_python(), str(HOST), "--compile", self._spec(run, target)], timeout=600)
            except CommandFailed as exc:
                raise GuestDidNotStart(f"wasmtime cannot compile {run.wasm}: {exc}") from None

        name = digest_of(run.wasm_digest, self._digest, str(run.wasm_stack))
        return compiled(store, f"{name}-embedded.cwasm", make)

    def _spec(
        self, run: GuestRun, compiled: Path, *, writable: tuple[str, ...] | None = None, cpu: int | None = None
    ) -> str:
        spec = EmbeddedHostSpec(
            site=str(self._site),
            module=str(run.wasm),
            compiled=str(compiled),
            argv=run.argv,
            env=tuple(run.env.items()),
            preopens=tuple((str(preopen.host), preopen.guest) for preopen in run.preopens),
            writable=writable,
            wasm_stack=run.wasm_stack,
            memory_limit=run.memory_limit,
            cpu=cpu,
        )
        return json_records.encode(spec).decode()

    def lay_out(self, tree: Path, build: str, directory: Path) -> GuestFiles:
        return private_root(tree, build, directory)

    def command(self, run: GuestRun, compiled: Path, scratch: Path) -> HostCommand:
        # The library hands each file-system call to another thread and waits for it. With both threads on one
        # processor this takes half the time: eleven test modules take 12 s, not 22 s.
        # https://github.com/bytecodealliance/wasmtime/pull/8190
        processors = sorted(os.sched_getaffinity(0))
        cpu = processors[run.slot % len(processors)]
        writable = tuple(map(str, run.writable))
        spec = self._spec(run, compiled, writable=writable if self.confines_writes else None, cpu=cpu)
        return HostCommand(argv=(*_python(), str(HOST), spec))

    @property
    def typed(self) -> Adapter:
        return WasmtimeCli(Path("wasmtime"), self._digest)

    def describe_end(self, code: int, output: str) -> str:
        return describe_wasmtime_end(code)


def _python() -> tuple[str, ...]:
    """The harness's interpreter without site-packages, .pth files and user settings, because it starts faster."""
    return (sys.executable, "-I", "-S")
