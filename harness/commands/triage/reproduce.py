"""`triage repro` and `triage minimise`: a test on the terminal, and what has to run before it so that it fails."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.markup import escape

from harness.cells.prepare import Options, Prepared, Preparer
from harness.cells.request import Arguments
from harness.cells.selection import matrix_of, selected_cells
from harness.commands.cli import parse
from harness.commands.progress import TerminalWatcher
from harness.commands.triage.search import fewest
from harness.guests.adapter import Command
from harness.machine.command import run_attached
from harness.machine.files import remove_path
from harness.machine.process import base_environment
from harness.machine.store import Store
from harness.suite.batch import ModulePlan
from harness.suite.observing import adapter_of, by_hand, fails_after, observe
from harness.suite.plans import chosen_plans
from matrix.errors import UsageError
from matrix.model import Matrix, RuntimeKind
from matrix.names import spellings
from matrix.outcome import Status
from matrix.resolve import ResolvedCell


class Chosen(msgspec.Struct, frozen=True):
    """The one cell that the words of `known.which` select (of WASI if they say no target), and what else they say."""

    arguments: Arguments
    matrix: Matrix
    cell: ResolvedCell

    @classmethod
    def from_words(cls, known: argparse.Namespace) -> Chosen:
        """Raises UsageError when they select no cell or several."""
        arguments = parse(["test", *known.which], out=known.out)
        if strange := (*arguments.pytest, *arguments.names):
            raise UsageError(f"{strange[0]!r} is no option of `triage {known.command}`")
        selection = arguments.selection
        if not (selection.target or selection.cell):
            selection = msgspec.structs.replace(selection, target=("wasi",))
            arguments = msgspec.structs.replace(arguments, selection=selection)
        matrix = matrix_of(arguments)
        cells = selected_cells(arguments, matrix)
        if len(cells) > 1:
            names = "\n  ".join(cell.id for cell in cells)
            raise UsageError(f"one cell is wanted, not\n  {names}", hint="--cell names it")
        return cls(arguments, matrix, cells[0])

    def preparer(self, store: Store, console: Console) -> Preparer:
        def say(message: str) -> None:
            console.print(escape(message), soft_wrap=True)

        options = Options(jobs=self.arguments.jobs, build_python=self.arguments.build_python)
        return Preparer(store, options, TerminalWatcher(console), say)


def prepared_cell(known: argparse.Namespace, store: Store, console: Console) -> Prepared:
    """The one cell that is selected, ready to run. Raises as `Chosen` and `Preparer.prepare` do."""
    chosen = Chosen.from_words(known)
    return chosen.preparer(store, console).prepare(chosen.cell, chosen.arguments.limits)


def repro(known: argparse.Namespace, console: Console) -> int:
    """Print the command line that runs a test under regrtest, and run it on this terminal; its exit status."""
    store = Store()
    prepared = prepared_cell(known, store, console)
    if prepared.cell.runtime.kind is RuntimeKind.BROWSER:
        raise UsageError(
            "a guest of a browser has no command line", hint="`python -m harness serve` has a Python to type into"
        )
    plans = chosen_plans(prepared.source, (known.test,))
    words = () if known.shell else regrtest_words(prepared, plans)
    directory = known.out / "reproductions" / f"{known.test}_{prepared.cell.id}"
    remove_path(directory)
    directory.mkdir(parents=True)
    settings = prepared.settings
    # wasmtime's command then names source lines of a build that has them, but for a module that it compiles itself:
    # https://docs.wasmtime.dev/wasm-wat.html
    lines = prepared.cell.runtime.kind is RuntimeKind.CLI and (known.debugger or prepared.cell.build.debug)
    if lines or known.debugger:
        settings = msgspec.structs.replace(settings, compiled=settings.wasm)
    command = by_hand(settings, adapter_of(prepared), directory, words)
    if known.debugger:
        command = under_debugger(command, prepared)
    env = command.env | ({"WASMTIME_BACKTRACE_DETAILS": "1"} if lines else {})
    place = directory / "work" if (directory / "work").is_dir() else directory
    shown = [f"{name}={value}" for name, value in sorted(env.items())]
    console.print(
        f"cd {shlex.quote(str(place))} && env {shlex.join([*shown, *command.argv])}", markup=False, soft_wrap=True
    )
    code = run_attached(command.argv, env=base_environment() | env, cwd=place)
    return code if 0 <= code <= 255 else 1


def regrtest_words(prepared: Prepared, plans: Sequence[ModulePlan]) -> tuple[str, ...]:
    """What is said to `python` to run modules, or of them only what is named, with CPython's own runner."""
    words = ["-m", "test", "-v"]
    if prepared.settings.resources:
        words += ["-u", ",".join(prepared.settings.resources)]
    for plan in plans:
        for name in plan.match:
            words += ["-m", name, "-m", f"{name}.*"]
    return (*words, *(plan.module for plan in plans))


def under_debugger(command: Command, prepared: Prepared) -> Command:
    """The command with what its runtime has for debugging. Raises UsageError where it has nothing."""
    argv = list(command.argv)
    if prepared.cell.runtime.kind is RuntimeKind.NODE:
        argv.insert(argv.index(str(prepared.runtime.path)) + 1, "--inspect-brk")  # then chrome://inspect
    elif prepared.cell.runtime.kind is RuntimeKind.CLI:
        # https://docs.wasmtime.dev/examples-debugging.html
        argv.insert(argv.index("run") + 1, "-Ddebug-info")
        argv = ["gdb", "--args", *argv]
    else:
        raise UsageError(
            f"{prepared.cell.runtime.id} has nothing for debugging",
            hint="wasmtime's command has: --runtime wasmtime-cli-*",
        )
    return Command(argv=tuple(argv), env=command.env)


def minimise(known: argparse.Namespace, console: Console) -> int:
    """Find the fewest tests or modules that have to run before a test so that it fails.

    Returns 1 when it fails after none of them.
    """
    store = Store()
    prepared = prepared_cell(known, store, console)
    test = known.test
    guests = 0

    def fails(before: Sequence[str]) -> bool:
        nonlocal guests
        guests += 1
        found = fails_after(prepared, before, test, store)
        console.print(f"{'fails' if found else 'passes'} after {len(before)}", highlight=False)
        return found

    before = tuple(known.after) or earlier_tests(prepared, test, store)
    if not fails(before):
        console.print(f"it does not fail after {len(before)} others", highlight=False)
        return 1
    found = fewest(before, fails)
    what = "nothing has to run before it" if not found else "it fails after"
    console.print(f"{escape(test)}: {what} ({guests} guests)", soft_wrap=True)
    for name in found:
        console.print(f"  {escape(name)}", soft_wrap=True)
    return 0


def earlier_tests(prepared: Prepared, test: str, store: Store) -> tuple[str, ...]:
    """The tests that run before a test in its own module, in their order."""
    (plan,) = chosen_plans(prepared.source, (test,))
    names = [name for name, status in observe(prepared, plan.module, 1, store) if status is not Status.SKIPPED]
    own = next((index for index, name in enumerate(names) if name in spellings(test)), None)
    if own is None:
        raise UsageError(f"{test!r} is no single test that runs there", hint="--after names what is to run before it")
    return tuple(dict.fromkeys(names[:own]))
