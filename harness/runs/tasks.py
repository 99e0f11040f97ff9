"""A run of many cells as tasks: which tasks there are, which wait for which, and which to start next. Pure.

What several cells share is one task: an item to provision, a build Python, a build that several runtimes execute.
Each task runs in a process of its own, so that tasks run side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from matrix.model import Cell, SdkFamily

TIMELINE = "timeline.jsonl"
"""the file in a run's directory with a line per finished task (`Span`)"""


class TaskKind(StrEnum):
    """What a task does."""

    GET = "get"
    """provision an item"""
    PYTHON = "python"
    """make a build Python"""
    BUILD = "build"
    """build for some cells"""
    TEST = "test"
    """run the suite of a cell"""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of work that is done once, however many cells need it."""

    id: str
    kind: TaskKind
    cells: tuple[str, ...]
    """the cells that need it"""
    item: str = ""
    """the id of the item to provision"""
    after: frozenset[str] = frozenset()
    """the ids of the tasks that must have ended before, whether they succeeded or not"""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A task that has ended: a line of timeline.jsonl."""

    task: str
    kind: TaskKind
    started: float
    """seconds since the epoch"""
    ended: float
    cores: int
    """how many cores it was given"""
    cpu: float
    """CPU seconds of its process and that process's children"""
    code: int
    """exit status, negative for a signal"""


_SECONDS = {TaskKind.GET: 20.0, TaskKind.PYTHON: 100.0, TaskKind.BUILD: 300.0, TaskKind.TEST: 400.0}
"""how long a task is expected to take on one core when it never ran here"""
_MEBIBYTES = {TaskKind.GET: 500, TaskKind.PYTHON: 1000, TaskKind.BUILD: 1500, TaskKind.TEST: 2000}
"""memory that a task takes per core (MiB), rounded up from what was measured"""


def tasks_of(cells: Sequence[Cell], items: Mapping[str, Iterable[str]]) -> tuple[Task, ...]:
    """The tasks of some cells, each behind the tasks that it waits for.

    `items` are the ids of the items that each cell needs, by the cell's id. Emscripten builds of one SDK and one
    CPython share configure's answers, so that the others wait for the first of them.
    """
    gets: dict[str, list[str]] = {}
    pythons: dict[str, list[Cell]] = {}
    builds: dict[str, list[Cell]] = {}
    for cell in cells:
        for item in items[cell.id]:
            gets.setdefault(item, []).append(cell.id)
        pythons.setdefault(cell.build.cpython.id, []).append(cell)
        builds.setdefault(cell.build.id, []).append(cell)
    tasks = [Task(id=f"get {item}", kind=TaskKind.GET, cells=tuple(ids), item=item) for item, ids in gets.items()]
    for python, found in pythons.items():
        after = frozenset([f"get {python}"])
        tasks.append(Task(id=f"python {python}", kind=TaskKind.PYTHON, cells=_ids(found), after=after))
    first: dict[tuple[str, str], str] = {}
    for name, found in builds.items():
        build = found[0].build
        pair = build.sdk.id, build.cpython.id
        needs = {f"get {item}" for item in items[found[0].id] if item != found[0].runtime.id or item == build.sdk.node}
        needs.add(f"python {build.cpython.id}")
        if build.sdk.family is SdkFamily.EMSCRIPTEN and pair in first:
            needs.add(f"build {first[pair]}")
        first.setdefault(pair, name)
        tasks.append(Task(id=f"build {name}", kind=TaskKind.BUILD, cells=_ids(found), after=frozenset(needs)))
    for cell in cells:
        after = frozenset([f"build {cell.build.id}", f"get {cell.runtime.id}"])
        tasks.append(Task(id=f"test {cell.id}", kind=TaskKind.TEST, cells=(cell.id,), after=after))
    return tuple(tasks)


def _ids(cells: Iterable[Cell]) -> tuple[str, ...]:
    return tuple(cell.id for cell in cells)


def priorities(tasks: Sequence[Task], seconds: Mapping[str, float]) -> dict[str, float]:
    """The critical path of each task in seconds: the task plus its longest chain of dependants.

    `seconds` is how long tasks took before, by their ids. `tasks` are in the order of `tasks_of`.
    """
    dependants: dict[str, list[Task]] = {}
    for task in tasks:
        for before in task.after:
            dependants.setdefault(before, []).append(task)
    found: dict[str, float] = {}
    for task in reversed(tasks):  # dependants first
        longest = max((found[later.id] for later in dependants.get(task.id, ())), default=0.0)
        found[task.id] = seconds.get(task.id, _SECONDS[task.kind]) + longest
    return found


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What all running tasks together may use."""

    cores: int
    memory: int
    """MiB"""


def next_to_start(
    waiting: Sequence[Task],
    ended: frozenset[str],
    running: Mapping[str, tuple[TaskKind, int]],
    budget: Budget,
    priority: Mapping[str, float],
) -> tuple[Task, int] | None:
    """The task to start now and how many cores it gets; None when no task can start.

    `ended` are the ids of the tasks that have ended; `running` has the kind and the cores of those that run. A task
    gets one core: several tasks side by side leave no core idle, while a single one would during configure. A task
    that is the only one left gets all cores.
    """
    ready = sorted((task for task in waiting if task.after <= ended), key=lambda task: (-priority[task.id], task.id))
    free = budget.cores - sum(cores for _, cores in running.values())
    if not ready or free < 1:
        return None
    memory = budget.memory - sum(_MEBIBYTES[kind] * cores for kind, cores in running.values())
    for task in ready:
        if _MEBIBYTES[task.kind] <= memory or not running:
            alone = len(ready) == 1 and not running
            most = max(1, memory // _MEBIBYTES[task.kind])
            return task, min(free, most) if alone else 1
    return None


def free_processors(processors: Iterable[int], given: Iterable[Iterable[int]]) -> list[int]:
    """Those of the processors that no running task was given, in ascending order."""
    return sorted(set(processors).difference(*given))


def command_words(run: Path, kind: TaskKind, cells: Sequence[str], item: str, cores: int) -> list[str]:
    """The words after `python -m harness` that start the process for a task."""
    return ["work", str(run), kind.value, *cells, *(["--item", item] if item else []), "--cores", str(cores)]
