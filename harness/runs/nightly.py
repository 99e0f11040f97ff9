"""A run of many cells: tasks side by side within a budget; started again, it continues."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
from rich.console import Console
from rich.markup import escape

from harness import TOP
from harness.build.execute import Silent
from harness.cells.prepare import Options, Preparer
from harness.cells.selection import matrix_of, selected_cells
from harness.machine.background import Background
from harness.machine.files import read_json, write_atomically
from harness.machine.process import describe_exit
from harness.machine.store import Store
from harness.provide.items import items_of
from harness.runs.publish import publish
from harness.runs.records import CellRecord, StartedRun, cell_directory, read_record, write_record
from harness.runs.tasks import (
    TIMELINE,
    Budget,
    Kind,
    Span,
    Task,
    free_processors,
    next_to_start,
    priorities,
    tasks_of,
    words_of,
)
from harness.runs.worker import CellWorker
from harness.suite.files import OUTCOMES
from harness.suite.results import read_results
from matrix import json_records
from matrix.errors import HarnessFault
from matrix.limitations import Limitations
from matrix.resolve import ResolvedCell
from reports.summary import CellStatus, Summary, untested_cell

_POLL = 0.1
"""seconds between two looks at the tasks"""


_ROOM = 3 << 30
"""bytes that must be free on the cache's disk before a build is begun; the largest seen took half of it"""


def _finished(run: Path) -> bool:
    path = run / "summary.json"
    return path.is_file() and not json_records.decode(path.read_bytes(), Summary).interrupted


class Nightly:
    """One process that works at a run: starts tasks, waits for them, reports."""

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
        self._directory = run.arguments.out / run.run_id
        self._running: dict[Task, tuple[Background, int]] = {}
        self._processors: dict[Task, list[int]] = {}
        """those that each running task was given"""
        self._over: set[str] = set()
        self._ended: set[str] = set()
        """cells that have come to their end, which does not change any more"""
        self._known = store.root / "state" / "tasks.json"

    def execute(self) -> int:
        """Work until all is done, the time is up, or Ctrl-C; the run's exit status."""
        started = time.monotonic()
        tasks = tasks_of(self._cells, {cell.id: list(items_of(cell, self._store)) for cell in self._cells})
        known = read_json(self._known, {})
        seconds_of = {str(name): float(value) for name, value in known.items()} if isinstance(known, dict) else {}
        priority = priorities(tasks, seconds_of)
        waiting = [task for task in tasks if not self._done(task)]
        self._over = {task.id for task in tasks} - {task.id for task in waiting}
        self._take_known(waiting)
        self._say(f"{self._run.run_id}: {len(self._cells)} cells, {len(waiting)} of {len(tasks)} tasks to do")
        interrupted = False
        try:
            while waiting or self._running:
                late = self._time_budget is not None and time.monotonic() - started > self._time_budget
                if late and self._running:
                    self._say("the time is up: what is running is ended in good order")
                    self._end()
                if late:
                    break
                self._start(waiting, priority)
                time.sleep(_POLL)
                self._collect(waiting)
        except KeyboardInterrupt:
            interrupted = True
            self._end()
        finally:
            for process, _ in self._running.values():
                process.kill()
        self._leave_out()
        duration = time.monotonic() - started
        cells = selected_cells(self._run.arguments, matrix_of(self._run.arguments))
        return publish(
            self._directory, self._run, cells, Limitations.load(), duration, self._console, interrupted=interrupted
        )

    def _take_known(self, waiting: list[Task]) -> None:
        """Do here what takes no time: cells for which nothing has to be made or run."""
        limitations = Limitations.load()
        options = Options(jobs=self._budget.cores, reuse=self._run.arguments.reuse)
        preparer = Preparer(self._store, options, Silent(), self._say)
        worker = CellWorker(self._run.arguments, preparer, limitations, self._store, self._console)
        for cell in self._cells:
            if not self._complete(cell.id) and worker.test_if_known(cell, self._directory):
                self._say(f"nothing has changed: {cell.id}")
        for task in [task for task in waiting if self._done(task)]:
            waiting.remove(task)
            self._over.add(task.id)

    def _done(self, task: Task) -> bool:
        """Whether an earlier invocation did it, or there is no need to any more."""
        return all(self._complete(cell) for cell in task.cells)

    def _complete(self, cell: str) -> bool:
        """Whether a cell has come to its end in this run; asked for every task, so that outcomes are read once."""
        if cell in self._ended:
            return True
        record = read_record(self._directory, cell)
        if record is None or record.interrupted or record.fault:
            return False
        if record.tested:
            results = read_results(cell_directory(self._directory, cell) / OUTCOMES)
            complete = set(record.planned) <= set(results)
        else:
            complete = record.base.status is CellStatus.BUILD_FAILED
        if complete:
            self._ended.add(cell)
        return complete

    def _start(self, waiting: list[Task], priority: dict[str, float]) -> None:
        while True:
            running = {task.id: (task.kind, cores) for task, (_, cores) in self._running.items()}
            found = next_to_start(waiting, frozenset(self._over), running, self._budget, priority)
            if found is None:
                return
            task, cores = found
            waiting.remove(task)
            if task.kind in (Kind.BUILD, Kind.TEST) and self._done(task):
                self._over.add(task.id)  # its build failed
                continue
            if task.kind is Kind.BUILD and psutil.disk_usage(str(self._store.root)).free < _ROOM:
                raise HarnessFault(
                    f"less than {_ROOM >> 30} GiB are free on the disk of {self._store.root}",
                    hint="`python -m harness cache prune --max-size ...`, then start this again: it goes on",
                )
            words = words_of(self._directory, task.kind, task.cells, task.item, cores)
            log = self._directory / "logs" / (task.id.replace(" ", "_") + ".log")
            argv = [sys.executable, "-m", "harness", *words]
            given = self._processors[task] = free_processors(os.sched_getaffinity(0), self._processors.values())[:cores]
            # Guests of wasmtime's library stay on the first of their task's processors: two tasks must not share it.
            pinned = given if task.kind is Kind.TEST and len(given) == cores else ()
            background = Background(argv, env=dict(os.environ), cwd=TOP, log=log, processors=pinned)
            self._running[task] = background, cores
            self._say(f"begun: {task.id}" + (f" on {cores} cores" if cores > 1 else ""))

    def _collect(self, waiting: Sequence[Task]) -> None:
        """Take note of what is over."""
        for task, (process, cores) in list(self._running.items()):
            code = process.poll()
            if code is None:
                continue
            del self._running[task], self._processors[task]
            self._over.add(task.id)
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
            said = "" if code == 0 else f", with {describe_exit(code)}: {self._directory}/logs"
            self._say(f"over: {task.id}, {took:.0f} s{said}; {len(waiting) + len(self._running)} left")
            if code == 0 and (seconds := self._work_of(task, took * cores)):
                self._remember(task.id, seconds)

    def _work_of(self, task: Task, seconds: float) -> float | None:
        """What a task is expected to take the next time; None when this time says nothing of it.

        That of a suite is what its modules took: some may have been run before this process, or be reused.
        """
        if task.kind is not Kind.TEST:
            return seconds
        if self._run.arguments.names:
            return None
        results = read_results(cell_directory(self._directory, task.cells[0]) / OUTCOMES)
        return sum(result.duration for result in results.values())

    def _end(self) -> None:
        """Let what runs end in good order, as Ctrl-C would."""
        for process, _ in self._running.values():
            process.interrupt()
        deadline = time.monotonic() + 60.0
        while self._running and time.monotonic() < deadline:
            time.sleep(_POLL)
            self._collect(())

    def _leave_out(self) -> None:
        """Say of each cell that was not worked at why."""
        for cell in self._cells:
            if read_record(self._directory, cell.id) is None:
                log = self._directory / "logs"
                why = f"left: the time was up, or what it needs was not there; see {log}, and start it again to go on"
                base = untested_cell(cell, CellStatus.UNEXPECTED, why)
                write_record(self._directory, CellRecord(base=base, tested=False, interrupted=True))

    def _remember(self, task: str, took: float) -> None:
        with self._store.lock("tasks"):
            known = read_json(self._known, {})
            known = known if isinstance(known, dict) else {}
            known[task] = round(took, 1)
            write_atomically(self._known, json_records.encode(known))

    def _say(self, message: str) -> None:
        self._console.print(escape(f"{time.strftime('%H:%M:%S')} {message}"), soft_wrap=True)
