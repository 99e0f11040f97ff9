"""Runs one cell's suite: writes what pytest is told, starts it, says what it came to."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness import TOP
from harness.cells.prepare import Prepared
from harness.cells.request import Arguments
from harness.machine.command import run_attached
from harness.machine.files import write_atomically
from harness.machine.process import describe_exit
from harness.machine.store import Store
from harness.suite.batch import ModulePlan
from harness.suite.discover import module_size, test_modules
from harness.suite.plugin import OUTCOMES, SELECTED, SUITE, SuiteFile
from harness.suite.results import append_result, read_results
from harness.suite.reuse import Results
from harness.suite.schedule import Durations, guess, schedule, shard
from matrix import json_records
from matrix.errors import HarnessFault, UsageError, near
from matrix.limitations import CellLimitations
from matrix.names import full_name
from matrix.outcome import ModuleResult

_INTERRUPTED, _INTERNAL, _USAGE, _NOTHING = 2, 3, 4, 5
"""pytest's exit statuses: https://docs.pytest.org/en/stable/reference/exit-codes.html"""


class CellRun(msgspec.Struct, frozen=True, kw_only=True):
    """What the run of a cell's suite came to."""

    planned: tuple[str, ...]
    results: dict[str, ModuleResult]
    suite: int
    """how many modules the suite has"""
    whole: bool
    """whether all that was asked for are modules, and all of them were planned"""
    interrupted: bool
    fault: str = ""


def chosen_plans(source: Path, names: Sequence[str]) -> tuple[ModulePlan, ...]:
    """The modules to run: all, or those that are named, narrowed to the classes and tests that are.

    Raises UsageError, with the nearest matches, for a name that is in no module of the tree.
    """
    modules = test_modules(source)
    if not names:
        return tuple(ModulePlan(module=module) for module in modules)
    full = {full_name(module): module for module in modules}
    chosen: dict[str, list[str]] = {}
    for name in names:
        wanted = full_name(name)
        below = [module for key, module in full.items() if key == wanted or key.startswith(wanted + ".")]
        parent = next((p for p in _parents(wanted) if p in full), None)
        if below:
            for module in below:
                chosen[module] = []
        elif parent is not None:
            if chosen.get(full[parent]) != []:
                chosen.setdefault(full[parent], []).append(wanted)
        else:
            raise UsageError(f"there is no test module for {name!r}", hint=near(name, modules))
    return tuple(ModulePlan(module=module, match=tuple(match)) for module, match in sorted(chosen.items()))


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(len(parts) - 1, 1, -1)]


def without_hangs(plans: Sequence[ModulePlan], limitations: CellLimitations) -> tuple[ModulePlan, ...]:
    """The plans with the tests left out that the list of limitations says not to run."""
    skipped = tuple(test.match for test in limitations.tests if not test.run)
    return tuple(msgspec.structs.replace(plan, skip=skipped) for plan in plans) if skipped else tuple(plans)


def planned_modules(prepared: Prepared, arguments: Arguments, limitations: CellLimitations) -> tuple[ModulePlan, ...]:
    """What is to be run of a suite: what was named, of that the shard."""
    source = prepared.source
    plans = without_hangs(chosen_plans(source, arguments.names), limitations)
    index, count = arguments.shard
    if count == 1:
        return plans
    target = prepared.cell.build.target.id
    known = read_seconds(arguments.module_seconds).get(target, {}) if arguments.module_seconds else {}
    seconds = {plan.module: known.get(plan.module, guess(module_size(source, plan.module))) for plan in plans}
    chosen = shard(seconds, index, count)
    return tuple(plan for plan in plans if plan.module in chosen)


def read_seconds(path: Path) -> dict[str, dict[str, float]]:
    """What modules are expected to take, by target, as `plan` wrote it. Raises UsageError for what is no such file."""
    try:
        return json_records.decode(path.read_bytes(), dict[str, dict[str, float]])
    except (OSError, msgspec.DecodeError) as exc:
        raise UsageError(
            f"--module-seconds {path}: {exc}", hint="`python -m harness plan --module-seconds FILE` writes it"
        ) from None


def run_cell(
    prepared: Prepared, arguments: Arguments, limitations: CellLimitations, directory: Path, store: Store
) -> CellRun:
    """Run what is asked for of a cell's suite and has no result yet in `directory`.

    Raises UsageError when nothing is selected, HarnessFault when pytest itself fails.
    """
    directory.mkdir(parents=True, exist_ok=True)
    everything = planned_modules(prepared, arguments, limitations)
    done = read_results(directory / OUTCOMES)
    reuse = Results(store, prepared.digest)
    left = [plan for plan in everything if plan.module not in done]
    if arguments.reuse and not selecting(arguments.pytest):
        taken = reuse.take(left, limitations.expects, again=arguments.again)
        for result in taken.values():
            append_result(directory / OUTCOMES, result)
        done |= taken
        left = [plan for plan in left if plan.module not in taken]
    sizes = {plan.module: module_size(prepared.source, plan.module) for plan in everything}
    durations = Durations(store, prepared.cell.build.target.id)
    workers = worker_count(arguments.pytest)
    alone = {plan.module for plan in left if limitations.expects_red(plan.module)}
    seconds = durations.expected(sizes)
    groups = schedule(left, seconds, workers=workers, isolate=arguments.isolate, alone=alone)
    file = SuiteFile(
        cell=prepared.cell.id,
        facts=prepared.cell.facts,
        store=store.root,
        runtime=prepared.cell.runtime,
        obtained=prepared.runtime,
        settings=prepared.settings,
        digest=prepared.digest,
        groups=groups,
    )
    write_atomically(directory / SUITE, json_records.encode(file))
    cache = store.root / "state" / "pytest" / prepared.cell.id
    write_atomically(directory / "pytest.ini", f"[pytest]\ncache_dir = {cache}\n".encode())
    (directory / SELECTED).unlink(missing_ok=True)
    code = 0
    if left:
        code = run_attached(
            pytest_command(directory, arguments.pytest, workers), env=pytest_environment(), cwd=directory
        )
    if code == -signal.SIGINT:
        code = _INTERRUPTED  # it came when pytest was about to end
    results = read_results(directory / OUTCOMES)
    new = {name: result for name, result in results.items() if name not in done}
    durations.learn({name: result.duration for name, result in new.items()})
    reuse.keep(results, everything, run_id_of(directory))
    selected = _selected(directory)
    planned = tuple(sorted({*done, *(selected if selected is not None else (p.module for p in left))}))
    if code == _USAGE:
        raise UsageError("pytest does not understand its options; see above")
    if code == _NOTHING and not done:
        raise UsageError("no test module is selected", hint=_nearest(arguments.pytest, [p.module for p in everything]))
    if code not in (0, 1, _INTERRUPTED, _NOTHING) and not results:
        raise HarnessFault(f"pytest ended with {describe_exit(code)}; see above")
    return CellRun(
        planned=planned,
        results=results,
        suite=len(test_modules(prepared.source)),
        whole=not any(plan.match for plan in everything) and len(planned) == len(everything) and code != _INTERRUPTED,
        interrupted=code == _INTERRUPTED,
        fault="" if code in (0, 1, _INTERRUPTED, _NOTHING) else f"pytest ended with {describe_exit(code)}",
    )


def _selected(directory: Path) -> list[str] | None:
    try:
        return json_records.decode((directory / SELECTED).read_bytes(), list[str])
    except (OSError, msgspec.DecodeError):
        return None


def _nearest(pytest_options: Sequence[str], modules: Sequence[str]) -> str:
    """Near misses of the words of a -k expression."""
    words = [
        word
        for option, value in zip(pytest_options, [*pytest_options[1:], ""], strict=True)
        if option == "-k"
        for word in re.findall(r"\w+", value)
        if word not in ("and", "or", "not")
    ]
    return next((hint for word in words if (hint := near(word, modules))), "see `-k` in pytest's documentation")


def nothing_to_run(
    prepared: Prepared, arguments: Arguments, limitations: CellLimitations, directory: Path, store: Store
) -> bool:
    """Whether every result of the cell is in `directory` or can be taken from an earlier run."""
    plans = planned_modules(prepared, arguments, limitations)
    done = read_results(directory / OUTCOMES)
    left = [plan for plan in plans if plan.module not in done]
    taken = Results(store, prepared.digest).take(left, limitations.expects) if arguments.reuse else {}
    return arguments.again == 0.0 and len(taken) == len(left)


def selecting(pytest_options: Sequence[str]) -> bool:
    """Whether there are options of pytest's besides how many workers it has."""
    return bool(re.sub(r"(^| )(-n ?|--numprocesses[= ])\d+", "", " ".join(pytest_options)).strip())


def run_id_of(directory: Path) -> str:
    """The run that a cell's directory lies in."""
    return directory.parent.parent.name


def worker_count(pytest_options: Sequence[str]) -> int:
    """How many workers pytest-xdist is going to have: `-n` of the options, else one a core."""
    text = " ".join(pytest_options)
    if match := re.search(r"(?:^| )(?:-n ?|--numprocesses[= ])(\d+)", text):
        return int(match[1])
    return os.cpu_count() or 1


def pytest_command(directory: Path, options: Sequence[str], workers: int) -> list[str]:
    command = [sys.executable, "-m", "pytest", "-p", "xdist", "-p", "harness.suite.plugin", "--tb=short", "--no-header"]
    if not any(option.startswith(("-n", "--numprocesses")) for option in options):
        command += ["-n", str(workers)]
    command += ["--dist", "loadscope", "--no-loadscope-reorder", "--rootdir", str(directory)]
    return [*command, "-c", str(directory / "pytest.ini"), *options, str(directory / SUITE)]


def pytest_environment() -> dict[str, str]:
    """pytest loads no plugins but ours and xdist, and finds the harness wherever it is started."""
    return dict(os.environ) | {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(TOP), os.environ.get("PYTHONPATH", "")])),
    }
