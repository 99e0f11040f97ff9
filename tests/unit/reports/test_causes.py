"""What is unexpected in a run, grouped by cause."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reports.causes import causes_of
from reports.unexpected import Unexpected
from reports.verdict import RED_VERDICTS, Verdict
from tests.unit.hostile import texts

RAISED = """\
Traceback (most recent call last):
  File "{library}/test/test_os.py", line {line}, in {function}
    self.check()
{raised}
"""


def row(
    test: str = "test.test_os.A.test_b",
    cell: str = "a",
    raised: str = "ValueError: 1",
    *,
    library: str = "/guest/Lib",
    line: int = 3,
    function: str = "check",
) -> Unexpected:
    detail = RAISED.format(library=library, line=line, function=function, raised=raised)
    return Unexpected(
        cell=cell, test=test, outcome="errored", verdict=Verdict.REGRESSION, detail=detail, reproduce=f"nox {test}"
    )


def stale(match: str, limitation: str = "no-fork", cell: str = "a") -> Unexpected:
    return Unexpected(cell=cell, test=match, outcome="", verdict=Verdict.STALE, limitation=limitation, detail=match)


def test_the_same_exception_at_the_same_place_is_one_cause_with_its_tests_and_cells() -> None:
    (cause,) = causes_of([row("test.a"), row("test.b"), row("test.a", cell="b", raised="ValueError: 2")])
    assert cause.raised == "ValueError: 1"
    assert cause.place == "test/test_os.py, line 3, in check"
    assert cause.tests == ("test.a", "test.b")
    assert cause.cells == ("a", "b")
    assert cause.reproduce == "nox test.a"


def test_a_cause_is_the_same_in_builds_elsewhere_and_in_versions_with_other_lines() -> None:
    assert len(causes_of([row(), row(library="/usr/lib/python3.13", line=900)])) == 1


@pytest.mark.parametrize(
    "other",
    [
        row(raised="KeyError: 1"),
        row(function="test_other"),
        row(raised="ValueError"),
        replace(row(), verdict=Verdict.MISSING),
        replace(row(), detail="the guest ended with exit status 1"),
    ],
    ids=["exception", "place", "alone", "verdict", "no traceback"],
)
def test_another_exception_place_or_verdict_is_another_cause(other: Unexpected) -> None:
    same = other.detail.endswith("ValueError\n")
    assert len(causes_of([row(), other])) == (1 if same else 2)


def test_an_error_of_the_system_is_told_apart_by_its_number() -> None:
    rows = [row(raised=f"OSError: [Errno {number}] of '/tmp/{number}'") for number in (52, 52, 55)]
    assert [cause.raised for cause in causes_of(rows)] == [
        "OSError: [Errno 52] of '/tmp/52'",
        "OSError: [Errno 55] of '/tmp/55'",
    ]


def test_crashes_are_one_cause_when_they_differ_in_an_address_only() -> None:
    rows = [replace(row(), outcome="crashed", detail=f"wasm trap at 0x{number:x}: unreachable") for number in (7, 8)]
    (cause,) = causes_of(rows)
    assert (cause.raised, cause.place) == ("wasm trap at 0x7: unreachable", "")


def test_the_stale_entries_of_one_limitation_are_one_cause() -> None:
    found = causes_of([stale("test.a.*"), stale("test.b.*", cell="b"), stale("test.c.*", "no-signals")])
    assert [(cause.limitation, cause.tests, cause.cells) for cause in found] == [
        ("no-fork", ("test.a.*", "test.b.*"), ("a", "b")),
        ("no-signals", ("test.c.*",), ("a",)),
    ]


def test_an_expired_rule_is_a_cause_of_the_whole_run() -> None:
    rules = [replace(stale(""), cell="", limitation="", outcome="expired", detail=f"rule {n}") for n in (1, 2)]
    assert [(cause.raised, cause.tests, cause.cells) for cause in causes_of(rules)] == [
        ("rule 1", (), ()),
        ("rule 2", (), ()),
    ]


def test_the_harness_comes_first_and_then_the_cause_of_most_rows() -> None:
    few, many = row(function="few"), row(function="many")
    broken = replace(row(), verdict=Verdict.HARNESS_ERROR, detail="pytest ended")
    found = causes_of([stale("test.a.*"), few, many, many, broken])
    assert [cause.verdict for cause in found] == ["harness_error", "regression", "regression", "stale"]
    assert found[1].place.endswith("many")


@given(st.lists(st.tuples(st.sampled_from(sorted(RED_VERDICTS)), texts, texts)))
def test_no_row_is_lost(rows: list[tuple[Verdict, str, str]]) -> None:
    made = [
        Unexpected(cell=cell, test=str(number), outcome="failed", verdict=verdict, detail=detail)
        for number, (verdict, cell, detail) in enumerate(rows)
    ]
    found = causes_of(made)
    assert sorted(test for cause in found for test in cause.tests) == sorted(one.test for one in made)
    assert {cell for cause in found for cell in cause.cells} == {one.cell for one in made if one.cell}
