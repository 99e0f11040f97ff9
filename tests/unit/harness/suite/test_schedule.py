from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from harness.machine.store import Store
from harness.suite.batch import ModulePlan
from harness.suite.schedule import Durations, Group, schedule, shard

loads = st.dictionaries(st.from_regex(r"test_[a-z]{1,5}", fullmatch=True), st.floats(0, 500), max_size=60)
workers = st.integers(0, 9)


def grouped(seconds: dict[str, float], *, workers: int = 2, isolate: bool = False) -> tuple[Group, ...]:
    return schedule([ModulePlan(module=name) for name in seconds], seconds, workers=workers, isolate=isolate)


def modules(groups: tuple[Group, ...]) -> list[str]:
    return [plan.module for group in groups for plan in group.plans]


@given(loads, workers, st.booleans())
def test_every_module_is_there_exactly_once(seconds: dict[str, float], workers: int, isolate: bool) -> None:
    assert sorted(modules(grouped(seconds, workers=workers, isolate=isolate))) == sorted(seconds)


@given(loads, workers, st.booleans())
def test_the_longest_come_first(seconds: dict[str, float], workers: int, isolate: bool) -> None:
    order = [seconds[name] for name in modules(grouped(seconds, workers=workers, isolate=isolate))]
    assert order == sorted(order, reverse=True)


@given(loads, workers, st.randoms())
def test_what_is_to_come_first_comes_first(seconds: dict[str, float], workers: int, chance: random.Random) -> None:
    first = chance.sample(sorted(seconds), len(seconds) // 2)
    plans = [ModulePlan(module=name) for name in seconds]
    order = modules(schedule(plans, seconds, workers=workers, first=first))
    assert order[: len(first)] == first
    assert sorted(order) == sorted(seconds)


@given(loads, workers)
def test_isolated_modules_share_no_guest(seconds: dict[str, float], workers: int) -> None:
    assert all(len(group.plans) == 1 for group in grouped(seconds, workers=workers, isolate=True))


@given(loads, workers)
def test_a_group_is_never_empty_and_never_large(seconds: dict[str, float], workers: int) -> None:
    for group in grouped(seconds, workers=workers):
        assert 1 <= len(group.plans) <= 40
        assert len(group.plans) == 1 or sum(seconds[plan.module] for plan in group.plans) <= 8.0


@given(loads, workers)
def test_each_group_has_a_name_of_its_own(seconds: dict[str, float], workers: int) -> None:
    names = [group.name for group in grouped(seconds, workers=workers)]
    assert len(set(names)) == len(names)


@given(loads, workers)
def test_the_order_of_the_plans_does_not_matter(seconds: dict[str, float], workers: int) -> None:
    backwards = dict(reversed(seconds.items()))
    assert grouped(seconds, workers=workers) == grouped(backwards, workers=workers)


def test_a_long_module_has_a_guest_of_its_own() -> None:
    groups = grouped({"test_long": 60.0, **{f"test_{number}": 0.1 for number in range(9)}})
    assert [plan.module for plan in groups[0].plans] == ["test_long"]


def test_short_modules_share_a_guest() -> None:
    assert len(grouped({f"test_{number}": 0.01 for number in range(30)})) == 1


def test_no_modules_make_no_groups() -> None:
    assert grouped({}) == ()


def test_a_seed_decides_the_order_alone() -> None:
    names = [f"test_{letter}" for letter in "abcdefghij"]
    seconds = {name: float(number) for number, name in enumerate(names)}
    plans = [ModulePlan(module=name) for name in names]

    def order(seed: int, plans: list[ModulePlan]) -> list[str]:
        groups = schedule(plans, seconds, workers=2, shuffled=seed)
        return [plan.module for group in groups for plan in group.plans]

    assert order(1, plans) == order(1, plans[::-1]) != order(2, plans)
    assert sorted(order(1, plans)) == names


def test_plans_are_passed_on_as_they_are() -> None:
    plan = ModulePlan(module="test_a", match=("test.test_a.A",), skip=("*hang*",))
    (group,) = schedule([plan], {"test_a": 1.0}, workers=1, isolate=False)
    assert group.plans == (plan,)


# --- durations


def test_an_unknown_duration_is_guessed_from_the_size(store: Store) -> None:
    expected = Durations(store, "wasi").expected({"test_small": 0, "test_large": 600_000})
    assert 0 < expected["test_small"] < expected["test_large"]


def test_a_learnt_duration_is_expected(store: Store) -> None:
    Durations(store, "wasi").learn({"test_a": 3.0})
    assert Durations(store, "wasi").expected({"test_a": 1}) == {"test_a": 3.0}


def test_a_later_duration_counts_half(store: Store) -> None:
    durations = Durations(store, "wasi")
    durations.learn({"test_a": 3.0, "test_b": 1.0})
    durations.learn({"test_a": 5.0})
    assert durations.expected({"test_a": 1, "test_b": 1}) == {"test_a": 4.0, "test_b": 1.0}


def test_targets_have_their_own_durations(store: Store) -> None:
    Durations(store, "wasi").learn({"test_a": 3.0})
    assert Durations(store, "node").expected({"test_a": 0}) != {"test_a": 3.0}


def test_a_damaged_file_counts_as_missing(store: Store) -> None:
    path = store.root / "state/durations/wasi.json"
    path.parent.mkdir(parents=True)
    for text in ("[1, 2]", '{"test_a": "long"}', "{"):
        path.write_text(text)
        assert Durations(store, "wasi").expected({"test_a": 0})["test_a"] < 1
    Durations(store, "wasi").learn({"test_a": 3.0})
    assert Durations(store, "wasi").expected({"test_a": 0}) == {"test_a": 3.0}


# --- shards


@given(st.dictionaries(st.text("abc_", min_size=1), st.floats(0, 100), max_size=60), st.integers(1, 8))
def test_every_module_is_in_one_shard(seconds: dict[str, float], count: int) -> None:
    parts = [shard(seconds, index, count) for index in range(1, count + 1)]
    assert sorted(name for part in parts for name in part) == sorted(seconds)


def test_shards_take_about_equally_long() -> None:
    seconds = {f"test_{number:03}": 1.0 + number % 7 for number in range(200)}
    totals = [sum(seconds[name] for name in shard(seconds, index, 4)) for index in (1, 2, 3, 4)]
    assert max(totals) - min(totals) <= 7.0


def test_shards_do_not_depend_on_the_order() -> None:
    seconds = {"a": 3.0, "b": 2.0, "c": 2.0, "d": 1.0}
    assert shard(seconds, 1, 2) == shard(dict(reversed(seconds.items())), 1, 2)


def test_modules_that_must_be_alone_do_not_change_the_groups_of_the_others() -> None:
    seconds = {f"test_{letter}": 1.0 for letter in "abcdef"}
    plans = [ModulePlan(module=name) for name in seconds]
    groups = [
        [plan.module for plan in group.plans]
        for group in schedule(plans, seconds, workers=1, alone={"test_b", "test_e"})
    ]
    assert groups[:1] == [["test_a", "test_c"]]
    assert ["test_b"] in groups
    assert ["test_e"] in groups
    assert sorted(module for group in groups for module in group) == sorted(seconds)
