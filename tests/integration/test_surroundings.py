"""A test sees the same process in the harness's driver as in regrtest's worker, alone and in a shared guest."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.build.watcher import Silent
from harness.cells.prepare import PrepareOptions, Preparer
from harness.guests.session import GuestSession
from harness.guests.settings import GuestSettings, Limits
from harness.machine.process import base_environment
from harness.suite.batch import DRIVER, Batch, ModulePlan, driver_plan
from harness.suite.observing import adapter_of, by_hand
from matrix.expand import expand
from matrix.load import load
from matrix.outcome import ModuleResult, Status
from matrix.resolve import resolve
from matrix.select import Selection, select
from tests.integration.conftest import real_store

pytestmark = pytest.mark.integration

PROBE = Path(__file__).parent / "surroundings.py"
MODULE = "test_surroundings"
JUNIT = {"_datetime", "datetime", "_elementtree", "pyexpat", "pyexpat.errors", "pyexpat.model", "xml", "xml.etree"}
JUNIT |= {"xml.etree.ElementPath", "xml.etree.ElementTree"}
"""modules that regrtest imports for its JUnit file"""


class Guests:
    """Guests of the default cell of WASI, whose tree has the probe as a test module."""

    def __init__(self, directory: Path) -> None:
        matrix = load()
        (cell,) = select(expand(matrix), Selection(target=("wasi",), runtime=("wasmtime-50.0.1",), cpython=("3.13.5",)))
        self.store = real_store()
        prepared = Preparer(self.store, PrepareOptions(jobs=2), Silent(), print).prepare(
            resolve(matrix, cell), Limits()
        )
        tree = directory / "tree"
        shutil.copytree(prepared.settings.tree, tree, symlinks=True, copy_function=_link)
        shutil.copyfile(PROBE, tree / f"Lib/test/{MODULE}.py")
        self.settings: GuestSettings = msgspec.structs.replace(prepared.settings, tree=tree)
        self.adapter = adapter_of(prepared)
        self.directory = directory / "worker"

    def in_driver(self, *modules: str, alone: bool) -> dict[str, Any]:
        """What the probe sees in our driver, after other modules."""
        plans = [ModulePlan(module=name) for name in (*modules, MODULE)]
        plan = driver_plan(self.settings, plans, alone=alone)
        session = GuestSession(self.settings, self.adapter, self.store, DRIVER, plan)
        try:
            received: list[str] = []
            while events := session.wait():
                received += [event.detail for event in events]
            return facts_in(received)
        finally:
            session.close()

    def judged(self, text: str) -> dict[str, Status]:
        """The outcomes of a test module with this text, alone in our driver."""
        (self.settings.tree / "Lib/test/test_made_up.py").write_text(text)
        batch = Batch(self.settings, self.adapter, self.store, [ModulePlan(module="test_made_up")])
        outcomes = batch.result("test_made_up").outcomes
        return {one.test.removeprefix("test.test_made_up."): one.status for one in outcomes}

    def processor_seconds(self, texts: Sequence[str]) -> list[float]:
        """What test modules with these texts take in one shared guest."""
        return [result.cpu for result in self.results(texts)]

    def results(self, texts: Sequence[str]) -> list[ModuleResult]:
        """The results of test modules with these texts in one shared guest."""
        names = [f"test_made_{number}" for number in range(len(texts))]
        for name, text in zip(names, texts, strict=True):
            (self.settings.tree / f"Lib/test/{name}.py").write_text(text)
        batch = Batch(self.settings, self.adapter, self.store, [ModulePlan(module=name) for name in names])
        return [batch.result(name) for name in names]

    def in_worker(self) -> dict[str, Any]:
        """What the probe sees in regrtest's worker of CPython 3.13, as `make test` starts it."""
        told: dict[str, Any] = dict.fromkeys(
            ("match_tests_dict", "hunt_refleak", "test_dir", "memory_limit", "gc_threshold")
        )
        told |= dict.fromkeys(
            (
                "fail_fast",
                "rerun",
                "forever",
                "pgo",
                "pgo_extended",
                "output_on_failure",
                "quiet",
                "coverage",
                "randomize",
            ),
            False,
        )
        told |= {
            "tests": [MODULE],
            "fail_env_changed": self.settings.fail_env_changed,
            "match_tests": [],
            "timeout": self.settings.timeout,
            "verbose": int(self.settings.verbose),
            "use_junit": True,
            "use_resources": self.settings.resources,
            "python_cmd": ["wasmtime"],
            "randomize": False,
            "random_seed": self.settings.seed,
            "json_file": {"file": None, "file_type": "STDOUT"},
            "__runtests__": True,
        }
        self.directory.mkdir()
        words = ("-m", "test.libregrtest.worker", json.dumps(told))
        command = by_hand(self.settings, self.adapter, self.directory, words)
        done = subprocess.run(
            command.argv,
            env={**base_environment(), **command.env},
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        result = json.loads(done.stdout.splitlines()[-1])  # regrtest's own, with the whole text of each failure
        return facts_in([text for _, text in result["failures"]])


def _link(source: str, target: str) -> None:
    os.link(source, target)


def facts_in(texts: Sequence[str]) -> dict[str, Any]:
    found = re.search(r"FACTS(\{.*\})STCAF", "\n".join(texts), re.DOTALL)
    assert found is not None, texts
    facts: dict[str, Any] = json.loads(found[1])
    return facts


@pytest.fixture(scope="module")
def guests() -> Iterator[Guests]:
    with real_store().scratch(
        "surroundings"
    ) as directory:  # on the cache's file system: the tree is made of hard links
        yield Guests(directory)


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
