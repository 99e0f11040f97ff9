"""Guests of the default cell of WASI whose tree can get further test modules."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

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

PROBE = Path(__file__).parent / "surroundings.py"
MODULE = "test_surroundings"


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


@contextlib.contextmanager
def made_guests() -> Iterator[Guests]:
    """Guests on the cache's file system: their tree is made of hard links."""
    with real_store().scratch("guests") as directory:
        yield Guests(directory)
