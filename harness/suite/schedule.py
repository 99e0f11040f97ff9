"""Which modules share a guest, and their order: the longest first, with smaller groups towards the end."""

from __future__ import annotations

import heapq
import random
from collections.abc import Collection, Mapping, Sequence

import msgspec

from harness.machine.files import read_json, write_atomically
from harness.machine.store import Store
from harness.suite.batch import ModulePlan
from matrix import json_records

_ALONE = 8.0
"""seconds from which a module gets a guest of its own, because starting a guest costs little in comparison"""
_LARGEST, _SMALLEST = 16.0, 2.0
"""seconds of tests in one guest"""
_MOST = 80
"""modules in one guest"""
_BYTES_A_SECOND = 60_000
"""bytes of test sources per second, measured in a whole run on WASI: a guess for modules of unknown duration"""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Modules that share a guest."""

    name: str
    plans: tuple[ModulePlan, ...]


def schedule(
    plans: Sequence[ModulePlan],
    seconds: Mapping[str, float],
    *,
    workers: int,
    isolate: bool = False,
    alone: Collection[str] = (),
    shuffled: int | None = None,
    first: Sequence[str] = (),
) -> tuple[Group, ...]:
    """Groups in the order in which workers should take them.

    `seconds` is the expected duration of each module. The modules in `alone`, or with `isolate` all modules, get a
    guest of their own. (A module that fails in a shared guest would have to run a second time.) The modules in `first`
    come before all others, in that order. `shuffled` is the seed of a random order, which is otherwise by duration.
    """
    places = {module: place for place, module in enumerate(first)}
    ordered = sorted(plans, key=lambda plan: (places.get(plan.module, len(places)), -seconds[plan.module], plan.module))
    if shuffled is not None:
        ordered.sort(key=lambda plan: plan.module)  # so that only the seed decides
        random.Random(shuffled).shuffle(ordered)  # noqa: S311
    left = sum(seconds[plan.module] for plan in ordered)
    groups: list[list[ModulePlan]] = []
    open_group: list[ModulePlan] | None = None
    room = 0.0
    for plan in ordered:
        cost = seconds[plan.module]
        if isolate or cost >= _ALONE or plan.module in alone:
            groups.append([plan])
            open_group = None if plan.module in places else open_group  # what joins it would come too early
        elif open_group is not None and cost <= room and len(open_group) < _MOST:
            open_group.append(plan)
            room -= cost
        else:
            open_group = [plan]
            groups.append(open_group)
            room = max(_SMALLEST, min(_LARGEST, left / (3 * max(workers, 1)))) - cost
        left -= cost
    return tuple(Group(name=f"guest{number:03}", plans=tuple(group)) for number, group in enumerate(groups))


def guess(size: int) -> float:
    """The expected duration, in seconds, of a module of unknown duration with `size` bytes of sources."""
    return 0.05 + size / _BYTES_A_SECOND


def shard(seconds: Mapping[str, float], index: int, count: int) -> frozenset[str]:
    """The modules of one of `count` parts, which take about equally long. The result is the same on every machine.

    `seconds` is the expected duration of each module; `index` counts from 1.
    """
    parts: list[tuple[float, int, list[str]]] = [(0.0, number, []) for number in range(count)]
    for module in sorted(seconds, key=lambda name: (-seconds[name], name)):
        total, number, modules = heapq.heappop(parts)
        modules.append(module)
        heapq.heappush(parts, (total + seconds[module], number, modules))
    return frozenset(next(modules for _, number, modules in parts if number == index - 1))


class Durations:
    """The durations of a target's modules in earlier runs, kept in a small file in the store."""

    def __init__(self, store: Store, target: str) -> None:
        self._store = store
        self._path = store.root / "state" / "durations" / f"{target}.json"

    def expected(self, modules: Mapping[str, int]) -> dict[str, float]:
        """Expected seconds by module; `modules` maps each module to the size of its sources."""
        known = self.known()
        return {name: known[name] if name in known else guess(size) for name, size in modules.items()}

    def known(self) -> dict[str, float]:
        """Seconds by module, for the modules that ever ran on this machine."""
        known = read_json(self._path, {})
        known = known if isinstance(known, dict) else {}
        return {str(name): float(value) for name, value in known.items() if isinstance(value, int | float)}

    def learn(self, seconds: Mapping[str, float]) -> None:
        """Remember new durations: the mean of the new one and the one known before."""
        with self._store.lock("durations"):
            known = read_json(self._path, {})
            known = known if isinstance(known, dict) else {}
            for name, value in seconds.items():
                before = known.get(name)
                known[name] = round((value + before) / 2 if isinstance(before, int | float) else value, 3)
            write_atomically(self._path, json_records.encode(known))
