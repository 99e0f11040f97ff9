"""Which limitation explains a skipped test, and which expected skip reasons are missing."""

from __future__ import annotations

from msgspec.structs import replace

from matrix.conditions import Condition
from matrix.limitations import (
    NEUTRAL,
    Limitation,
    Limitations,
    SkipReason,
)
from matrix.versions import Requirement
from tests.unit.made import FACTS, explaining, listed


def test_a_skip_is_attributed_by_its_reason() -> None:
    cell = listed(
        explaining(r"requires working os\.fork", name="no-fork"),
        explaining("requires threading", "No sockets", name="no-sockets"),
    )
    assert cell.attribute("requires working os.fork()") == "no-fork"
    assert cell.attribute("No sockets here") == "no-sockets"
    assert cell.attribute("requires zlib") is None


def test_a_reason_is_matched_at_its_start() -> None:
    assert listed(explaining("fork")).attribute("requires fork") is None


def test_a_dot_matches_the_newlines_of_a_reason() -> None:
    assert listed(explaining("requires.*fork")).attribute("requires\na\nfork") == "a-limitation"


def test_the_first_of_two_explanations_wins() -> None:
    cell = listed(explaining("requires", name="first"), explaining("requires fork", name="second"))
    assert cell.attribute("requires fork") == "first"


def test_a_limitation_that_does_not_hold_explains_nothing() -> None:
    elsewhere = replace(explaining("requires"), when=Condition(target=("browser",)))
    assert listed(elsewhere).attribute("requires fork") is None


def test_skip_when_restricts_the_cells_of_the_reasons() -> None:
    entry = Limitation(
        id="no-tempdir",
        title="There is none",
        section="WASI",
        skip_reasons=("no tempdir$",),
        skip_when=Condition(cpython=(Requirement.parse("<3.12"),)),
    )
    limitations = Limitations((entry,))
    old, new = (limitations.for_cell(replace(FACTS, cpython=version)) for version in ("3.11.2", "3.13.5"))
    assert (old.entries, old.explaining, old.attribute("no tempdir")) == ((entry,), (entry,), "no-tempdir")
    assert (new.entries, new.explaining, new.attribute("no tempdir")) == ((entry,), (), None)


def reasons(*given: str | SkipReason, section: str = "processes") -> Limitations:
    return Limitations((Limitation(id="no-fork", title="", section=section, skip_reasons=given),))


def test_expected_reasons_that_no_test_gave_are_listed() -> None:
    known = reasons("needs fork", "no os\\.fork", "nobody says it").for_cell(FACTS)
    assert known.not_given(["no os.fork here", "needs fork(2)"]) == [("no-fork", "nobody says it")]
    assert len(known.not_given([])) == 3


def test_a_reason_counts_as_given_even_if_another_one_explains_the_skip() -> None:
    assert reasons("needs", "needs fork").for_cell(FACTS).not_given(["needs fork"]) == []


def test_a_reason_with_seen_explains_everywhere_but_is_expected_on_some_cells_only() -> None:
    late = SkipReason(match="needs fork", seen=Condition(cpython=(Requirement.parse(">=3.13"),)))
    old, new = (reasons(late).for_cell(replace(FACTS, cpython=version)) for version in ("3.11.2", "3.13.5"))
    assert (old.attribute("needs fork"), old.not_given([])) == ("no-fork", [])
    assert (new.attribute("needs fork"), new.not_given([])) == ("no-fork", [("no-fork", "needs fork")])
    assert (old.gives("no-fork", "needs fork"), new.gives("no-fork", "needs fork")) == (False, True)


def test_a_reason_that_depends_on_the_machine_is_never_missing() -> None:
    known = reasons(SkipReason(match="needs gdb", varies=True)).for_cell(FACTS)
    assert (known.attribute("needs gdb"), known.not_given([])) == ("no-fork", [])


def test_a_neutral_reason_is_never_missing() -> None:
    assert reasons("resource not enabled", section=NEUTRAL).for_cell(FACTS).not_given([]) == []
