"""A run of many cells: runs tasks side by side within a budget. Started again, it continues."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

import psutil
from rich.console import Console
from rich.markup import escape

from harness import TOP
from harness.build.watcher import Silent
from harness.cells.prepare import PrepareOptions, Preparer
from harness.cells.selection import matrix_of, selected_cells
from harness.machine.background import Background
from harness.machine.process import describe_exit
from harness.machine.store import Store
from harness.provide.items import items_of
from harness.runs.finished import Progress, TaskSeconds
from harness.runs.publish import publish
from harness.runs.records import CellRecord, StartedRun, read_record, write_record
from harness.runs.tasks import (
    TIMELINE,
    Budget,
    Span,
    Task,
    TaskKind,
    command_words,
    free_processors,
    next_to_start,
    priorities,
    tasks_of,
)
from harness.runs.worker import CellWorker
from matrix import json_records
from matrix.errors import HarnessFault
from matrix.limitations import Limitations
from matrix.resolve import ResolvedCell
from reports.summary import CellStatus, untested_cell

_POLL = 0.1
"""seconds between two looks at the running tasks"""
_ROOM = 3 << 30
"""bytes that must be free on the cache's disk before a build starts; the largest build so far took half of that"""
_GRACE = 60.0
"""seconds that interrupted tasks have to end"""


class Nightly:
    """One process that works on a run: starts tasks, waits for them, reports."""

    def __init__(
        self,
        run: StartedRun,
        cells: Sequence[ResolvedCell],
        store: Store,
        budget: Budget,
        time_budget: float | None,
        console: Console,
    ) -> None:
        self._run = run
        self._cells = cells
        self._store = store
        self._budget = budget
        self._time_budget = time_budget
        self._console = console
        self._directory = run.request.out / run.run_id
        self._progress = Progress(self._directory)
        self._task_seconds = TaskSeconds(store)
        self._running: dict[Task, tuple[Background, int]] = {}
        """each running task with its number of cores"""
        self._processors: dict[Task, list[int]] = {}
        """the processors that each running task was given"""
        self._over: set[str] = set()
        """ids of the tasks that have ended, whether they succeeded or not, or that need not be started"""

    def execute(self) -> int:
        """Work until every task is done, the time is up or the user presses Ctrl-C. Returns the run's exit status."""
        started = time.monotonic()
        tasks = tasks_of(self._cells, {cell.id: list(items_of(cell, self._store)) for cell in self._cells})
        waiting = [task for task in tasks if not self._is_done(task)]
        self._over = {task.id for task in tasks} - {task.id for task in waiting}
        self._finish_unchanged(waiting)
        self._say(f"{self._run.run_id}: {len(self._cells)} cells, {len(waiting)} of {len(tasks)} tasks to do")
        interrupted = False
        try:
            self._work(waiting, priorities(tasks, self._task_seconds.load()), started)
        except KeyboardInterrupt:
            interrupted = True
            self._interrupt()
        finally:
            for process, _ in self._running.values():
                process.kill()
        self._record_unreached()
        duration = time.monotonic() - started
        cells = selected_cells(self._run.request.cells, matrix_of(self._run.request.cells))
        shown = publish(
            self._directory, self._run, cells, Limitations.load(), duration, self._console, interrupted=interrupted
        )
        return shown.summary.exit_status

    def _work(self, waiting: list[Task], priority: dict[str, float], started: float) -> None:
        """Start and collect tasks until none is left or the time is up."""
        while waiting or self._running:
            if self._time_budget is not None and time.monotonic() - started > self._time_budget:
                if self._running:
                    self._say("the time is up: interrupting the running tasks")
                    self._interrupt()
                return
            self._start(waiting, priority)
            time.sleep(_POLL)
            self._collect(waiting)

    def _finish_unchanged(self, waiting: list[Task]) -> None:
        """Finish the cells for which nothing must be built or run, without starting a process for them."""
        limitations = Limitations.load()
        options = PrepareOptions(jobs=self._budget.cores, reuse=self._run.request.options.reuse)
        preparer = Preparer(self._store, options, Silent(), self._say)
        worker = CellWorker(self._run.request, preparer, limitations, self._store, self._console)
        for cell in self._cells:
            if not self._progress.of(cell.id).finished and worker.test_if_known(cell, self._directory):
                self._progress.forget([cell.id])
                self._say(f"nothing has changed: {cell.id}")
        for task in [task for task in waiting if self._is_done(task)]:
            waiting.remove(task)
            self._over.add(task.id)

    def _is_done(self, task: Task) -> bool:
        """Whether all cells that need the task are finished."""
        return all(self._progress.of(cell).finished for cell in task.cells)

    def _start(self, waiting: list[Task], priority: dict[str, float]) -> None:
        while True:
            running = {task.id: (task.kind, cores) for task, (_, cores) in self._running.items()}
            found = next_to_start(waiting, frozenset(self._over), running, self._budget, priority)
            if found is None:
                return
            task, cores = found
            waiting.remove(task)
            if task.kind in (TaskKind.BUILD, TaskKind.TEST) and self._is_done(task):
                self._over.add(task.id)  # its build failed
                continue
            if task.kind is TaskKind.BUILD and psutil.disk_usage(str(self._store.root)).free < _ROOM:
                raise HarnessFault(
                    f"less than {_ROOM >> 30} GiB are free on the disk of {self._store.root}",
                    hint="`python -m harness cache prune --max-size ...`, then start the same command to continue",
                )
            words = command_words(self._directory, task.kind, task.cells, task.item, cores)
            log = self._directory / "logs" / (task.id.replace(" ", "_") + ".log")
            argv = [sys.executable, "-m", "harness", *words]
            given = self._processors[task] = free_processors(os.sched_getaffinity(0), self._processors.values())[:cores]
            # Embedded wasmtime's guests stay on the first processor of their task, so tasks must not share one.
            pinned = given if task.kind is TaskKind.TEST and len(given) == cores else ()
            background = Background(argv, env=dict(os.environ), cwd=TOP, log=log, processors=pinned)
            self._running[task] = background, cores
            self._say(f"started: {task.id}" + (f" on {cores} cores" if cores > 1 else ""))

    def _collect(self, waiting: Sequence[Task]) -> None:
        """Take the tasks that have ended off the list of running ones, and record how long they took."""
        for task, (process, cores) in list(self._running.items()):
            code = process.poll()
            if code is None:
                continue
            del self._running[task], self._processors[task]
            self._over.add(task.id)
            if task.kind in (TaskKind.BUILD, TaskKind.TEST):
                self._progress.forget(task.cells)
            ended = time.time()
            span = Span(
                task=task.id,
                kind=task.kind,
                started=process.started,
                ended=ended,
                cores=cores,
                cpu=process.cpu,
                code=code,
            )
            with (self._directory / TIMELINE).open("ab") as file:
                file.write(json_records.encode(span) + b"\n")
            took = ended - process.started
            failure = "" if code == 0 else f", with {describe_exit(code)}: {self._directory}/logs"
            self._say(f"ended: {task.id}, {took:.0f} s{failure}; {len(waiting) + len(self._running)} left")
            if code == 0 and (seconds := self._expected_seconds(task, took * cores)):
                self._task_seconds.remember(task.id, seconds)

    def _expected_seconds(self, task: Task, seconds: float) -> float | None:
        """How long the task will take next time, after it took `seconds`; None when that says nothing.

        For a suite, the time of its modules: earlier processes may have run some of them, or results were reused.
        """
        if task.kind is not TaskKind.TEST:
            return seconds
        return None if self._run.request.suite.names else self._progress.of(task.cells[0]).seconds

    def _interrupt(self) -> None:
        """Interrupt the running tasks as Ctrl-C would, and wait for them."""
        for process, _ in self._running.values():
            process.interrupt()
        deadline = time.monotonic() + _GRACE
        while self._running and time.monotonic() < deadline:
            time.sleep(_POLL)
            self._collect(())

    def _record_unreached(self) -> None:
        """Write a record that says why for each cell that no task worked on."""
        for cell in self._cells:
            if read_record(self._directory, cell.id) is None:
                log = self._directory / "logs"
                why = f"left: the time was up, or what it needs was not there; see {log}, and start it again to go on"
                base = untested_cell(cell, CellStatus.UNEXPECTED, why)
                write_record(self._directory, CellRecord(base=base, tested=False, interrupted=True))

    def _say(self, message: str) -> None:
        self._console.print(escape(f"{time.strftime('%H:%M:%S')} {message}"), soft_wrap=True)
