"""What executes a guest: one module per runtime; each only computes a command."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import msgspec

from harness.guests.places import Place, Preopen
from harness.machine.process import describe_exit
from harness.machine.store import Store


class GuestRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a guest, whatever executes it."""

    wasm: Path
    wasm_digest: str
    argv: tuple[str, ...]
    """argv[0] is the executable's path as the guest sees it"""
    env: dict[str, str]
    preopens: tuple[Preopen, ...]
    wasm_stack: int
    """bytes"""
    memory_limit: int
    """bytes of linear memory; growing beyond fails in the guest with MemoryError"""
    slot: int = 0
    """which of the guests that run side by side this is, from 0"""


TRAPPED = 134
"""the exit status after a trap, of wasmtime's CLI as of `host.py`"""


def describe_wasmtime_end(code: int) -> str:
    return "the guest ended with " + ("a trap or an abort" if code == TRAPPED else describe_exit(code))


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What to start on the host."""

    argv: tuple[str, ...]
    env: dict[str, str] = {}


class Adapter(Protocol):
    """A runtime of one version."""

    @property
    def confines_writes(self) -> bool:
        """Whether it keeps the guest from writing to preopened directories that are not writable."""

    def compile(self, run: GuestRun, store: Store) -> Path:
        """The module compiled ahead of time, from the cache when it is there."""

    def place(self, tree: Path, build: str, directory: Path) -> Place:
        """Lay out a guest's files in `directory`; it sees `tree`, whose build it sees at `build`."""

    def command(self, run: GuestRun, compiled: Path, scratch: Path) -> Command:
        """The command that runs the guest; `scratch` is a directory for files of the command's own."""

    def describe_end(self, code: int, output: str) -> str:
        """How a guest ended that was not told to, from its exit status (not 0) and what it printed."""
