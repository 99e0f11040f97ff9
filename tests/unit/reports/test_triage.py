"""Proposals for the list of limitations: groups of red rows, and the conditions for their cells."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from matrix.conditions import Condition
from matrix.limitations import NEUTRAL, CellLimitations, Expectation, ExpectedTest, Limitation, Limitations, SkipReason
from matrix.model import Cell
from matrix.outcome import Status
from matrix.versions import Requirement
from reports.boundaries import versions_of
from reports.summary import Summary
from reports.triage import (
    Proposal,
    Sighting,
    Stale,
    Subject,
    Unattributed,
    condition,
    distinctions,
    proposals,
    seen_on,
    since,
    stale,
    subject_of,
    unattributed,
    unused_reasons,
)
from reports.unexpected import Unexpected
from reports.verdict import Verdict
from tests.unit import made


def cell(sdk: str = "24", runtime: str = "50.0.1") -> Cell:
    one = made.cell()
    return replace(one, build=replace(one.build, sdk=made.sdk(sdk)), runtime=made.runtime(runtime))


CELLS = {one.id: one for one in (cell(), cell("16"), cell(runtime="49.0.0"), cell("16", "49.0.0"))}
FIRST, OLD_SDK, OLD_RUNTIME, OLD = CELLS


def row(
    test: str, where: str, outcome: str = "failed", verdict: Verdict = Verdict.REGRESSION, limitation: str = ""
) -> Unexpected:
    return Unexpected(
        cell=where,
        test=test,
        outcome=outcome,
        verdict=verdict,
        limitation=limitation,
        detail="Traceback\n  ValueError: 1",
    )


def summary(*rows: Unexpected) -> Summary:
    return Summary(run_id="r", started="", duration_s=0.0, exit_status=1, cells=(), unexpected=rows)


def test_tests_with_the_same_outcome_on_the_same_cells_are_one_proposal() -> None:
    rows = [row(f"test.test_a.A.test_{n}", where) for n in (2, 1) for where in (OLD_SDK, OLD)]
    found = proposals(summary(*rows, row("test.test_a.A.test_3", FIRST, "crashed")), CELLS)
    assert found[0] == Proposal(
        expect="failed",
        tests=("test.test_a.A.test_1", "test.test_a.A.test_2"),
        cells=tuple(sorted((OLD_SDK, OLD))),
        when={"sdk": ("wasi-sdk==16",)},
        detail="ValueError: 1",
    )
    assert (found[1].expect, found[1].tests) == ("crashed", ("test.test_a.A.test_3",))


def test_only_wanted_tests_are_proposed() -> None:
    red = summary(row("test.test_a.A.test_1", FIRST), row("test.test_ab.A.test_1", FIRST))
    assert [one.tests for one in proposals(red, CELLS, ["test_a"])] == [("test.test_a.A.test_1",)]
    assert [one.tests for one in proposals(red, CELLS, ["test.test_ab.A"])] == [("test.test_ab.A.test_1",)]
    assert proposals(red, CELLS, ["test_b"]) == []


def test_only_regressions_are_proposed() -> None:
    assert proposals(summary(row("test.test_a.A.test_1", FIRST, "passed", Verdict.STALE, "no-fork")), CELLS) == []


def these(*names: str) -> dict[str, tuple[str, ...]]:
    return condition([CELLS[name] for name in names], list(CELLS.values()))


def test_a_condition_names_as_few_axes_as_possible() -> None:
    assert these(*CELLS) == {}
    assert these(OLD_RUNTIME, OLD) == {"runtime": ("wasmtime==49.0.0",)}
    assert these(OLD) == {"sdk": ("wasi-sdk==16",), "runtime": ("wasmtime==49.0.0",)}


def test_the_condition_of_the_only_cell_names_all_axes() -> None:
    assert condition([CELLS[OLD]], [CELLS[OLD]]) == {
        "target": ("wasi",),
        "sdk": ("wasi-sdk==16",),
        "cpython": ("==3.13.5",),
        "runtime": ("wasmtime==49.0.0",),
    }


def test_cells_that_no_condition_separates_get_all_axes() -> None:
    assert these(FIRST, OLD) == {
        "target": ("wasi",),
        "sdk": ("wasi-sdk==16", "wasi-sdk==24"),
        "cpython": ("==3.13.5",),
        "runtime": ("wasmtime==49.0.0", "wasmtime==50.0.1"),
    }


def known(*globs: str) -> dict[str, CellLimitations]:
    tests = tuple(ExpectedTest(match=glob, expect=Expectation.FAILED, reason="seen") for glob in globs)
    limitations = Limitations((Limitation(id="no-fork", title="", section="processes", tests=tests),))
    return {name: limitations.for_cell(one.facts) for name, one in CELLS.items()}


def test_a_stale_entry_knows_where_it_still_holds() -> None:
    limitations = known("test.test_a.A.*", "test.test_b.B.test_1")
    rows = [row("test.test_a.A.test_1", where, "passed", Verdict.STALE, "no-fork") for where in CELLS]
    rows += [row("test.test_b.B.test_1", FIRST, "passed", Verdict.STALE, "no-fork")]
    rows += [row("test.gone.*", where, "", Verdict.STALE, "no-fork") for where in CELLS]
    rows += [row("", FIRST, "", Verdict.STALE, "no-fork"), row("test.test_a.A.test_2", FIRST)]
    everywhere = tuple(CELLS)
    assert stale(summary(*rows), limitations) == [
        Stale(limitation="no-fork", match="test.test_a.A.*", cells=everywhere, holds=()),
        Stale(limitation="no-fork", match="test.test_b.B.test_1", cells=(FIRST,), holds=everywhere[1:]),
        Stale(limitation="no-fork", match="test.gone.*", cells=everywhere, holds=()),
    ]


def test_a_skip_reason_that_no_test_gave_is_stale_and_holds_where_it_is_not() -> None:
    seen = Condition(sdk=(Requirement.parse("wasi-sdk>=20"),))
    entry = Limitation(
        id="no-fork",
        title="",
        section="processes",
        skip_reasons=("needs fork", SkipReason(match="no fork", seen=seen)),
    )
    limitations = {name: Limitations((entry,)).for_cell(one.facts) for name, one in CELLS.items()}
    rows = [reason_row("needs fork", where) for where in CELLS] + [reason_row("no fork", FIRST)]
    found = stale(summary(*rows), limitations)
    assert found == [
        Stale(limitation="no-fork", skip_reason="needs fork", cells=tuple(CELLS), holds=()),
        Stale(limitation="no-fork", skip_reason="no fork", cells=(FIRST,), holds=(OLD_RUNTIME,)),
    ]
    assert str(found[1]) == "no-fork: skip reason 'no fork'"
    assert stale(summary(*rows), limitations, ["test_a"]) == []


def reason_row(pattern: str, where: str) -> Unexpected:
    return replace(row("", where, "", Verdict.STALE, "no-fork"), skip_reason=pattern)


def sighting(cell: str, outcome: str) -> Sighting:
    return Sighting(
        test="test.test_a.A.test_1",
        cell=cell,
        module="test_a",
        outcome=Status(outcome),
        verdict=Verdict.OK,
        limitation="",
        detail="",
    )


def test_the_run_since_which_an_outcome_is_the_same() -> None:
    seen = [("r1", "failed"), ("r2", "passed"), ("r3", "failed"), ("r4", "failed")]
    assert since(seen, "failed") == "r3"
    assert since(seen[:2], "passed") == "r2"
    assert since(seen, "passed") == ""
    assert since([], "passed") == ""


def test_what_distinguishes_the_cells_where_a_test_fails() -> None:
    places = {name: versions_of(one.facts) for name, one in CELLS.items()}
    found = [sighting(FIRST, "passed"), sighting(OLD_SDK, "failed"), sighting(OLD, "crashed")]
    assert distinctions(found, places) == ["passes from wasi-sdk 24 on (not with 16)"]
    assert distinctions([sighting(FIRST, "passed"), sighting(OLD, "skipped")], places) == []
    places["n"] = versions_of(replace(made.FACTS, target="node", runtime="node"))
    assert distinctions([sighting(FIRST, "passed"), sighting("n", "failed")], places) == [
        "fails wherever the target is node"
    ]


FORK = Limitation(id="no-fork", title="fork fails", section="processes", references=("https://example.org/fork",))


def subject(found: list[Sighting], wanted: str = "") -> Subject:
    return subject_of(found, CELLS, Limitations((FORK,)), "digest", wanted)


def test_a_report_is_about_the_first_unexpected_failure_and_the_same_build_under_other_runtimes() -> None:
    known = replace(sighting(FIRST, "failed"), verdict=Verdict.KNOWN, limitation="no-fork")
    red = replace(sighting(OLD, "crashed"), verdict=Verdict.REGRESSION)
    beside = sighting(OLD_SDK, "passed")
    found = [known, beside, sighting(OLD_RUNTIME, "passed"), red]
    about = subject(found)
    assert (about.sighting, about.limitation) == (red, None)
    assert about.others == (("wasmtime-50.0.1", beside),)
    about = subject(found, FIRST)
    assert (about.sighting, about.limitation) == (known, FORK)
    assert [runtime for runtime, _ in about.others] == ["wasmtime-49.0.0"]
    assert subject(found[:2]).sighting == known


def test_a_report_needs_a_failure() -> None:
    with pytest.raises(ValueError, match="fails on none of 1 cells"):
        subject([sighting(FIRST, "passed")])
    with pytest.raises(ValueError, match=f"does not fail on {OLD}, but on {FIRST}"):
        subject([sighting(FIRST, "failed"), sighting(OLD, "passed")], OLD)


def test_an_unused_reason_of_a_neutral_cause_is_named() -> None:
    entry = Limitation(id="no-fork", title="", section=NEUTRAL, skip_reasons=("needs fork", "no os.fork", "old"))
    limitations = Limitations((entry,))
    of_cells = {name: limitations.for_cell(CELLS[name].facts) for name in (FIRST, OLD)}
    skips = {FIRST: {"needs fork(2)"}, OLD: {"no os.fork here", "something else"}}
    assert unused_reasons(skips, of_cells) == [("no-fork", "old")]
    assert unused_reasons({}, of_cells) == []


def test_the_queue_has_unexplained_reasons_those_of_most_tests_first() -> None:
    tests = ExpectedTest(match="test.test_a.A.known", expect=Expectation.SKIPPED, reason="seen")
    entry = Limitation(id="no-fork", title="", section="processes", skip_reasons=("needs fork",), tests=(tests,))
    limitations = {name: Limitations((entry,)).for_cell(CELLS[name].facts) for name in (FIRST, OLD)}
    skips = {
        FIRST: [
            ("test_a", "test.test_a.A.one", "needs fork"),
            ("test_a", "test.test_a.A.two", "new here"),
            ("test_a", "test.test_a.A.three", "needs a moon"),
            ("test_a", "test.test_a.A.known", "who knows"),
        ],
        OLD: [("test_a", "test.test_a.A.three", "needs a moon"), ("test_b", "test.test_b.A.one", "needs a moon")],
    }
    found = unattributed(skips, limitations)
    assert found == [
        Unattributed(
            reason="needs a moon",
            tests=("test.test_a.A.three", "test.test_b.A.one"),
            cells=tuple(sorted((FIRST, OLD))),
        ),
        Unattributed(reason="new here", tests=("test.test_a.A.two",), cells=(FIRST,)),
    ]
    assert [one.tests for one in unattributed(skips, limitations, ["test_b"])] == [("test.test_b.A.one",)]


def test_the_place_of_a_reason_always_names_target_and_cpython() -> None:
    everything = list(CELLS.values())
    assert seen_on(everything, everything) == {"target": ("wasi",), "cpython": ("==3.13.5",)}
    assert seen_on([CELLS[OLD_SDK], CELLS[OLD]], everything) == {
        "target": ("wasi",),
        "sdk": ("wasi-sdk==16",),
        "cpython": ("==3.13.5",),
    }
