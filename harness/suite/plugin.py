"""The pytest plugin: each of CPython's test modules is an item, so that pytest's options work on them.

    pytest -p harness.suite.plugin CELL/suite.json -k ... -x --lf --durations=10 -n 2

One item is one test module of one cell. Modules that share a guest go to the same xdist worker, in order. Each result
is on disk before pytest learns of it.
"""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Iterable
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import pytest
from xdist.scheduler import LoadScopeScheduling

from harness.guests.adapter import Adapter
from harness.guests.events import EventReader, ModuleProgress
from harness.guests.runtimes.choose import choose_adapter
from harness.machine.files import write_atomically
from harness.machine.store import Store
from harness.machine.termination import end_with
from harness.suite.batch import Batch
from harness.suite.files import OUTCOMES, OWNER_VARIABLE, RUNNING, SELECTED, SUITE, SuiteFile
from harness.suite.results import TakenOver, append_result
from harness.suite.schedule import Group
from matrix import json_records
from matrix.errors import MatrixError
from matrix.limitations import Limitations
from matrix.names import full_name
from matrix.outcome import FAILING_STATUSES, ModuleResult, Outcome, Status
from matrix.text import visible


class ModuleFailed(Exception):
    """A module has failing outcomes that no limitation expects, or no result at all."""


class ModuleRunner:
    """Runs modules of one cell in this process, in a guest for each group."""

    def __init__(self, file: SuiteFile, directory: Path, worker: str) -> None:
        self.file = file
        self.directory = directory
        self.worker = worker
        self.store = Store(file.store)
        for path in (file.settings.tree, file.settings.compiled, file.obtained.path):
            self.store.use(path)  # a guest may outlive a killed run for a moment
        self.limitations = Limitations.load().for_cell(file.facts)
        self.adapter: Adapter = choose_adapter(file.runtime, file.obtained, file.settings.runtime_flags)
        self.batches: dict[str, Batch] = {}
        self.selected: dict[str, list[str]] = {}

    def run(self, group: Group, module: str) -> ModuleResult:
        """Run a module and write its result. Raises ModuleFailed when the result cannot be written."""
        if group.name not in self.batches:
            self.close()
            chosen = [plan for plan in group.plans if plan.module in self.selected[group.name]]
            self.batches[group.name] = Batch(
                self.file.settings,
                self.adapter,
                self.store,
                chosen,
                worker=self.worker,
                marker=self.directory / RUNNING / self.worker,
            )
        try:
            result = self.batches[group.name].result(module)
        except MatrixError as exc:
            result = _at_fault(module, str(exc), str(exc))
        except Exception as exc:
            result = _at_fault(module, "".join(traceback.format_exception(exc)), repr(exc))
        result = msgspec.structs.replace(result, finished=_now(), digest=self.file.digest)
        try:
            append_result(self.directory / OUTCOMES, result, os.environ.get(OWNER_VARIABLE, ""))
        except TakenOver as exc:
            raise ModuleFailed(str(exc)) from None
        except OSError as exc:
            raise ModuleFailed(
                f"its result cannot be written: {self.directory / OUTCOMES}: {exc.strerror}\n"
                "free some room, then go on with --resume: what was written stays"
            ) from None
        return result

    def close(self) -> None:
        for batch in self.batches.values():
            batch.close()
        self.batches.clear()


def _at_fault(module: str, detail: str, fault: str) -> ModuleResult:
    """The result of a module that the harness failed to run."""
    outcome = Outcome(test=full_name(module), status=Status.ERRORED, detail=detail)
    return ModuleResult(module=module, outcomes=(outcome,), duration=0.0, fault=fault)


class CellFile(pytest.File):
    """`suite.json` of a cell."""

    runner: ModuleRunner

    def collect(self) -> Iterable[ModuleItem]:
        file = json_records.decode(self.path.read_bytes(), SuiteFile)
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        self.runner = ModuleRunner(file, self.path.parent, worker)
        for group in file.groups:
            for plan in group.plans:
                yield ModuleItem.from_parent(self, name=plan.module, group=group)


class ModuleItem(pytest.Item):
    """One test module of one cell."""

    def __init__(self, *, group: Group, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.group = group

    @property
    def runner(self) -> ModuleRunner:
        assert isinstance(self.parent, CellFile)
        return self.parent.runner

    def runtest(self) -> None:
        result = self.runner.run(self.group, self.name)
        if result.fault:
            raise ModuleFailed(f"the harness failed to run it: {result.outcomes[0].detail}")
        failing = [outcome for outcome in result.outcomes if outcome.status in FAILING_STATUSES]
        if not result.outcomes:
            pytest.skip("none of its tests is asked for")
        if not failing:
            reasons = {outcome.detail for outcome in result.outcomes}
            if result.statuses == {Status.SKIPPED}:
                pytest.skip(visible(next(iter(reasons))) if len(reasons) == 1 else "every test was skipped")
            return
        expects = self.runner.limitations.expects
        unexpected = [outcome for outcome in failing if not expects(outcome.test, outcome.status, self.name)]
        if not unexpected:
            names = ", ".join(sorted({o.test for o in failing}))
            pytest.xfail(visible(f"known limitations: {names[:500]}"))
        lines = [
            f"{o.status.value}: {o.test}\n{o.detail.rstrip()}\n{o.output[-2000:].rstrip()}" for o in unexpected[:20]
        ]
        more = f"\n... and {len(unexpected) - 20} more" if len(unexpected) > 20 else ""
        raise ModuleFailed("\n\n".join(line.rstrip() for line in lines) + more)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, ModuleFailed):
            return visible(str(excinfo.value))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> CellFile | None:
    if file_path.name == SUITE:
        return CellFile.from_parent(parent, path=file_path, name="")  # so that -k never matches it
    return None


class FailuresAtOnce:
    """Shows a failure when it happens. pytest shows them all at the end, which may be minutes later."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(trylast=True)  # after its letter
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if not report.failed or terminal is None or self._config.option.tbstyle == "no":
            return
        terminal.line("")  # after the letters of what went before
        terminal.section(report.nodeid.partition("::")[2], "_", red=True)
        terminal.line(str(report.longrepr))
        terminal.flush()  # a pipe would keep it until there is more to say
        report._pdbshown = True  # type: ignore[attr-defined]  # by this, pytest knows that a failure was shown


def pytest_configure(config: pytest.Config) -> None:
    """Have a worker end with its controller: what it observed later would be written into a run that is over."""
    if hasattr(config, "workerinput"):
        end_with(config.workerinput["controller"])
    else:
        config.pluginmanager.register(FailuresAtOnce(config))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker its controller."""
    node.workerinput["controller"] = os.getpid()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write down which modules -k and --lf left: only these are planned, and only these share a guest."""
    cells: dict[Path, list[str]] = {}
    for item in session.items:
        if isinstance(item, ModuleItem):
            item.runner.selected.setdefault(item.group.name, []).append(item.name)
            cells.setdefault(item.runner.directory, []).append(item.name)
    for directory, modules in cells.items():
        write_atomically(directory / SELECTED, json_records.encode(modules))


def pytest_sessionfinish(session: pytest.Session) -> None:
    for item in session.items if hasattr(session, "items") else []:
        if isinstance(item, ModuleItem):
            item.runner.close()
            item.runner.adapter.close()


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist's are not typed
    """xdist's scheduling by scope: a scope is the modules that share a guest."""

    def _split_scope(self, nodeid: str) -> str:
        file_name, _, module = nodeid.partition("::")
        return _groups(self.config.rootpath / file_name).get(module, module)

    def remove_node(self, node: Any) -> str | None:
        """Give a dead worker's modules to another worker, except the module that it died of."""
        crashed: str | None = super().remove_node(node)
        for scope, unit in list(self.workqueue.items()):
            if crashed in unit:
                unit[crashed] = True
            if all(unit.values()):
                del self.workqueue[scope]
        return crashed


@cache
def _suite(path: Path) -> SuiteFile:
    return json_records.decode(path.read_bytes(), SuiteFile)


@cache
def _groups(suite: Path) -> dict[str, str]:
    """The group of each module of a suite file."""
    return {plan.module: group.name for group in _suite(suite).groups for plan in group.plans}


def _now() -> float:
    """The time, in seconds since the epoch."""
    return round(time.time(), 3)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling:
    return GroupScheduling(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(crashitem: str, report: pytest.TestReport, sched: Any) -> None:
    """Write the result of the module whose worker died: no test's fault, although the one that was running is named."""
    file_name, _, module = crashitem.partition("::")
    config = sched.config
    directory = (config.rootpath / file_name).parent
    progress = ModuleProgress(module)
    for marker in (directory / RUNNING).glob("*"):
        current = False
        reader = EventReader(Path(os.fsdecode(marker.read_bytes())))
        for event in chain.from_iterable(iter(reader.read, [])):
            if event.event == "module":
                current = event.module == progress.module
            elif current:
                progress.take(event)
    if progress.done is None:
        fault = "the worker process that ran the guest died"
        progress.end(Status.CRASHED, fault, "")
        digest = _suite(config.rootpath / file_name).digest
        result = msgspec.structs.replace(progress.result(), fault=fault, finished=_now(), digest=digest)
        append_result(directory / OUTCOMES, result, os.environ.get(OWNER_VARIABLE, ""))
