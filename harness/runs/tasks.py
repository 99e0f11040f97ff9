"""What a run of many cells consists of: tasks, which of them wait for which, and what to start next. Pure.

What cells share is one task: an item that is provisioned, a build Python, a build that several runtimes
execute. A task is worked on by a process of its own, so that tasks go on side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from matrix.model import Cell, SdkFamily

TIMELINE = "timeline.jsonl"
"""the file of spans, in the directory of a run"""


class Kind(StrEnum):
    """What a task does."""

    GET = "get"
    """provision an item"""
    PYTHON = "python"
    """make a build Python"""
    BUILD = "build"
    TEST = "test"


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be done once."""

    id: str
    kind: Kind
    cells: tuple[str, ...]
    """the cells that need it"""
    item: str = ""
    """what is to be provisioned"""
    after: frozenset[str] = frozenset()
    """the tasks that have to be over before, well or not"""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A task that is over: a line of timeline.jsonl."""

    task: str
    kind: Kind
    started: float
    """seconds since the epoch"""
    ended: float
    cores: int
    """that it was given"""
    cpu: float
    """seconds, its own and its children's"""
    code: int
    """its exit status, negative for a signal"""


_SECONDS = {Kind.GET: 20.0, Kind.PYTHON: 100.0, Kind.BUILD: 300.0, Kind.TEST: 400.0}
"""guesses for tasks that were never done, on one core"""
_MEBIBYTES = {Kind.GET: 500, Kind.PYTHON: 1000, Kind.BUILD: 1500, Kind.TEST: 2000}
"""of memory that a task takes for each of its cores, rounded up from what was seen"""


def tasks_of(cells: Sequence[Cell], items: Mapping[str, Iterable[str]]) -> tuple[Task, ...]:
    """The tasks of some cells; `items` are the ids of what each cell needs, by its id.

    Builds that share configure's answers (an Emscripten and a CPython) wait for the first of them.
    """
    gets: dict[str, list[str]] = {}
    pythons: dict[str, list[Cell]] = {}
    builds: dict[str, list[Cell]] = {}
    for cell in cells:
        for item in items[cell.id]:
            gets.setdefault(item, []).append(cell.id)
        pythons.setdefault(cell.build.cpython.id, []).append(cell)
        builds.setdefault(cell.build.id, []).append(cell)
    tasks = [Task(id=f"get {item}", kind=Kind.GET, cells=tuple(ids), item=item) for item, ids in gets.items()]
    for python, found in pythons.items():
        after = frozenset([f"get {python}"])
        tasks.append(Task(id=f"python {python}", kind=Kind.PYTHON, cells=_ids(found), after=after))
    first: dict[tuple[str, str], str] = {}
    for name, found in builds.items():
        build = found[0].build
        pair = build.sdk.id, build.cpython.id
        needs = {f"get {item}" for item in items[found[0].id] if item != found[0].runtime.id or item == build.sdk.node}
        needs.add(f"python {build.cpython.id}")
        if build.sdk.family is SdkFamily.EMSCRIPTEN and pair in first:
            needs.add(f"build {first[pair]}")
        first.setdefault(pair, name)
        tasks.append(Task(id=f"build {name}", kind=Kind.BUILD, cells=_ids(found), after=frozenset(needs)))
    for cell in cells:
        after = frozenset([f"build {cell.build.id}", f"get {cell.runtime.id}"])
        tasks.append(Task(id=f"test {cell.id}", kind=Kind.TEST, cells=(cell.id,), after=after))
    return tuple(tasks)


def _ids(cells: Iterable[Cell]) -> tuple[str, ...]:
    return tuple(cell.id for cell in cells)


def priorities(tasks: Sequence[Task], seconds: Mapping[str, float]) -> dict[str, float]:
    """How long everything takes, at least, that cannot end before a task has: the longest path behind it.

    `seconds` is what tasks took before, by their ids.
    """
    behind: dict[str, list[Task]] = {}
    for task in tasks:
        for before in task.after:
            behind.setdefault(before, []).append(task)
    found: dict[str, float] = {}
    for task in reversed(tasks):  # a task stands behind all that it waits for
        longest = max((found[later.id] for later in behind.get(task.id, ())), default=0.0)
        found[task.id] = seconds.get(task.id, _SECONDS[task.kind]) + longest
    return found


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What tasks may use together."""

    cores: int
    memory: int
    """MiB"""


def next_to_start(
    waiting: Sequence[Task],
    over: frozenset[str],
    running: Mapping[str, tuple[Kind, int]],
    budget: Budget,
    priority: Mapping[str, float],
) -> tuple[Task, int] | None:
    """The task to start now and the cores that it gets; None when nothing can be started.

    `running` has the kind and the cores of what runs. A task gets one core: what runs side by side leaves no
    core idle where one task would, while configure asks its questions. One that is alone gets all.
    """
    ready = sorted((task for task in waiting if task.after <= over), key=lambda task: (-priority[task.id], task.id))
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


def free_processors(there: Iterable[int], given: Iterable[Iterable[int]]) -> list[int]:
    """The processors that no running task was given, in their order."""
    return sorted(set(there).difference(*given))


def words_of(run: Path, kind: Kind, cells: Sequence[str], item: str, cores: int) -> list[str]:
    """The words after `python -m harness` that have a task done."""
    return ["work", str(run), kind.value, *cells, *(["--item", item] if item else []), "--cores", str(cores)]
