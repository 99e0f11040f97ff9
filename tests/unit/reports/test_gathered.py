from __future__ import annotations

import pytest

from matrix.limitations import Expectation
from matrix.outcome import ModuleResult, Status
from reports.gathered import Gathered
from reports.verdict import judge_cell
from tests.unit import made
from tests.unit.made import expecting, explaining, outcome, result

TWO = "test.test_a.A.test_two"


def add(gathered: Gathered, cell: str, result: ModuleResult) -> None:
    """Add a cell with one module on which two limitations hold: one skips tests, one makes `TWO` fail."""
    limitations = made.listed(
        explaining("no threads", name="no-threads"), expecting(TWO, Expectation.FAILED, name="no-clock")
    )
    results = {result.module: result}
    verdicts = judge_cell([result.module], results, limitations, full=False)
    gathered.add(cell, verdicts, results, durations={"build": 3.0}, whole=True, complete=False)


def test_cells_with_the_same_tests_share_their_names() -> None:
    gathered = Gathered()
    for cell, status in (("one", Status.PASSED), ("other", Status.FAILED)):
        add(gathered, cell, result(outcome(), outcome(TWO, status)))
    one, other = (gathered.results[cell].modules["test_a"] for cell in ("one", "other"))
    assert one.tests is other.tests
    assert (one.statuses[1], other.statuses[1]) == (Status.PASSED, Status.FAILED)


def test_results_are_recorded_as_the_cell_was_run() -> None:
    gathered = Gathered()
    add(gathered, "one", result(outcome(), digest="d1", reused="run-01", fault="a worker died"))
    found = gathered.results["one"]
    module = found.modules["test_a"]
    assert (found.whole, found.complete) == (True, False)
    assert (module.digest, module.reused, module.faulty, module.duration) == ("d1", "run-01", True, 1.5)


def test_the_start_of_a_guest_is_recorded_where_one_was_started() -> None:
    gathered = Gathered()
    add(gathered, "one", result(outcome(), startup=0.75, guests=3))
    add(gathered, "reused", result(outcome(), startup=0.75, guests=3, reused="run-01"))
    assert [gathered.results[cell].startup for cell in ("one", "reused")] == [0.25, None]


@pytest.mark.parametrize(
    ("status", "detail", "limitation", "explained"),
    [
        (Status.SKIPPED, "no threads", "no-threads", (0, 1)),
        (Status.FAILED, "", "no-clock", (1, 0)),
        (Status.FAILED, "", "no-threads", (0, 0)),
    ],
)
def test_a_limitation_counts_what_it_explains(
    status: Status, detail: str, limitation: str, explained: tuple[int, int]
) -> None:
    gathered = Gathered()
    name = TWO if limitation == "no-clock" or status is Status.FAILED else made.outcome().test
    add(gathered, "one", result(outcome(name, status, detail)))
    assert gathered.explained("one", limitation) == explained
    assert gathered.explained("other", limitation) == (0, 0)


def test_only_modules_that_ran_for_a_while_have_a_bar() -> None:
    gathered = Gathered()
    add(gathered, "short", result(outcome(), finished=100.0, duration=0.4))
    add(gathered, "reused", result(outcome(), finished=100.0, duration=2.0, reused="run-01"))
    add(gathered, "long", result(outcome(), finished=100.0, duration=2.0))
    assert [(bar.name, bar.started, bar.ended) for bar in gathered.bars] == [("test_a (long)", 98.0, 100.0)]
