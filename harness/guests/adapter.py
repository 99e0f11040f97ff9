"""The interface between the harness and a runtime: an adapter computes the command that runs a guest.

A command that runs WASI modules needs no adapter of its own: a row of runtimes.toml says how it is called
(`matrix.commands`, `runtimes.command`). To add any other runtime:

- write a module in `runtimes/` with a subclass of `Adapter`;
- give it a kind: a member of `RuntimeKind` in `matrix/model.py` and a line in the table of `runtimes/choose.py`;
- add a `[[runtime]]` with that kind to `matrix/data/runtimes.toml`, and its name to `runtimes` of the targets in
  `matrix/data/targets.toml` that it can execute.

The harness finds it as a command on PATH that has the name of the `[[runtime]]`, or at the path in its `executable`, or
in the wheel that it names. `COMMAND --version` must print the version that the `[[runtime]]` gives.

An adapter answers these questions:

1. Which files does the guest see, and under which paths? `lay_out` creates them; `harness.guests.guest_files` has the
   three usual answers: a private root (WASI's preopened directories), the host's own files, files in memory.
2. Which command runs the guest? `command` gets a `GuestRun` and returns argv and environment for the host. It has to
   pass on all of the `GuestRun`: the guest's argv and environment, each directory in `preopens`, the limit on memory
   and, where the runtime has such an option, `wasm_stack`. The command's standard output and error must be those of
   the guest, and its exit status must be the guest's. `run.env` is for the guest: pass it with the runtime's options.
   `run.argv[0]` matters, too: CPython looks for its library from there (wasmtime has `--argv0` for it).
3. Which limits does the runtime enforce? The harness itself limits time and output: it kills the command. The limit
   on memory is the runtime's, and `confines_writes` says whether the guest can write outside its own directories.
   `runtimes.confine` has what the kernel can enforce instead. `shortcomings` says what nobody enforces.
4. How did a guest end? `describe_end` tells a trap from an exit by exit status and output. Without it, reports show
   the exit status.
5. Is compiled code kept? `compile` may put it into the store (`runtimes.compiled`), and guests start from that.
   Without it, `command` gets the module itself, and the runtime compiles it for each guest.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

import msgspec

from harness.guests.guest_files import GuestFiles, Preopen
from harness.machine.process import describe_exit
from harness.machine.store import Store


class Lent(ABC):
    """What guests of one worker use one after the other, such as a browser for their pages."""

    @abstractmethod
    def give_back(self, *, sound: bool) -> None:
        """A guest does not need it any more. It is `sound` when nothing tells against another guest's use."""


class GuestRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a guest, whatever executes it."""

    wasm: Path
    """the WebAssembly module; Emscripten's builds have a `python.js` beside it, which is argv[0]"""
    wasm_digest: str
    argv: tuple[str, ...]
    """argv[0] is the executable's path as the guest sees it"""
    env: dict[str, str]
    """the guest's environment"""
    preopens: tuple[Preopen, ...]
    """the host's directories that the guest may use, from `GuestFiles`"""
    wasm_stack: int
    """bytes"""
    memory_limit: int
    """bytes of linear memory; growing beyond it must fail, which the guest sees as MemoryError"""
    slot: int = 0
    """number of the guest among those that run side by side, from 0"""
    lent: Lent | None = None
    """what `Adapter.lend` returned, where guests follow one another"""

    @property
    def writable(self) -> tuple[Path, ...]:
        """The directories on the host that the guest may write to."""
        return tuple(preopen.host for preopen in self.preopens if preopen.writable)


class HostCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command for the host to start, and the variables that it needs beside the harness's basic environment."""

    argv: tuple[str, ...]
    env: dict[str, str] = {}
    descriptors: tuple[int, ...] = ()
    """open files of the harness that it gets"""
    companion: int | None = None
    """the number of a process that works for the guest beside the command's, whose processor time counts, too"""


class Adapter(ABC):
    """One runtime in one version, as it is on this machine."""

    @abstractmethod
    def lay_out(self, tree: Path, build: str, directory: Path) -> GuestFiles:
        """Create a guest's own files in `directory`, which is empty, and say where the guest sees them.

        `tree` is the directory on the host with all that guests share: CPython's library and sources, and the
        build, which the guest sees at `build` (as in `/cross-build/wasm32-wasip1`). It must stay unchanged.
        """

    @abstractmethod
    def command(self, run: GuestRun, compiled: Path, scratch: Path) -> HostCommand:
        """The command that runs a guest.

        `compiled` is what `compile` returned. `scratch` is the directory that `lay_out` filled, where the command
        starts; it may hold further files of the command's.
        """

    def try_out(self, store: Store, digest: str) -> None:
        """Find out before a build and a run whether guests can start here, where that is not known otherwise.

        `digest` is the runtime's. Raises Unobtainable, with the reason, when they cannot start.
        """
        return

    def lend(self, store: Store) -> Lent | None:
        """What one of many guests that follow one another uses and then gives back; None for nothing."""
        return None

    def close(self) -> None:
        """End what is lent to guests; there are no more."""
        return

    def compile(self, run: GuestRun, store: Store) -> Path:
        """Compile the module ahead of time, unless the store has its code; the file to start guests from.

        Returns `run.wasm` when guests start from the module itself. `run` has no argv, env or preopens here.
        Raises GuestDidNotStart when the module cannot be compiled.
        """
        return run.wasm

    def describe_end(self, code: int, output: str) -> str:
        """How a guest ended, as words for a report.

        `code` is the command's exit status, negative for a signal, never 0; `output` is what the guest printed.
        """
        return f"the guest ended with {describe_exit(code)}"

    def describe_silence(self, scratch: Path) -> str:
        """What is known of a guest that was ended because it had never written an event; "" for nothing.

        `scratch` is the one that `command` got.
        """
        return ""

    @property
    def confines_writes(self) -> bool:
        """Whether the guest can write to the preopened directories that are `writable`, and nowhere else.

        Reports have a note where it is not so: such guests could change the library that all guests share.
        """
        return False

    @property
    def shortcomings(self) -> tuple[str, ...]:
        """What the runtime cannot do that makes its guests differ from others, each as a note for reports."""
        return ()

    @property
    def keeps_code(self) -> bool:
        """Whether `compile` normally returns code; reports have a note when it returns the module after all."""
        return False

    @property
    def has_command_line(self) -> bool:
        """Whether a person can start a guest in a terminal, for `triage repro`."""
        return True

    @property
    def starts_modules(self) -> bool:
        """Whether guests can start from the module itself in place of what `compile` returned."""
        return False

    @property
    def one_at_a_time(self) -> bool:
        """Whether guests cannot run side by side."""
        return False

    @property
    def asks(self) -> str:
        """What a person has to do before guests run; "" for nothing."""
        return ""

    @property
    def typed(self) -> Adapter:
        """The adapter whose command line people type: of the runtime's own command, where this calls its library."""
        return self

    @property
    def names_source_lines(self) -> bool:
        """Whether a trap's backtrace names source lines of a debug build, when guests start from the module itself."""
        return False

    def under_debugger(self, command: HostCommand) -> HostCommand | None:
        """The command of a guest under a debugger, for `triage repro --debugger`; None when there is no debugger."""
        return None
