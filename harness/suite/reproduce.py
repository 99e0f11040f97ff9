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

_WIDTH = 100


class Reproduction(msgspec.Struct, frozen=True, kw_only=True):
    """A command, the environment variables that it adds, and where to start it."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    directory: Path

    def shown(self) -> str:
        """As one line of a shell."""
        return f"cd {shlex.quote(str(self.directory))} && env {shlex.join(self._words)}"

    def folded(self) -> str:
        """As a command of a shell for people, in lines of about 100 characters."""
        lines = [f"cd {shlex.quote(str(self.directory))}", "env"]
        for words in _with_values(list(map(shlex.quote, self._words))):
            if len(lines[-1]) + len(words) > _WIDTH:
                lines[-1] += " \\"
                lines.append("   ")
            lines[-1] += f" {words}"
        return "\n".join(lines)

    @property
    def _words(self) -> list[str]:
        return [*(f"{name}={value}" for name, value in sorted(self.env.items())), *self.argv]


def _with_values(words: Sequence[str]) -> list[str]:
    """Words of a command line; an option and the word behind it, which may be its value, are one."""
    found: list[str] = []
    for word in words:
        option = bool(found) and found[-1].startswith("-") and not {" ", "="} & set(found[-1])
        if option and not word.startswith("-"):
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def reproduction(
    prepared: Prepared,
    test: str,
    directory: Path,
    *,
    shell: bool = False,
    debugger: bool = False,
    bare: bool = False,
) -> Reproduction:
    """Lay out a guest's files in `directory`, which is emptied; the command that runs a test there with regrtest.

    With `shell` it starts Python's prompt instead, with `debugger` it runs under the runtime's debugger. A `bare` one
    is the runtime's own command, with the module where the runtime can start that: what its maintainers want to see.
    Raises UsageError for a runtime that has no command line or no debugger, and for an unknown test.
    """
    runtime = adapter_of(prepared).typed if bare else adapter_of(prepared)
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
    if debugger or (bare and runtime.starts_modules) or (runtime.names_source_lines and prepared.cell.build.debug):
        settings = msgspec.structs.replace(settings, compiled=settings.wasm)
    plain = by_hand(settings, runtime, directory, words, bare=bare)
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
