from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.outcome import Outcome, Status
from reports.differences import NO_SUCH_TEST, Comparison, Difference, RecordedModules, compare, short_names
from reports.recorded import recorded
from tests.unit import made
from tests.unit.made import result

ONE = "test.test_a.A.test_one"
TWO = "test.test_a.A.test_two"
OTHER = "test.test_b.B.test_other"

Seen = dict[str, list[tuple[str, Status]]]
"""tests and how they ended, by module"""


def modules(seen: Seen) -> RecordedModules:
    return {
        module: recorded(result(*(Outcome(test=test, status=status) for test, status in tests), module=module))
        for module, tests in seen.items()
    }


def compared(*cells: Seen) -> Comparison:
    """The comparison of cells `0`, `1`, ... of one CPython."""
    (found,) = compare([(str(number), "cpython-3.13.5", modules(seen)) for number, seen in enumerate(cells)])
    return found


# --- what is compared


def test_a_test_with_another_outcome_elsewhere_is_a_difference() -> None:
    found = compared(
        {"test_a": [(ONE, Status.PASSED), (TWO, Status.PASSED)]},
        {"test_a": [(ONE, Status.PASSED), (TWO, Status.FAILED)]},
    )
    assert found == Comparison(
        cpython="cpython-3.13.5",
        cells=("0", "1"),
        tests=2,
        differences=(Difference(module="test_a", test=TWO, outcomes={"0": "passed", "1": "failed"}),),
    )


def test_cells_with_the_same_outcomes_do_not_differ() -> None:
    seen: Seen = {"test_a": [(ONE, Status.PASSED)], "test_b": [(OTHER, Status.SKIPPED)]}
    found = compared(seen, seen, seen)
    assert (found.tests, found.differences) == (2, ())
    assert found.cells == ("0", "1", "2")


def test_one_of_three_cells_is_enough_for_a_difference() -> None:
    same: Seen = {"test_a": [(ONE, Status.PASSED)]}
    (difference,) = compared(same, {"test_a": [(ONE, Status.CRASHED)]}, same).differences
    assert difference.outcomes == {"0": "passed", "1": "crashed", "2": "passed"}


def test_a_test_that_some_cells_lack_is_a_difference() -> None:
    found = compared({"test_a": [(ONE, Status.PASSED), (TWO, Status.PASSED)]}, {"test_a": [(ONE, Status.PASSED)]})
    assert found.differences == (
        Difference(module="test_a", test=TWO, outcomes={"0": "passed", "1": NO_SUCH_TEST}),
    )  # fmt: skip


def test_another_detail_is_not_a_difference() -> None:
    one, other = (
        {"test_a": recorded(result(Outcome(test=ONE, status=Status.SKIPPED, detail=why)))}
        for why in ("no threads", "no sockets")
    )
    (found,) = compare([("0", "3.13", one), ("1", "3.13", other)])
    assert found.differences == ()


def test_a_module_that_was_not_planned_everywhere_is_not_compared() -> None:
    found = compared(
        {"test_a": [(ONE, Status.PASSED)], "test_b": [(OTHER, Status.PASSED)]}, {"test_a": [(ONE, Status.PASSED)]}
    )
    assert (found.tests, found.differences) == (1, ())


def test_cells_that_have_no_module_in_common_have_nothing_to_compare() -> None:
    found = compared({"test_a": [(ONE, Status.PASSED)]}, {"test_b": [(OTHER, Status.FAILED)]})
    assert (found.tests, found.differences) == (0, ())


def test_two_modules_that_run_a_test_of_the_same_name_are_kept_apart() -> None:
    found = compared(
        {"test_a": [(ONE, Status.PASSED)], "test_a_c": [(ONE, Status.PASSED)]},
        {"test_a": [(ONE, Status.PASSED)], "test_a_c": [(ONE, Status.FAILED)]},
    )
    assert found.tests == 2
    assert [difference.module for difference in found.differences] == ["test_a_c"]


# --- a name that a module has twice


def test_a_test_that_a_module_has_twice_has_both_outcomes() -> None:
    (difference,) = compared(
        {"test_a": [(ONE, Status.PASSED), (ONE, Status.FAILED)]},
        {"test_a": [(ONE, Status.PASSED), (ONE, Status.PASSED)]},
    ).differences
    assert difference.outcomes == {"0": "failed, passed", "1": "passed, passed"}


def test_another_number_of_tests_with_one_name_is_a_difference() -> None:
    (difference,) = compared(
        {"test_a": [(ONE, Status.PASSED)]}, {"test_a": [(ONE, Status.PASSED), (ONE, Status.PASSED)]}
    ).differences
    assert difference.outcomes == {"0": "passed", "1": "passed, passed"}


def test_the_order_of_tests_with_one_name_does_not_count() -> None:
    found = compared(
        {"test_a": [(ONE, Status.PASSED), (ONE, Status.FAILED)]},
        {"test_a": [(ONE, Status.FAILED), (ONE, Status.PASSED)]},
    )
    assert (found.tests, found.differences) == (1, ())


# --- which cells


def test_nothing_is_compared_with_a_single_cell() -> None:
    assert compare([]) == ()
    assert compare([("0", "3.13", modules({"test_a": [(ONE, Status.FAILED)]}))]) == ()


def test_two_versions_of_cpython_are_not_compared_with_each_other() -> None:
    passing, failing = (modules({"test_a": [(ONE, status)]}) for status in (Status.PASSED, Status.FAILED))
    assert compare([("0", "3.11", passing), ("1", "3.13", failing)]) == ()


def test_each_version_of_cpython_has_a_comparison_of_its_own() -> None:
    passing, failing = (modules({"test_a": [(ONE, status)]}) for status in (Status.PASSED, Status.FAILED))
    older, newer = compare(
        [("0", "3.11", passing), ("1", "3.13", passing), ("2", "3.11", passing), ("3", "3.13", failing)]
    )
    assert (older.cpython, older.cells, older.differences) == ("3.11", ("0", "2"), ())
    assert (newer.cpython, newer.cells) == ("3.13", ("1", "3"))
    assert [difference.outcomes for difference in newer.differences] == [{"1": "passed", "3": "failed"}]


# --- in general

observed = st.sampled_from([Status.PASSED, Status.FAILED, Status.SKIPPED])
cells_seen: st.SearchStrategy[Seen] = st.dictionaries(
    st.sampled_from(["test_a", "test_b"]),
    st.lists(st.tuples(st.sampled_from([ONE, TWO, OTHER]), observed), min_size=1, max_size=4),
)


@given(st.lists(cells_seen, min_size=2, max_size=4))
def test_exactly_the_tests_that_differ_are_listed(seen: list[Seen]) -> None:
    found = compared(*seen)

    def statuses(cell: Seen, module: str, test: str) -> list[Status]:
        return sorted(status for name, status in cell[module] if name == test)

    shared = [module for module in seen[0] if all(module in cell for cell in seen)]
    tests = {(module, test) for cell in seen for module in shared for test, _ in cell[module]}
    differing = {
        (module, test)
        for module, test in tests
        if any(statuses(cell, module, test) != statuses(seen[0], module, test) for cell in seen)
    }
    assert found.tests == len(tests)
    assert {(difference.module, difference.test) for difference in found.differences} == differing
    assert len(found.differences) == len(differing)
    for difference in found.differences:
        assert len(set(difference.outcomes.values())) > 1
        assert tuple(difference.outcomes) == found.cells


@given(cells_seen)
def test_equal_cells_do_not_differ_in_whatever_order_their_tests_ran(seen: Seen) -> None:
    backwards: Seen = {module: seen[module][::-1] for module in reversed(seen)}
    assert compared(seen, backwards, seen).differences == ()


# --- names of columns


def test_short_names_are_the_parts_that_differ() -> None:
    cells = (
        "wasi_wasi-sdk-24_cpython-3.13.5_wasmtime-50.0.1",
        "node_emscripten-3.1.69_cpython-3.13.5_node-20.18.0",
        "node-dl_emscripten-3.1.69_cpython-3.13.5_node-20.18.0",
    )
    assert short_names(cells) == {
        cells[0]: "wasi wasi-sdk-24 wasmtime-50.0.1",
        cells[1]: "node emscripten-3.1.69 node-20.18.0",
        cells[2]: "node-dl emscripten-3.1.69 node-20.18.0",
    }


def test_cells_that_differ_in_one_axis_are_named_by_it() -> None:
    cells = [f"node_emscripten-{version}_cpython-3.11.2_node-20.18.0" for version in ("3.1.24", "3.1.69")]
    assert list(short_names(cells).values()) == ["emscripten-3.1.24", "emscripten-3.1.69"]


@pytest.mark.parametrize(
    "cells",
    [
        (),
        (made.cell().id,),
        ("wasi_wasi-sdk-24_cpython-3.13.5_wasmtime-50.0.1", "wasi_wasi-sdk-24_cpython-3.13.5_debug_wasmtime-50.0.1"),
    ],
)
def test_cells_that_cannot_be_shortened_keep_their_ids(cells: tuple[str, ...]) -> None:
    assert short_names(cells) == {cell: cell for cell in cells}


parts = st.text("ab-1.", min_size=1, max_size=4)


@given(st.lists(st.lists(parts, min_size=1, max_size=4).map("_".join), unique=True, max_size=5))
def test_two_cells_never_have_the_same_name(cells: list[str]) -> None:
    names = short_names(cells)
    assert list(names) == cells
    assert len(set(names.values())) == len(cells)
    assert all(names.values())
