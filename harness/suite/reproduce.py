"""The command line that runs a test by hand, in a guest like those of a run."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from harness.cells.prepare import Prepared
from harness.guests.adapter import Command
from harness.machine.files import remove_path
from harness.suite.batch import ModulePlan
from harness.suite.observing import adapter_of, by_hand
from harness.suite.plans import chosen_plans
from matrix.errors import UsageError
from matrix.model import RuntimeKind


class Reproduction(msgspec.Struct, frozen=True, kw_only=True):
    """A command, the environment variables that it adds, and where to start it."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    directory: Path

    def shown(self) -> str:
        """As one line of a shell."""
        variables = [f"{name}={value}" for name, value in sorted(self.env.items())]
        return f"cd {shlex.quote(str(self.directory))} && env {shlex.join([*variables, *self.argv])}"


def reproduction(
    prepared: Prepared, test: str, directory: Path, *, shell: bool = False, debugger: bool = False
) -> Reproduction:
    """Lay out a guest's files in `directory`, which is emptied; the command that runs a test there with regrtest.

    With `shell` it starts Python's prompt instead, with `debugger` it runs under the runtime's debugger.
    Raises UsageError for a runtime that has no command line or no debugger, and for an unknown test.
    """
    if prepared.cell.runtime.kind is RuntimeKind.BROWSER:
        raise UsageError(
            "a guest in a browser has no command line",
            hint="`python -m harness serve` serves a Python prompt in the browser",
        )
    plans = chosen_plans(prepared.source, (test,))
    words = () if shell else regrtest_words(prepared, plans)
    remove_path(directory)
    directory.mkdir(parents=True)
    settings = prepared.settings
    # wasmtime's command then names source lines of a build that has them, but only of a module that it compiles
    # itself: https://docs.wasmtime.dev/wasm-wat.html
    lines = prepared.cell.runtime.kind is RuntimeKind.CLI and (debugger or prepared.cell.build.debug)
    if lines or debugger:
        settings = msgspec.structs.replace(settings, compiled=settings.wasm)
    command = by_hand(settings, adapter_of(prepared), directory, words)
    if debugger:
        command = under_debugger(command, prepared)
    work = directory / "work"
    return Reproduction(
        argv=command.argv,
        env=command.env | ({"WASMTIME_BACKTRACE_DETAILS": "1"} if lines else {}),
        directory=work if work.is_dir() else directory,
    )


def regrtest_words(prepared: Prepared, plans: Sequence[ModulePlan]) -> tuple[str, ...]:
    """The arguments of `python` that run modules, or only their named tests, with CPython's own runner."""
    words = ["-m", "test", "-v"]
    if prepared.settings.resources:
        words += ["-u", ",".join(prepared.settings.resources)]
    for plan in plans:
        for name in plan.match:
            words += ["-m", name, "-m", f"{name}.*"]
    return (*words, *(plan.module for plan in plans))


def under_debugger(command: Command, prepared: Prepared) -> Command:
    """The command under its runtime's debugger. Raises UsageError for a runtime without one."""
    argv = list(command.argv)
    if prepared.cell.runtime.kind is RuntimeKind.NODE:
        argv.insert(argv.index(str(prepared.runtime.path)) + 1, "--inspect-brk")  # then chrome://inspect
    elif prepared.cell.runtime.kind is RuntimeKind.CLI:
        # https://docs.wasmtime.dev/examples-debugging.html
        argv.insert(argv.index("run") + 1, "-Ddebug-info")
        argv = ["gdb", "--args", *argv]
    else:
        raise UsageError(
            f"{prepared.cell.runtime.id} has no debugger",
            hint="wasmtime's command has one: --runtime wasmtime-cli-*",
        )
    return Command(argv=tuple(argv), env=command.env)
