"""What the history answers: one test over time, flaky tests, rates."""

from __future__ import annotations

from pathlib import Path

import pytest

from matrix.outcome import ModuleResult, Status
from reports import history
from reports.history import opened, record
from reports.verdict import Rate
from tests.unit.nights import CELL, OTHER, cell_summary, module, observed, record_run, results, summary
from tests.unit.recordings import seen

P, F = Status.PASSED, Status.FAILED
ONE = "test.test_a.A.test_one"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / history.NAME


# --- one test over time


def test_a_test_is_shown_over_runs_and_cells(path: Path) -> None:
    record_run(path, "run-02", module(observed(F, seconds=2.0)), cells=(CELL, OTHER))
    record_run(path, "run-01", module(observed(seconds=0.5), reused="run-00"))
    assert [(one.run, one.cell, one.outcome, one.duration, one.reused) for one in seen(path)] == [
        ("run-01", CELL, "passed", 0.5, True),
        ("run-02", CELL, "failed", 2.0, False),
        ("run-02", OTHER, "failed", 2.0, False),
    ]
    assert [(one.run, one.cell) for one in seen(path, cells=(OTHER,))] == [("run-02", OTHER)]


def test_a_test_that_a_module_has_twice_has_both_outcomes(path: Path) -> None:
    record_run(path, "run-01", module(observed(P, seconds=3.0), observed(F, seconds=1.0)))
    (one,) = seen(path)
    assert (one.outcome, one.duration) == ("failed, passed", 3.0)


def test_a_test_in_several_modules_is_shown_for_each(path: Path) -> None:
    record_run(path, "run-01", module(observed(), name="test_x"), module(observed(F), name="test_x_c"))
    assert [(one.module, one.outcome) for one in seen(path)] == [("test_x", "passed"), ("test_x_c", "failed")]


def test_a_test_that_was_never_seen_has_no_history(path: Path) -> None:
    record_run(path, "run-01", module(observed()))
    assert seen(path, "test.test_a.A") == []


# --- flakes and rates


def flaky(path: Path, *, cells: tuple[str, ...] = ()) -> dict[tuple[str, str, str], Rate]:
    with opened(path) as found:
        return {(one.cell, one.digest, one.test): one.rate for one in found.flakes(cells=cells)}


def nights(path: Path, *statuses: Status, digest: str = "d1", first: int = 1) -> None:
    for number, status in enumerate(statuses, first):
        record_run(path, f"run-{number:02}", module(observed(status), observed(P, "test.b"), digest=digest))


def test_different_outcomes_of_one_digest_are_a_flake(path: Path) -> None:
    nights(path, P, F, P, P)
    assert flaky(path) == {(CELL, "d1", ONE): Rate(bad=1, all=4)}


def test_different_outcomes_of_different_digests_are_not_a_flake(path: Path) -> None:
    nights(path, P, P)
    nights(path, F, F, digest="d2", first=3)
    assert flaky(path) == {}


def test_without_a_digest_nothing_is_flaky(path: Path) -> None:
    nights(path, P, F, digest="")
    assert flaky(path) == {}


@pytest.mark.parametrize("changes", [{"reused": "run-00"}, {"fault": "the disk is full"}])
def test_reused_and_faulty_results_do_not_count(path: Path, changes: dict[str, str]) -> None:
    nights(path, P, P)
    record_run(path, "run-03", module(observed(F), observed(P, "test.b"), **changes))
    assert flaky(path) == {}


def test_cells_are_not_mixed(path: Path) -> None:
    record_run(path, "run-01", module(observed()))
    record_run(path, "run-02", module(observed(F)), cells=(OTHER,))
    assert flaky(path) == {}
    record_run(path, "run-03", module(observed()), cells=(OTHER,))
    assert flaky(path) == {(OTHER, "d1", ONE): Rate(bad=1, all=2)}
    assert flaky(path, cells=(CELL,)) == {}


def rates(path: Path, *results: ModuleResult, runs: tuple[str, ...] = ("run-99",), cell: str = CELL) -> dict[str, Rate]:
    with opened(path) as found:
        return {test: rate for (_, test), rate in found.rates(cell, runs, results).items()}


def test_rates_count_earlier_and_present_observations(path: Path) -> None:
    nights(path, P, F, P)
    assert rates(path, module(observed(F))) == {ONE: Rate(bad=2, all=4)}
    assert rates(path, module(observed(F), reused="run-02")) == {ONE: Rate(bad=1, all=3)}


def test_rates_are_those_of_one_digest_and_cell(path: Path) -> None:
    nights(path, P, F, P)
    assert rates(path, module(observed(), digest="d2")) == {ONE: Rate(bad=0, all=1)}
    assert rates(path, module(observed()), cell=OTHER) == {ONE: Rate(bad=0, all=1)}
    assert rates(path, module(observed(), digest="")) == {}


def test_a_run_that_is_judged_again_does_not_count_twice(path: Path) -> None:
    nights(path, P, F, P)
    assert rates(path, module(observed(F)), runs=("run-02",)) == {ONE: Rate(bad=1, all=3)}


def test_a_run_merged_from_recorded_parts_does_not_count_twice(path: Path) -> None:
    nights(path, P, F)
    whole = [module(observed(F), observed(P, "test.b"))]
    merged = {CELL: results(*whole)}
    parts = ("elsewhere", "run-02")
    assert rates(path, *whole, runs=("merged", *parts)) == {ONE: Rate(bad=1, all=2), "test.b": Rate(bad=0, all=2)}
    record(path, summary("merged", cell_summary()), merged, parts)
    assert flaky(path) == {(CELL, "d1", ONE): Rate(bad=1, all=2)}
    assert [(one.run, one.reused) for one in seen(path)] == [("run-01", False), ("run-02", False), ("merged", True)]
    record(path, summary("of others", cell_summary()), merged, ("elsewhere",))
    assert flaky(path) == {(CELL, "d1", ONE): Rate(bad=2, all=3)}
