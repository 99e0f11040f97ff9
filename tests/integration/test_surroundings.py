"""A test sees the same process in the harness's driver as in regrtest's worker, alone and in a shared guest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from matrix.outcome import Status
from tests.integration.guests import Guests, made_guests

pytestmark = pytest.mark.integration

JUNIT = {"_datetime", "datetime", "_elementtree", "pyexpat", "pyexpat.errors", "pyexpat.model", "xml", "xml.etree"}
JUNIT |= {"xml.etree.ElementPath", "xml.etree.ElementTree"}
"""modules that regrtest imports for its JUnit file"""


@pytest.fixture(scope="module")
def guests() -> Iterator[Guests]:
    with made_guests() as guests:
        yield guests


def without(facts: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name not in names}


def test_the_driver_shows_a_test_what_regrtests_worker_shows_it(guests: Guests) -> None:
    ours, theirs = guests.in_driver(alone=True), guests.in_worker()
    # The worker's last argument is its JSON; the number of its directory is random, and may have fewer digits.
    assert re.sub(r"\d+", "0", ours["directory"]) == re.sub(r"\d+", "0", theirs["directory"])
    for name in ("sys.argv", "sys.orig_argv"):
        assert ours[name].startswith(theirs[name].partition('"tests"')[0].rpartition("'")[0])
    assert set(theirs["modules"]) - JUNIT - set(ours["modules"]) <= {"_testinternalcapi"}
    assert set(ours["modules"]) - set(theirs["modules"]) <= {"test.libregrtest.worker"}
    assert ours["support"].pop("junit_xml_list") == "None"
    theirs["support"].pop("junit_xml_list")
    own = ("directory", "sys.argv", "sys.orig_argv", "modules")
    assert without(ours, *own) == without(theirs, *own)


def test_a_shared_guest_differs_in_what_is_imported_and_frozen_only(guests: Guests) -> None:
    alone, shared = guests.in_driver(alone=True), guests.in_driver("test_bool", "test_json", alone=False)
    assert set(alone["modules"]) <= set(shared["modules"])
    assert (alone["frozen"], shared["frozen"]) == (False, True)
    own = ("modules", "frozen", "directory")
    assert without(alone, *own) == without(shared, *own)


FILTERS = """
import unittest, warnings

class Filters(unittest.TestCase):
    def test_filter(self): warnings.simplefilter("ignore")
"""
GARBAGE = """
import gc, unittest

class Garbage(unittest.TestCase):
    def test_garbage(self): gc.garbage.append([])
"""
UNRAISABLE = """
import sys, unittest

class Unraisable(unittest.TestCase):
    def test_unraisable(self):
        class Bad:
            def __del__(self): raise ValueError
        seen = sys.stderr
        Bad()
        self.assertEqual(seen.getvalue(), "")  # regrtest writes it to the process's own standard error
"""


def test_warnings_filters_that_a_module_sets_are_its_own(guests: Guests) -> None:
    assert guests.judged(FILTERS) == {"Filters.test_filter": Status.PASSED}


def test_what_cannot_be_collected_alters_the_environment(guests: Guests) -> None:
    assert guests.judged(GARBAGE) == {"Garbage.test_garbage": Status.PASSED, "test.test_made_up": Status.ERRORED}


def test_an_exception_that_nobody_can_catch_is_not_in_a_tests_output(guests: Guests) -> None:
    assert guests.judged(UNRAISABLE) == {
        "Unraisable.test_unraisable": Status.PASSED,
        "test.test_made_up": Status.ERRORED,
    }


WITH_MAIN = """
from test import support

def test_main(): support._run_suite([])  # as support.run_unittest does in CPython 3.11
"""
AFTER_MAIN = """
import unittest
from test import support

class After(unittest.TestCase):
    def test_after(self): self.assertFalse(hasattr(support, "_run_suite"))  # CPython 3.13 has none
"""


def test_a_module_that_runs_its_suite_itself_leaves_nothing_to_later_ones(guests: Guests) -> None:
    _, after = guests.results([WITH_MAIN, AFTER_MAIN])
    assert [one.status for one in after.outcomes] == [Status.PASSED]
    assert after.startup == 0.0  # it did not need a guest of its own


IDLE = """
import unittest

class Idle(unittest.TestCase):
    def test_idle(self): pass
"""
BUSY = IDLE.replace("pass", "sum(range(5_000_000))")
FAILING = BUSY.replace("sum(", "self.fail(sum(") + ")"


def test_each_module_of_a_shared_guest_has_its_own_processor_time(guests: Guests) -> None:
    _, busy, idle = guests.processor_seconds([IDLE, BUSY, IDLE])  # the first one has the start
    assert busy > 5 * idle


def test_a_module_that_is_run_again_has_the_processor_time_of_both_guests(guests: Guests) -> None:
    _, busy, failing = guests.processor_seconds([IDLE, BUSY, FAILING])
    assert failing > 1.5 * busy
