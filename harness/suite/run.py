"""Runs one cell's suite: takes what earlier runs know, has pytest run the rest, keeps what it observed."""

from __future__ import annotations

import os
import random
import re
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import msgspec

from harness import TOP
from harness.build import manifest
from harness.cells.prepare import Prepared
from harness.guests.adapter import Adapter
from harness.guests.digest import HARNESS, digest_without_sources
from harness.guests.runtimes.choose import choose_adapter
from harness.machine.command import run_attached
from harness.machine.files import remove_tree, write_atomically
from harness.machine.process import describe_exit
from harness.machine.store import Store
from harness.suite.asked import as_asked
from harness.suite.batch import ModulePlan
from harness.suite.changed import since
from harness.suite.discover import module_size, test_modules
from harness.suite.edits import Tree
from harness.suite.files import NOT_USED, OUTCOMES, OWNER_VARIABLE, RUNNING, SELECTED, SUITE, SuiteFile
from harness.suite.known import Known
from harness.suite.plans import requested_plans
from harness.suite.request import SuiteRequest
from harness.suite.results import ResultsFile, append_result, take_over
from harness.suite.resumed import resumed
from harness.suite.reuse import KeptResults, as_expected, differences
from harness.suite.schedule import Durations, Group, schedule
from matrix import json_records
from matrix.errors import HarnessFault, UsageError, near
from matrix.limitations import CellLimitations
from matrix.outcome import ModuleResult

_INTERRUPTED, _USAGE, _NOTHING = 2, 4, 5
_ENDED = (0, 1, _INTERRUPTED, _NOTHING)
"""pytest's exit statuses; with those of _ENDED it worked: https://docs.pytest.org/en/stable/reference/exit-codes.html"""

_CONFIGURES = ("PYTEST_", "PYTHON")
"""how the names of the variables begin that configure pytest, pytest-xdist and Python"""
_OPTIONS = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
"""those whose absence a user may notice"""

_MOST_NAMED = 5
"""tests that one message names"""

_chance: Callable[[], float] = random.random
"""decides which modules `--again` runs"""


class SuiteRun(msgspec.Struct, frozen=True, kw_only=True):
    """How one run of a cell's suite went, beside the outcomes."""

    planned: tuple[str, ...]
    """the modules that were to run"""
    suite: int
    """how many modules the suite has"""
    whole: bool
    """whether every module of the request was planned with all of its tests"""
    interrupted: bool
    fault: str = ""
    """what went wrong with pytest itself"""


class CellSuite:
    """The suite of one cell as one request asks for it, with its results in the cell's directory.

    When the directory has results already, this resumes their run: modules whose results still count do not run again.
    """

    def __init__(
        self, prepared: Prepared, request: SuiteRequest, limitations: CellLimitations, directory: Path, store: Store
    ) -> None:
        """Raises UsageError for a name that is in no module, or a resource that the tree does not have."""
        prepared = as_asked(prepared, request)
        self._prepared = prepared
        self._request = request
        self._limitations = limitations
        self._directory = directory
        self._store = store
        self._durations = Durations(store, prepared.cell.build.target.id)
        build = prepared.cell.build
        self._known = Known(store, build.target.id, build.cpython.series, prepared.marks.get(HARNESS, ""))
        self._plans, self.chosen = self._only_changed(requested_plans(prepared, request, limitations))
        self._outcomes = ResultsFile(directory / OUTCOMES)
        self._kept = kept_results(prepared, store)
        self._workers = 1 if _adapter(prepared).one_at_a_time else worker_count(request)
        self._known_marks = _known_marks(directory)
        self._resumed = resumed(self._outcomes.read(), self._plans, prepared.digest, prepared.marks, self._known_marks)

    def _only_changed(self, plans: tuple[ModulePlan, ...]) -> tuple[tuple[ModulePlan, ...], tuple[str, ...]]:
        """The plans that are left by `--changed`, and what to tell about it."""
        prepared, name = self._prepared, self._request.changed
        if name is None:
            return plans, ()
        modules = [plan.module for plan in plans]
        before = since(prepared.cell.build.cpython, name)
        found = before.chosen(modules, self._known.reads, guest_tree(prepared))
        sizes = {module: module_size(prepared.source, module) for module in modules if module not in found.why}
        left_out = sum(self._durations.expected(sizes).values()) / max(worker_count(self._request), 1)
        return tuple(plan for plan in plans if plan.module in found.why), found.said(len(plans), left_out)

    @property
    def not_used(self) -> tuple[str, ...]:
        """What to tell of the results in the cell's directory that do not count any more."""
        return self._resumed.said

    @property
    def asks(self) -> str:
        """What a person has to do for the suite to run; "" for nothing."""
        return _adapter(self._prepared).asks

    @cached_property
    def _standing(self) -> dict[str, ModuleResult]:
        """The results of earlier runs that stand for a new one."""
        if not self._request.reuse or self._request.pytest:
            return {}
        missing = [plan for plan in self._plans if plan.module not in self._resumed.results]
        return self._kept.take(missing, self._limitations.expects)

    @cached_property
    def _reused(self) -> dict[str, ModuleResult]:
        """Those that are used. The others were chosen at random to run again, and must have the same outcomes."""
        return {name: one for name, one in self._standing.items() if _chance() >= self._request.again}

    @cached_property
    def _earlier(self) -> dict[str, ModuleResult]:
        """The results that were there before pytest started."""
        return self._resumed.results | self._reused

    @cached_property
    def _left(self) -> list[ModulePlan]:
        """The plans that pytest has to run."""
        return [plan for plan in self._plans if plan.module not in self._earlier]

    def nothing_to_run(self) -> bool:
        """Whether the cell's directory or earlier runs have every result. Nothing is written."""
        return self._request.again == 0.0 and not self._left

    def run(self) -> SuiteRun:
        """Run the modules that have no result yet.

        Raises UsageError when nothing is selected, HarnessFault when pytest itself fails.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        owner = take_over(self._outcomes.path)
        self._put_aside()
        for result in self._reused.values():
            self._outcomes.append(result)
        self._write_files()
        status, results = 0, self._earlier
        if self._left:
            status = self._run_pytest(owner)
            results = self._believed(self._outcomes.read())
        self._remember(results)
        self._check(status, results)
        return self._summarised(status, results)

    def _put_aside(self) -> None:
        """Leave nothing of earlier processes in the cell's directory that this one does not count."""
        remove_tree(self._directory / RUNNING)
        if self._resumed.not_used:
            found = self._outcomes.read()
            for modules in self._resumed.not_used.values():
                for module in modules:
                    append_result(self._directory / NOT_USED, found[module])
            self._outcomes.rewrite(self._resumed.results.values())

    def _write_files(self) -> None:
        """Write what pytest collects and is configured with."""
        cell = self._prepared.cell
        file = SuiteFile(
            cell=cell.id,
            facts=cell.facts,
            store=self._store.root,
            runtime=cell.runtime,
            obtained=self._prepared.runtime,
            settings=self._prepared.settings,
            digest=self._prepared.digest,
            marks=self._prepared.marks,
            earlier=self._known_marks,
            groups=self._groups,
        )
        write_atomically(self._directory / SUITE, json_records.encode(file))
        cache = self._store.root / "state" / "pytest" / cell.id
        write_atomically(self._directory / "pytest.ini", f"[pytest]\ncache_dir = {cache}\n".encode())
        (self._directory / SELECTED).unlink(missing_ok=True)

    @cached_property
    def _groups(self) -> tuple[Group, ...]:
        """The modules that share a guest each; one that is known to fail, or probably does, has one of its own."""
        sizes = {plan.module: module_size(self._prepared.source, plan.module) for plan in self._left}
        first = self._known.first(self._prepared.contents.files, [plan.module for plan in self._left])
        return schedule(
            self._left,
            self._durations.expected(sizes),
            workers=self._workers,
            isolate=self._request.isolate,
            alone={plan.module for plan in self._left if self._limitations.expects_red(plan.module)} | {*first.likely},
            first=(*first.likely, *first.importing),
            shuffled=self._request.seed if self._request.randomize else None,
        )

    @property
    def _busy_workers(self) -> int:
        """How many workers have something to do. Each takes part of a second to start."""
        return min(self._workers, len(self._groups))

    def _run_pytest(self, owner: str) -> int:
        """pytest's exit status. `owner` is the word with which its processes may write results."""
        command = pytest_command(self._directory, self._request, self._busy_workers)
        environment = pytest_environment() | {OWNER_VARIABLE: owner}
        status = run_attached(command, env=environment, cwd=self._directory)
        return _INTERRUPTED if status == -signal.SIGINT else status  # the signal came when pytest was about to exit

    def _believed(self, results: dict[str, ModuleResult]) -> dict[str, ModuleResult]:
        """The results; new ones are faults when they cannot be believed."""
        new = {name: result for name, result in results.items() if name not in self._earlier}
        if not (faults := self._changed_under(new)):
            faults = self._not_as_before(new)
            self._kept.forget(faults.keys())
        for name, fault in faults.items():
            self._outcomes.append(msgspec.structs.replace(new[name], fault=fault))
        return self._outcomes.read() if faults else results

    def _changed_under(self, new: Mapping[str, ModuleResult]) -> dict[str, str]:
        """A fault for each new result when the tree that guests share changed while they ran."""
        tree = self._prepared.settings.tree
        if not new or not (changes := manifest.changes_since(tree, self._prepared.tree_mark)):
            return {}
        return dict.fromkeys(new, f"the tree that guests share changed during the run: {changes} ({tree})")

    def _not_as_before(self, new: Mapping[str, ModuleResult]) -> dict[str, str]:
        """A fault for each new result that differs from one that was said to stand for it (`--again`)."""
        faults = {}
        for name in new.keys() & self._standing.keys():
            before = self._standing[name]
            if not new[name].fault and (found := differences(before, new[name], self._limitations.expects)):
                faults[name] = _does_not_stand(before.reused, found)
        return faults

    def _remember(self, results: Mapping[str, ModuleResult]) -> None:
        """Keep what later runs can use: how long each module took, and what can stand for a new run."""
        new = {name: result for name, result in results.items() if name not in self._earlier}
        whole = {plan.module for plan in self._plans if plan.whole}
        self._durations.learn({name: result.duration for name, result in new.items() if name in whole})
        failed = [name for name, one in new.items() if not as_expected(one, self._limitations.expects)]
        reads = {name: result.reads for name, result in new.items() if name in whole}
        if new:
            self._known.learn(self._prepared.contents.files, reads, failed)
        self._kept.keep(results, self._plans, run_id_of(self._directory))

    def _check(self, status: int, results: Mapping[str, ModuleResult]) -> None:
        """Raises UsageError or HarnessFault for a status of pytest that leaves nothing to report."""
        if status == _USAGE:
            raise UsageError("pytest does not understand its options; see above")
        if status == _NOTHING and not self._earlier:
            modules = [plan.module for plan in self._plans]
            raise UsageError("no test module is selected", hint=_nearest(self._request.pytest, modules))
        if self._request.patterns and results and not any(result.outcomes for result in results.values()):
            said = " ".join(f"{'-m' if keep else '-i'} {pattern}" for pattern, keep in self._request.patterns)
            raise UsageError(
                f"no test is left by {said}",
                hint="a pattern is compared with ids such as test.test_os.FileTests.test_access and with their parts",
            )
        if status not in _ENDED and not results:
            raise HarnessFault(f"pytest ended with {describe_exit(status)}; see above")

    def _summarised(self, status: int, results: Mapping[str, ModuleResult]) -> SuiteRun:
        selected = _selected(self._directory)
        if selected is None:
            selected = [plan.module for plan in self._left]
        nothing_wanted = {name for name, result in results.items() if not result.outcomes}
        planned = tuple(sorted({*self._earlier, *selected} - nothing_wanted))
        complete = len(planned) == len(self._plans) and all(plan.whole for plan in self._plans)
        return SuiteRun(
            planned=planned,
            suite=len(test_modules(self._prepared.source)),
            whole=complete and status != _INTERRUPTED,
            interrupted=status == _INTERRUPTED,
            fault="" if status in _ENDED else f"pytest ended with {describe_exit(status)}",
        )


def _does_not_stand(run: str, found: Sequence[str]) -> str:
    """The fault of a module that has other outcomes than in the run whose result stood for it."""
    more = f" and {len(found) - _MOST_NAMED} more tests" if len(found) > _MOST_NAMED else ""
    return (
        f"it has other outcomes than in {run}, although nothing has changed that it is known to depend on: "
        f"{'; '.join(found[:_MOST_NAMED])}{more}. Either the harness did not see what it depends on, which is a fault "
        "(--no-reuse runs everything), or a test is flaky: see `triage rerun`, and list it"
    )


def kept_results(prepared: Prepared, store: Store) -> KeptResults:
    """The results of earlier runs of a cell's build, with whatever sources."""
    return KeptResults(store, prepared.digest, digest_without_sources(prepared.marks), guest_tree(prepared))


def guest_tree(prepared: Prepared) -> Tree:
    """The tree that a cell's guests see."""
    return Tree(directory=prepared.settings.tree, contents=prepared.contents)


def _selected(directory: Path) -> list[str] | None:
    """The modules that pytest's options left; None when pytest did not get that far."""
    try:
        return json_records.decode((directory / SELECTED).read_bytes(), list[str])
    except (OSError, msgspec.DecodeError):
        return None


def _known_marks(directory: Path) -> dict[str, dict[str, str]]:
    """What decided the outcomes of results that lie in a cell's directory, by their digest, as far as it is known."""
    try:
        before = json_records.decode((directory / SUITE).read_bytes(), SuiteFile)
    except (OSError, msgspec.DecodeError):
        return {}
    return before.earlier | {before.digest: before.marks}


def _nearest(pytest_options: Sequence[str], modules: Sequence[str]) -> str:
    """A hint with modules whose names resemble the words of a -k expression."""
    words = [
        word
        for option, value in zip(pytest_options, [*pytest_options[1:], ""], strict=True)
        if option == "-k"
        for word in re.findall(r"\w+", value)
        if word not in ("and", "or", "not")
    ]
    return next((hint for word in words if (hint := near(word, modules))), "see `-k` in pytest's documentation")


def run_id_of(directory: Path) -> str:
    """The id of the run that a cell's directory belongs to."""
    return directory.parent.parent.name


def _adapter(prepared: Prepared) -> Adapter:
    return choose_adapter(prepared.cell.runtime, prepared.runtime, prepared.settings.runtime_flags)


def worker_count(request: SuiteRequest) -> int:
    """How many workers pytest-xdist starts: as many as were asked for, else one per core."""
    return request.workers if request.workers is not None else os.cpu_count() or 1


def pytest_command(directory: Path, request: SuiteRequest, workers: int) -> list[str]:
    """The command that runs the suite file of a cell's directory."""
    command = [sys.executable, "-m", "pytest", "-p", "xdist", "-p", "harness.suite.plugin", "--tb=short", "--no-header"]
    command += ["-n", str(workers), "--dist", "loadscope", "--no-loadscope-reorder", "--rootdir", str(directory)]
    return [*command, "-c", str(directory / "pytest.ini"), *request.pytest, str(directory / SUITE)]


def pytest_environment() -> dict[str, str]:
    """The environment in which pytest loads only our plugin and xdist, and finds the harness.

    It is the user's, except for the variables that configure pytest or Python: they could change what the suite does.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_CONFIGURES)}
    return kept | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(TOP)}


def left_out_variables() -> tuple[str, ...]:
    """The user's environment variables with options or plugins that the suite's pytest does not get."""
    return tuple(name for name in _OPTIONS if os.environ.get(name))
