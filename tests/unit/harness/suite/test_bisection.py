"""What was seen at commits is kept for the same test in the same cell, and its times for any."""

from __future__ import annotations

from harness.machine.store import Store
from harness.suite.bisection import Seen, SeenCommits
from matrix.outcome import Status


def test_what_was_seen_is_known_to_the_next_search_for_the_same_only(store: Store) -> None:
    SeenCommits(store, "wasi", "test_a", "sdk").note("c1", Seen(status=Status.FAILED, seconds=10.0))
    SeenCommits(store, "wasi", "test_b", "sdk").note("c1", Seen(status=None, why="no such test", seconds=30.0))
    first = SeenCommits(store, "wasi", "test_a", "sdk").known("c1")
    second = SeenCommits(store, "wasi", "test_b", "sdk").known("c1")
    assert first is not None
    assert second is not None
    assert (first.status, second.status, second.why) == (Status.FAILED, None, "no such test")
    assert SeenCommits(store, "wasi", "test_a", "another sdk").known("c1") is None
    assert SeenCommits(store, "wasi", "test_a", "sdk").known("c2") is None


def test_the_time_of_a_step_is_the_median_of_all_that_were_built_alike(store: Store) -> None:
    assert SeenCommits(store, "wasi", "test_a").seconds() is None
    for number, seconds in enumerate((300.0, 20.0, 40.0)):
        SeenCommits(store, "wasi", f"test_{number}").note("c", Seen(status=Status.PASSED, seconds=seconds))
    assert SeenCommits(store, "wasi", "test_a").seconds() == 40.0
    assert SeenCommits(store, "node", "test_a").seconds() is None


def test_a_damaged_file_is_begun_anew(store: Store) -> None:
    SeenCommits(store, "wasi", "t").note("c", Seen(status=Status.PASSED))
    (store.root / "state/bisections/wasi.json").write_text("{")
    assert SeenCommits(store, "wasi", "t").known("c") is None
