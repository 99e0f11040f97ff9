"""What is compared between the runtimes of one build."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from matrix.areas import Area
from matrix.limitations import Expectation
from matrix.model import Cell
from matrix.outcome import ModuleResult, Status
from reports.differences import NO_SUCH_TEST
from reports.gathered import Gathered
from reports.runtimes import AreaCount, MeasuredCell, RuntimeRow, RuntimeTable, compare_runtimes
from reports.summary import CellStatus, judged_cell, untested_cell
from reports.verdict import judge_cell
from tests.unit import made
from tests.unit.made import expecting, explaining, outcome, result

AREAS = (Area(name="files", modules=("test_os",)), Area(name="time", modules=("test_time",)))
ONE, TWO = "test.test_os.A.test_one", "test.test_os.A.test_two"


def cell_with(version: str, name: str = "wasmtime") -> Cell:
    return replace(made.cell(), runtime=made.runtime(version, name))


DEFAULT = cell_with("50.0.1")
OTHER = cell_with("1.12.0", "wazero")


def measured(cell: Cell, *results: ModuleResult, wall: float = 8.0) -> MeasuredCell:
    """A cell with these results. One limitation skips tests, one makes `TWO` fail."""
    limitations = made.listed(
        explaining("no files", name="no-files"), expecting(TWO, Expectation.FAILED, name="no-clock")
    )
    found = {one.module: one for one in results}
    verdicts = judge_cell(list(found), found, limitations, full=False)
    gathered = Gathered()
    gathered.add(cell.id, verdicts, found, durations={"test": wall}, whole=True, complete=False)
    base = untested_cell(cell, CellStatus.OK, "")
    return gathered.measured(cell, judged_cell(base, verdicts, {"test": wall}))


def untested(cell: Cell) -> MeasuredCell:
    return Gathered().measured(cell, untested_cell(cell, CellStatus.UNOBTAINABLE, "there is none"))


def compared(*cells: MeasuredCell) -> RuntimeTable:
    (table,) = compare_runtimes(cells, AREAS)
    return table


def rows(*cells: MeasuredCell) -> dict[str, RuntimeRow]:
    return {row.runtime: row for row in compared(*cells).rows}


def os_tests(*statuses: Status, **changes: object) -> ModuleResult:
    outcomes = [outcome(test, status) for test, status in zip((ONE, TWO), statuses, strict=False)]
    return result(*outcomes, module="test_os", **changes)


PASSED = os_tests(Status.PASSED, Status.PASSED)


def test_outcomes_are_counted_with_what_is_known_and_what_is_unexpected() -> None:
    tests = result(
        outcome(ONE, Status.CRASHED),
        outcome(TWO, Status.FAILED),
        outcome("test.test_os.A.test_three"),
        outcome("test.test_os.A.test_four"),
        outcome("test.test_os.A.test_five", Status.SKIPPED, "no files"),
        module="test_os",
    )
    row = rows(measured(DEFAULT, PASSED), measured(OTHER, tests))["wazero"]
    assert (row.passed, row.failed, row.skipped, row.known, row.unexpected) == (2, 2, 1, 1, 1)
    assert row.pass_rate == 0.5
    assert (row.runtime, row.version, row.cell) == ("wazero", "1.12.0", OTHER.id)


def test_a_cell_in_which_everything_is_skipped_has_no_pass_rate() -> None:
    row = rows(measured(DEFAULT, PASSED), measured(OTHER, os_tests(Status.SKIPPED)))["wazero"]
    assert row.pass_rate is None


def test_only_modules_that_were_run_have_seconds() -> None:
    ran = result(module="test_time", cpu=2.0, startup=0.5, guests=1)
    row = rows(measured(DEFAULT, PASSED), measured(OTHER, replace(PASSED, reused="run-1", cpu=9.0, startup=7.0), ran))[
        "wazero"
    ]
    assert (row.modules, row.reused) == (1, 1)
    assert (row.wall_s, row.cpu_s, row.startup_s) == (8.0, 2.0, 0.5)


def test_a_cell_whose_results_are_all_reused_has_no_seconds() -> None:
    row = rows(measured(DEFAULT, PASSED), measured(OTHER, replace(PASSED, reused="run-1", cpu=9.0)))["wazero"]
    assert (row.modules, row.wall_s, row.cpu_s, row.startup_s, row.speed) == (0, None, None, None, None)


def test_the_start_up_is_that_of_one_guest() -> None:
    results = [result(module=name, startup=seconds, guests=2) for name, seconds in (("test_os", 1.0), ("test_a", 3.0))]
    shared = result(module="test_b")  # in a guest that had started before
    row = rows(measured(DEFAULT, PASSED), measured(OTHER, *results, shared))["wazero"]
    assert row.startup_s == 1.0


def test_speed_compares_the_modules_that_both_ran() -> None:
    first = [result(module="test_os", cpu=6.0), result(module="test_time", cpu=50.0)]
    other = [
        result(module="test_os", cpu=2.0),
        result(module="test_time", cpu=1.0, reused="run-1"),
        result(module="test_a", cpu=9.0),
    ]
    found = rows(measured(DEFAULT, *first), measured(OTHER, *other))
    assert found["wazero"].speed == 3.0
    assert found["wasmtime"].speed == 1.0


def test_the_results_of_an_earlier_version_of_the_harness_have_no_speed() -> None:
    found = rows(measured(DEFAULT, result(module="test_os", cpu=1.0)), measured(OTHER, PASSED))
    assert (found["wazero"].speed, found["wazero"].cpu_s) == (None, None)


def test_the_default_runtime_is_the_first() -> None:
    table = compared(measured(OTHER, PASSED), measured(cell_with("49.0.0"), PASSED), measured(DEFAULT, PASSED))
    assert [row.version for row in table.rows] == ["50.0.1", "1.12.0", "49.0.0"]
    assert table.build == made.build().id


@pytest.mark.parametrize("default", [[], [untested(DEFAULT)]])
def test_without_the_default_runtime_the_first_that_was_tested_is_the_first(default: list[MeasuredCell]) -> None:
    cells = [measured(OTHER, PASSED), measured(cell_with("49.0.0"), PASSED), *default]
    assert compared(*cells).rows[0].runtime == "wazero"


def test_a_runtime_that_was_not_tested_has_a_row() -> None:
    row = rows(measured(DEFAULT, PASSED), measured(cell_with("49.0.0", "old"), PASSED), untested(OTHER))["wazero"]
    assert (row.status, row.areas, row.passed) == ("unobtainable", {}, 0)


def test_builds_with_one_tested_runtime_are_not_compared() -> None:
    debug = Cell(build=made.build(debug=True), runtime=made.runtime())
    cells = [measured(DEFAULT, PASSED), untested(OTHER), measured(debug, PASSED)]
    assert compare_runtimes(cells, AREAS) == ()


def test_each_build_has_a_table() -> None:
    debug = [Cell(build=made.build(debug=True), runtime=made.runtime(version)) for version in ("49.0.0", "50.0.1")]
    tables = compare_runtimes([measured(cell, PASSED) for cell in (DEFAULT, OTHER, *debug)], AREAS)
    assert [(table.build, len(table.rows)) for table in tables] == [
        (made.build().id, 2),
        (made.build(debug=True).id, 2),
    ]


def test_areas_count_what_passed_and_what_differs() -> None:
    first = (PASSED, result(outcome("test.test_a.A.test_one")))
    other = (os_tests(Status.PASSED, Status.FAILED), result(outcome("test.test_a.A.test_one")))
    table = compared(measured(DEFAULT, *first), measured(OTHER, *other))
    assert table.areas == ("files", "other")
    assert table.rows[0].areas == {"files": AreaCount(passed=2, differ=0), "other": AreaCount(passed=1, differ=0)}
    assert table.rows[1].areas == {"files": AreaCount(passed=1, differ=1), "other": AreaCount(passed=1, differ=0)}


def test_a_difference_has_both_outcomes_and_what_explains_it() -> None:
    row = rows(measured(DEFAULT, PASSED), measured(OTHER, os_tests(Status.CRASHED, Status.FAILED)))["wazero"]
    assert [(one.area, one.module, one.test, one.outcome, one.first, one.limitation) for one in row.differences] == [
        ("files", "test_os", ONE, "crashed", "passed", ""),
        ("files", "test_os", TWO, "failed", "passed", "no-clock"),
    ]


def test_what_explains_the_first_runtime_s_outcome_explains_the_difference() -> None:
    skipped = result(outcome(ONE, Status.SKIPPED, "no files"), module="test_os")
    row = rows(measured(DEFAULT, skipped), measured(OTHER, os_tests(Status.PASSED)))["wazero"]
    assert [(one.test, one.first, one.limitation) for one in row.differences] == [(ONE, "skipped", "no-files")]


def test_the_tests_of_a_module_that_was_skipped_are_explained_by_its_reason() -> None:
    skipped = result(outcome("test.test_os", Status.SKIPPED, "no files"), module="test_os")
    row = rows(measured(DEFAULT, os_tests(Status.PASSED)), measured(OTHER, skipped))["wazero"]
    assert [(one.test, one.outcome, one.limitation) for one in row.differences] == [
        ("test.test_os", "skipped", "no-files"),
        (ONE, NO_SUCH_TEST, "no-files"),
    ]


def test_modules_that_only_one_of_them_ran_do_not_differ() -> None:
    row = rows(measured(DEFAULT, PASSED), measured(OTHER, PASSED, result(outcome(status=Status.FAILED))))["wazero"]
    assert row.differences == ()
    assert row.areas["other"] == AreaCount(passed=0, differ=0)
