from __future__ import annotations

import random
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.runs.tasks import Budget, Task, TaskKind, free_processors, next_to_start, priorities, tasks_of
from matrix.expand import expand
from matrix.load import load, load_sets
from matrix.model import Cell
from matrix.select import select

EXPANSION = expand(load())
SET = next(row for row in load_sets() if row.name == "default")
WANTED = {cell.id for selection in SET.cells for cell in select(EXPANSION, selection)}
CELLS = tuple(cell for cell in EXPANSION.cells if cell.id in WANTED)
ROOMY = Budget(cores=2, memory=1 << 20)


def items(cell: Cell) -> list[str]:
    found = [cell.build.sdk.id, cell.build.cpython.id, cell.runtime.id]
    return [*found, "port-zlib-1.3.1", cell.build.sdk.node] if cell.build.sdk.node else found


ITEMS = {cell.id: items(cell) for cell in CELLS}
TASKS = tasks_of(CELLS, ITEMS)
BY_ID = {task.id: task for task in TASKS}


# --- which tasks there are


def test_cells_share_tasks() -> None:
    kinds = [task.kind for task in TASKS]
    assert len(BY_ID) == len(TASKS)
    assert kinds.count(TaskKind.TEST) == len(CELLS)
    assert kinds.count(TaskKind.BUILD) == len({cell.build.id for cell in CELLS}) < len(CELLS)
    assert kinds.count(TaskKind.PYTHON) == len({cell.build.cpython.id for cell in CELLS})
    assert kinds.count(TaskKind.GET) == len({item for wanted in ITEMS.values() for item in wanted})


def test_a_task_comes_after_those_that_it_waits_for() -> None:
    seen: set[str] = set()
    for task in TASKS:
        assert task.after <= seen, task.id
        seen.add(task.id)


def test_a_build_does_not_wait_for_its_runtimes() -> None:
    build = next(task for task in TASKS if task.kind is TaskKind.BUILD and task.id.startswith("build wasi"))
    assert not any("wasmtime" in name for name in build.after)
    test = next(task for task in TASKS if task.kind is TaskKind.TEST and task.id.startswith("test wasi"))
    assert any("wasmtime" in name for name in test.after)


def test_flavours_wait_for_the_first_whose_answers_they_share() -> None:
    chosen = [cell for cell in EXPANSION.cells if "emscripten-3.1.69_cpython-3.11.2_node-20" in cell.id]
    tasks = tasks_of(chosen, {cell.id: items(cell) for cell in chosen})
    builds = [task for task in tasks if task.kind is TaskKind.BUILD]
    assert len(builds) == 3
    assert all(builds[0].id in task.after for task in builds[1:])


# --- their order


def test_the_longest_path_comes_first() -> None:
    seconds = {task.id: 1.0 for task in TASKS}
    slow = CELLS[0]
    seconds[f"test {slow.id}"] = 1000.0
    priority = priorities(TASKS, seconds)
    assert priority[f"test {slow.id}"] == 1000.0
    assert priority[f"build {slow.build.id}"] == 1001.0
    assert priority[f"python {slow.build.cpython.id}"] == 1002.0
    assert priority[f"get {slow.build.cpython.id}"] == 1003.0


def task(name: str, *after: str, kind: TaskKind = TaskKind.TEST) -> Task:
    return Task(id=name, kind=kind, cells=("cell",), after=frozenset(after))


def start(
    waiting: list[Task],
    *over: str,
    running: Mapping[str, tuple[TaskKind, int]] | None = None,
    budget: Budget = ROOMY,
    **priority: float,
) -> tuple[str, int] | None:
    given_priorities = {each.id: priority.get(each.id, 0.0) for each in waiting}
    found = next_to_start(waiting, frozenset(over), running or {}, budget, given_priorities)
    return (found[0].id, found[1]) if found else None


def test_a_waiting_task_is_not_started() -> None:
    assert start([task("b", "a")]) is None
    assert start([task("b", "a")], "a") == ("b", 2)


def test_the_task_with_the_longest_path_is_started_first() -> None:
    assert start([task("a"), task("b")], a=1.0, b=2.0) == ("b", 1)


def test_the_only_task_left_gets_every_core() -> None:
    assert start([task("a")]) == ("a", 2)
    assert start([task("a")], running={"b": (TaskKind.TEST, 1)}) == ("a", 1)
    assert start([task("a"), task("b")]) == ("a", 1)


def test_no_more_cores_are_used_than_the_budget_has() -> None:
    assert start([task("a")], running={"b": (TaskKind.TEST, 2)}) is None


def test_memory_limits_what_runs_side_by_side_but_not_a_single_task() -> None:
    small = Budget(cores=4, memory=2500)
    assert start([task("a")], budget=small) == ("a", 1)
    assert start([task("a")], running={"b": (TaskKind.TEST, 1)}, budget=small) is None
    assert start([task("a", kind=TaskKind.GET)], running={"b": (TaskKind.TEST, 1)}, budget=small) == ("a", 1)
    assert start([task("a")], budget=Budget(cores=2, memory=1)) == ("a", 1)


@given(st.integers(1, 8), st.integers(1, 30_000), st.randoms(use_true_random=False))
def test_everything_is_done_within_the_budget(cores: int, memory: int, chance: random.Random) -> None:
    budget = Budget(cores=cores, memory=memory)
    priority = priorities(TASKS, {})
    waiting, over, running = list(TASKS), set[str](), dict[str, tuple[TaskKind, int]]()
    while waiting or running:
        while found := next_to_start(waiting, frozenset(over), running, budget, priority):
            chosen, given_cores = found
            assert chosen.after <= over
            waiting.remove(chosen)
            running[chosen.id] = chosen.kind, given_cores
            assert sum(used for _, used in running.values()) <= cores
        assert running, "nothing runs and nothing can be started"
        ended = chance.choice(sorted(running))
        del running[ended]
        over.add(ended)
    assert over == set(BY_ID)


@pytest.mark.parametrize("name", ["default", "small"])
def test_a_set_selects_cells(name: str) -> None:
    (chosen,) = (row for row in load_sets() if row.name == name)
    assert all(select(EXPANSION, selection) for selection in chosen.cells)


@given(st.sets(st.integers(0, 40)), st.lists(st.sets(st.integers(0, 40))))
def test_no_two_tasks_are_given_the_same_processor(there: set[int], tasks: list[set[int]]) -> None:
    free = free_processors(there, tasks)
    assert free == sorted(free)
    assert set(free) == there - {number for numbers in tasks for number in numbers}
