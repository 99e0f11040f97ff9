"""When a silent guest is ended, and what its driver is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.guests.guest_files import files_in_memory, host_files
from harness.guests.session import Silence, overdue, prefix_of_reads
from tests.unit.harness.guests.test_digest import settings


@pytest.mark.parametrize(
    ("silent", "waited", "ended"),
    [
        (239.0, 0.0, False),
        (241.0, 0.0, True),
        (241.0, 2.0, False),  # 239 s of its own
        (700.0, 480.0, False),
        (959.0, 720.0, False),
        (961.0, 960.0, True),  # nobody waits for ever
    ],
)
def test_the_time_in_which_a_guest_waits_for_a_core_does_not_count(silent: float, waited: float, ended: bool) -> None:
    assert overdue(silent, waited, 240.0) is ended


def test_the_time_in_which_the_harness_was_stopped_is_no_silence_of_the_guest() -> None:
    now = [100.0]
    silence = Silence(lambda: now[0])
    for moment, silent in [(101.0, 1.0), (105.0, 5.0), (705.0, 10.0), (706.0, 11.0)]:
        now[0] = moment
        assert silence.seconds() == silent
    silence.end()
    assert silence.seconds() == 0.0


def test_reads_of_a_library_that_is_not_the_trees_tell_nothing_about_the_tree(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name in ("memory", "host"):
        (tmp_path / name).mkdir()
    memory, host = files_in_memory(tree, tmp_path / "memory"), host_files(tree, tmp_path / "host")
    assert (prefix_of_reads(settings(tree), memory), prefix_of_reads(settings(tree), host)) == ("", str(tree))
    reduced = settings(tree, sees_tree=False)
    assert not "/usr/local/lib/python3.11/test/test_json/__init__.py".startswith(prefix_of_reads(reduced, memory))
