"""The squares of the matrix."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reports.page.squares import LEGEND, Excluded, Kind, kind_of, squares
from reports.summary import CellStatus, CellSummary, Modules
from reports.verdict import Verdict
from tests.unit.summaries import cell_of

RUN = Modules(planned=1, run=1)
FAILED, MISSING = CellStatus.BUILD_FAILED, CellStatus.UNOBTAINABLE


@pytest.mark.parametrize(
    ("cell", "kind", "tone"),
    [
        (cell_of(modules=RUN), Kind.OK, "good"),
        (cell_of(modules=RUN, verdicts={Verdict.KNOWN: 3}), Kind.KNOWN, "good"),
        (cell_of(status=CellStatus.UNEXPECTED, modules=RUN), Kind.UNEXPECTED, "bad"),
        (cell_of("left", CellStatus.UNEXPECTED), Kind.NOT_RUN, "bad"),
        (cell_of("it is old", FAILED, expected=True), Kind.NOT_BUILT, "none"),
        (cell_of("make failed", FAILED), Kind.BUILD_FAILED, "bad"),
        (cell_of("make failed", FAILED, allowed_to_fail="why"), Kind.ALLOWED, "mild"),
        (cell_of("no such release", MISSING), Kind.UNOBTAINABLE, "bad"),
        (cell_of("no such release", MISSING, may_be_missing=True), Kind.UNOBTAINABLE, "mild"),
        (cell_of("it crashed", CellStatus.ERROR), Kind.ERROR, "bad"),
    ],
    ids=str,
)
def test_each_state_is_a_kind_and_a_build_that_fails_as_expected_is_neutral(
    cell: CellSummary, kind: Kind, tone: str
) -> None:
    (square,) = squares([cell], [])
    assert (square.kind, square.tone) == (kind, tone)
    assert square.sign == LEGEND[kind_of(cell)][0]


def test_each_kind_has_a_sign_of_its_own() -> None:
    assert set(LEGEND) == set(Kind)
    assert len({sign for sign, _ in LEGEND.values()}) == len(Kind)


def test_an_excluded_combination_has_its_reason_and_no_cell() -> None:
    one = Excluded(target="wasi", sdk="wasi-sdk-16", cpython="3.16", runtime="wazero 1", reason="too old")
    (square,) = squares([], [one])
    assert (square.kind, square.id, square.reason, square.state) == (Kind.EXCLUDED, "", "too old", "excluded")


def test_every_sign_is_in_the_documentation() -> None:
    page = (Path(__file__).parents[3] / "docs/reference/report.md").read_text("utf-8")
    assert re.findall(r"^\| (\S) \| (.*?)(?::.*)? \|$", page, re.MULTILINE) == list(LEGEND.values())
