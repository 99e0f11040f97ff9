from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.suite.search import FirstChange, fewest, find_change

OUTCOMES = st.sampled_from(["passed", "failed", None])


@given(st.integers(1, 60), st.data())
def test_the_change_is_found_with_few_looks(count: int, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, count))
    looked: list[int] = []

    def look(index: int) -> str:
        looked.append(index)
        return "passed" if index < at else "failed"

    found = find_change(range(count + 1), look)
    assert found == FirstChange(before=at - 1, after=at, between=())
    assert len(looked) == len(set(looked)) <= 2 + count.bit_length()


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 60), st.integers(0, 60))
def test_a_stretch_that_cannot_be_observed_is_left_soon(passing: int, unknown: int, later: int, failing: int) -> None:
    row: list[str | None] = ["passed"] * passing
    row += [None] * unknown
    row += ["passed"] * (later + 1)
    row += ["failed"] * (failing + 1)
    looked: list[int] = []

    def look(index: int) -> str | None:
        looked.append(index)
        return row[index]

    found = find_change(range(len(row)), look)
    assert found is not None
    assert (found.before, found.after, found.between) == (len(row) - failing - 2, len(row) - failing - 1, ())
    assert len(looked) <= 2 + 2 * len(row).bit_length()


@given(st.lists(OUTCOMES, max_size=12))
def test_between_the_two_sides_of_a_change_everything_is_unknown(row: list[str | None]) -> None:
    known = [outcome for outcome in row if outcome is not None]
    found = find_change(range(len(row)), lambda index: row[index])
    if len(known) < 2 or known[0] == known[-1]:
        assert found is None
    else:
        assert found is not None
        assert row[found.before] != row[found.after]
        assert None not in (row[found.before], row[found.after])
        assert list(found.between) == list(range(found.before + 1, found.after))
        assert all(row[index] is None for index in found.between)


@given(st.sets(st.integers(0, 40)), st.integers(1, 41))
def test_the_fewest_are_the_needed_ones(needed: set[int], count: int) -> None:
    needed = {item for item in needed if item < count}
    assert fewest(range(count), lambda part: needed <= set(part)) == tuple(sorted(needed))


def test_one_of_two_sufficient_items_is_found() -> None:
    assert len(fewest("abcdefgh", lambda part: "b" in part or "g" in part)) == 1
