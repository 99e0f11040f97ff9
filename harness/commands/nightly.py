"""`nightly`: a named set of cells, tasks side by side within a budget; started again, it goes on where it was."""

from __future__ import annotations

import argparse
import datetime
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
from filelock import FileLock, Timeout
from rich.console import Console
from rich.markup import escape

from harness import records
from harness.build import Silent
from harness.cli import Arguments, Parser, positive, share
from harness.commands.report import publish
from harness.commands.runs import (
    STARTED,
    CellRecord,
    StartedRun,
    cell_directory,
    named_run_id,
    point_latest,
    read_record,
    read_started,
    write_record,
)
from harness.commands.test import CellWorker
from harness.commands.work import words_of
from harness.outcome import read_results
from harness.plugin import OUTCOMES
from harness.prepare import Options, Preparer
from harness.process import Background, describe_exit
from harness.provision import items_of
from harness.selection import matrix_of, selected_cells
from harness.store import Store, read_json, write_atomically
from harness.tasks import TIMELINE, Budget, Kind, Span, Task, free_processors, next_to_start, priorities, tasks_of
from matrix.errors import HarnessFault, UsageError, near
from matrix.expand import expand
from matrix.limitations import Limitations
from matrix.load import load, load_sets
from matrix.model import Cell
from matrix.select import Selection, select
from reports.summary import CellStatus, Summary, untested

OUT = Path(__file__).parents[2] / "reports" / "out"
_LOCK = ".lock"
_POLL = 0.1
"""seconds between two looks at the tasks"""
_ROOM = 3 << 30
"""bytes that must be free on the cache's disk before a build is begun; the largest seen took half of it"""
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def nightly(argv: Sequence[str], console: Console) -> int:
    """Run a set of cells and report. Raises UsageError for what it does not understand."""
    parser = _parser()
    known = parser.parse_args(list(argv))
    store = Store()
    store.remove_left_over()
    run, cells = _run(known)
    directory = run.arguments.out / run.run_id
    lock = FileLock(directory / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UsageError(f"another process is at this run: {directory}", hint="wait for it, or end it") from None
    with lock:
        budget = Budget(cores=known.cores, memory=known.memory)
        return Nightly(run, cells, store, budget, known.time_budget, console).execute()


def _parser() -> Parser:
    parser = Parser(prog="python -m harness nightly", description=__doc__)
    parser.add_argument("names", nargs="*", help="test modules, classes or tests; default: every cell's whole suite")
    parser.add_argument("--set", default="default", help="of matrix/data/nightly.toml (default: %(default)s)")
    parser.add_argument("--cores", type=positive, default=os.cpu_count() or 1, help="to use (default: all)")
    memory = max(1, psutil.virtual_memory().available >> 20)
    parser.add_argument("--memory", type=positive, default=memory, metavar="MiB", help="to use (default: what is free)")
    parser.add_argument(
        "--time-budget", type=seconds, metavar="TIME", help="such as 90m or 6h: stop in good order then"
    )
    parser.add_argument("--new", action="store_true", help="a new run, although an unfinished one of this set is there")
    parser.add_argument("--no-reuse", action="store_true", help="run also modules for which nothing has changed")
    parser.add_argument("--again", type=share, default=0.0, metavar="SHARE", help="of those, run this share, 0 to 1")
    parser.add_argument("--out", type=Path, default=OUT, help="where runs are kept (default: reports/out)")
    return parser


def seconds(text: str) -> float:
    """`90m`, `6h`, `30s`. Raises UsageError for what is none of these."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if match is None:
        raise UsageError(f"{text!r} is no time", hint="say 90m, 6h or 30s")
    return float(match[1]) * _UNITS[match[2]]


def _run(known: argparse.Namespace) -> tuple[StartedRun, tuple[Cell, ...]]:
    """The run to work at: the newest of this set when that is unfinished and the set is the same, else a new one."""
    name, out = known.set, known.out
    cells = cells_of_set(name)
    ids = tuple(cell.id for cell in cells)
    arguments = Arguments(
        command="test",
        selection=Selection(cell=ids),
        names=tuple(known.names),
        reuse=not known.no_reuse,
        again=known.again,
        out=out.absolute(),
    )
    if not known.new:
        for path in sorted(out.glob(f"*-nightly-{name}-*/{STARTED}"), reverse=True)[:1]:
            found = read_started(path.parent)
            if found.arguments == arguments and not _finished(path.parent):
                return found, cells
    run = StartedRun(
        run_id=named_run_id(f"nightly-{name}"),
        started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        arguments=arguments,
        cells=ids,
    )
    write_atomically(out / run.run_id / STARTED, records.encode(run))
    point_latest(out, run.run_id)
    return run, cells


def cells_of_set(name: str) -> tuple[Cell, ...]:
    """The cells of a named set, in the matrix's order. Raises UsageError, with near misses, when there is none."""
    sets = {row.name: row for row in load_sets()}
    if name not in sets:
        raise UsageError(f"there is no set {name!r} in nightly.toml", hint=near(name, sets))
    expansion = expand(load())
    wanted = {cell.id for selection in sets[name].cells for cell in select(expansion, selection)}
    return tuple(cell for cell in expansion.cells if cell.id in wanted)


def _finished(run: Path) -> bool:
    path = run / "summary.json"
    return path.is_file() and not records.decode(path.read_bytes(), Summary).interrupted


class Nightly:
    """One process that works at a run: starts tasks, waits for them, reports."""

    def __init__(
        self,
        run: StartedRun,
        cells: Sequence[Cell],
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
        matrix = load()
        tasks = tasks_of(self._cells, {cell.id: list(items_of(cell, matrix, self._store)) for cell in self._cells})
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
        matrix, limitations = load(), Limitations.load()
        options = Options(jobs=self._budget.cores, reuse=self._run.arguments.reuse)
        preparer = Preparer(matrix, self._store, options, Silent(), self._say)
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
            top = Path(__file__).parents[2]
            given = self._processors[task] = free_processors(os.sched_getaffinity(0), self._processors.values())[:cores]
            # Guests of wasmtime's library stay on the first of their task's processors: two tasks must not share it.
            pinned = given if task.kind is Kind.TEST and len(given) == cores else ()
            background = Background(argv, env=dict(os.environ), cwd=top, log=log, processors=pinned)
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
                file.write(records.encode(span) + b"\n")
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
                base = untested(cell, CellStatus.UNEXPECTED, why)
                write_record(self._directory, CellRecord(base=base, tested=False, interrupted=True))

    def _remember(self, task: str, took: float) -> None:
        with self._store.lock("tasks"):
            known = read_json(self._known, {})
            known = known if isinstance(known, dict) else {}
            known[task] = round(took, 1)
            write_atomically(self._known, records.encode(known))

    def _say(self, message: str) -> None:
        self._console.print(escape(f"{time.strftime('%H:%M:%S')} {message}"), soft_wrap=True)
