"""The driver in real guests: what passes, what is no test's fault, and what a test sees of its surroundings."""

from __future__ import annotations

from pathlib import Path

import pytest

from matrix.outcome import Status
from tests.integration.conftest import Harness, outcomes, summary

pytestmark = pytest.mark.integration


FROZEN = """
import gc, unittest

class Collector(unittest.TestCase):
    def test_it_sees_everything(self): self.assertEqual(gc.get_freeze_count(), 0)
"""


def test_a_failure_in_a_guest_with_a_frozen_heap_runs_again_with_full_collections(
    harness: Harness, tmp_path: Path, broken_tree: Path
) -> None:
    added = broken_tree / "Lib/test/test_frozen_heap.py"
    added.write_text(FROZEN)
    try:
        done = harness("test", "--target", "wasi", "--cpython", str(broken_tree), "test_frozen_heap", "test_opcodes")
    finally:
        added.unlink()
    assert done.returncode == 0, done.stdout + done.stderr
    assert outcomes(tmp_path)["test.test_frozen_heap.Collector.test_it_sees_everything"].status is Status.PASSED


FRAMES = """
import os, sys, unittest

class Frames(unittest.TestCase):
    def test_the_callers_of_the_suite_are_as_many_as_in_a_worker_of_regrtest(self):
        frame, callers, inside = sys._getframe(), 0, (os.path.dirname(unittest.__file__), __file__)
        while frame is not None:
            callers += not frame.f_code.co_filename.startswith(inside)
            frame = frame.f_back
        self.assertEqual(callers, 14)
"""


def test_a_test_sees_as_many_frames_as_under_regrtest(harness: Harness, tmp_path: Path, broken_tree: Path) -> None:
    added = broken_tree / "Lib/test/test_frames.py"
    added.write_text(FRAMES)
    try:
        done = harness("test", "--target", "wasi", "--cpython", str(broken_tree), "test_frames")
    finally:
        added.unlink()
    assert done.returncode == 0, done.stdout + done.stderr
    (seen,) = outcomes(tmp_path).values()
    assert seen.status is Status.PASSED


def test_a_guest_that_does_not_start_is_no_fault_of_a_test(harness: Harness, tmp_path: Path) -> None:
    done = harness("test", "--target", "wasi", "--memory", "8", "test_bool")  # the module asks for more
    assert done.returncode == 1, done.stdout + done.stderr
    (red,) = summary(tmp_path)["unexpected"]
    assert red["verdict"] == "harness_error"
    assert red["detail"].startswith("the guest did not start: the guest ended with exit status 125")
    assert "memory minimum size" in red["detail"]


ENDINGS = """
import unittest

class Endings(unittest.TestCase):
    def test_a_part_is_skipped(self):
        with self.subTest(): self.skipTest("not here")

    @unittest.expectedFailure
    def test_it_fails_as_expected(self): self.fail()

    def test_it_fails_and_is_skipped(self):
        with self.subTest(): self.fail("made to fail")
        self.skipTest("after a failure")

    def test_it_is_interrupted(self): raise KeyboardInterrupt
"""


def test_a_test_passes_only_when_it_says_so(harness: Harness, tmp_path: Path, broken_tree: Path) -> None:
    added = broken_tree / "Lib/test/test_endings.py"
    added.write_text(ENDINGS)
    try:
        harness("test", "--target", "wasi", "--cpython", str(broken_tree), "test_endings")
    finally:
        added.unlink()
    seen = {name.removeprefix("test.test_endings.Endings."): one for name, one in outcomes(tmp_path).items()}
    assert {name: one.status for name, one in seen.items()} == {
        "test_a_part_is_skipped": Status.PASSED,
        "test_it_fails_as_expected": Status.PASSED,
        "test_it_fails_and_is_skipped": Status.FAILED,
        "test_it_is_interrupted": Status.ERRORED,
        "test.test_endings": Status.ERRORED,
    }
    assert "KeyboardInterrupt" in seen["test_it_is_interrupted"].detail
