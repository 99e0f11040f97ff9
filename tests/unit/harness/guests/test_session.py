"""When a silent guest is ended."""

from __future__ import annotations

import pytest

from harness.guests.session import overdue


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
