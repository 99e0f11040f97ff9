"""The command line that runs a test by hand, in a guest like those of a run."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from harness.cells.prepare import Prepared
from harness.machine.files import remove_path
from harness.suite.batch import ModulePlan
from harness.suite.observing import adapter_of, by_hand
from harness.suite.plans import chosen_plans
from matrix.errors import UsageError


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
    runtime = adapter_of(prepared)
    if not runtime.has_command_line:
        raise UsageError(
            "a guest in a browser has no command line",
            hint="`python -m harness serve` serves a Python prompt in the browser",
        )
    plans = chosen_plans(prepared.source, (test,))
    words = () if shell else regrtest_words(prepared, plans)
    remove_path(directory)
    directory.mkdir(parents=True)
    settings = prepared.settings
    if debugger or (runtime.names_source_lines and prepared.cell.build.debug):
        settings = msgspec.structs.replace(settings, compiled=settings.wasm)
    plain = by_hand(settings, runtime, directory, words)
    command = runtime.under_debugger(plain) if debugger else plain
    if command is None:
        raise UsageError(
            f"{prepared.cell.runtime.id} has no debugger",
            hint="wasmtime's command has one: --runtime wasmtime-cli-*",
        )
    work = directory / "work"
    return Reproduction(argv=command.argv, env=command.env, directory=work if work.is_dir() else directory)


def regrtest_words(prepared: Prepared, plans: Sequence[ModulePlan]) -> tuple[str, ...]:
    """The arguments of `python` that run modules, or only their named tests, with CPython's own runner."""
    words = ["-m", "test", "-v"]
    if prepared.settings.resources:
        words += ["-u", ",".join(prepared.settings.resources)]
    if prepared.settings.fail_env_changed:
        words.append("--fail-env-changed")
    words += ["--randseed", str(prepared.settings.seed)]
    for plan in plans:
        for name in plan.match:
            words += ["-m", name, "-m", f"{name}.*"]
    return (*words, *(plan.module for plan in plans))
