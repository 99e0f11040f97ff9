"""A test that is expected to time out is not given the whole time for it, and any other test is."""

from __future__ import annotations

import pytest

from harness.suite import batch
from harness.suite.batch import Batch, ModulePlan
from matrix.outcome import Status
from tests.integration.guests import made_guests

MODULE = """
import time, unittest

class T(unittest.TestCase):
    def test_a_slow(self):
        time.sleep(4)
    def test_b_hangs(self):
        while True: pass
    def test_c_slow(self):
        time.sleep(4)
"""


def test_a_known_hang_is_ended_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "KNOWN_TO_HANG", 2.0)
    with made_guests() as guests:
        (guests.settings.tree / "Lib/test/test_made_up.py").write_text(MODULE)
        plan = ModulePlan(module="test_made_up", hangs=("test.test_other.*", "test.test_made_up.T.*hangs"))
        result = Batch(guests.settings, guests.adapter, guests.store, [plan]).result("test_made_up")
    assert {one.test.rpartition(".")[2]: one.status for one in result.outcomes} == {
        "test_a_slow": Status.PASSED,
        "test_b_hangs": Status.TIMED_OUT,
        "test_c_slow": Status.PASSED,
    }
    (hung,) = (one for one in result.outcomes if one.status is Status.TIMED_OUT)
    assert hung.detail == "no test ended for 2 s: the guest was ended"
