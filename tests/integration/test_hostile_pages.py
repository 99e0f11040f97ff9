"""Tests of CPython's suite that misbehave in a browser: each gets its outcome, and the others of its module run.

The build is the default one for browsers, and the module is added to a copy of its archive.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.build.stage import ARCHIVE
from harness.build.watcher import Silent
from harness.cells.prepare import Prepared, PrepareOptions, Preparer
from harness.guests.settings import GuestSettings, Limits
from harness.suite.batch import Batch, ModulePlan
from harness.suite.observing import adapter_of
from matrix.expand import expand
from matrix.load import load
from matrix.outcome import Outcome, Status
from matrix.resolve import resolve
from matrix.select import Selection, select
from tests.integration.conftest import real_store

pytestmark = pytest.mark.integration

NAME = "test_made_up"
PATIENCE = 20.0
"""seconds that a test may be silent"""


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def prepared(request: pytest.FixtureRequest) -> Prepared:
    """The default cell for browsers, in each of them."""
    request.getfixturevalue(request.param)
    matrix = load()
    (cell,) = select(expand(matrix), Selection(target=("browser",), runtime=(f"{request.param}-installed",)))
    limits = Limits(seconds=PATIENCE, memory=256 << 20)
    return Preparer(real_store(), PrepareOptions(jobs=2), Silent(), print).prepare(resolve(matrix, cell), limits)


def with_module(settings: GuestSettings, directory: Path, text: str) -> GuestSettings:
    """The settings of guests whose archive has one more test module."""
    data, index = (settings.tree / name for name in ARCHIVE)
    rows = json.loads(index.read_bytes())
    library = next(path for path, *_ in rows if path.endswith("/test/__init__.py")).rpartition("/")[0]
    added, size = text.encode(), data.stat().st_size
    directory.mkdir()
    (directory / data.name).write_bytes(data.read_bytes() + added)
    (directory / index.name).write_text(json.dumps([*rows, (f"{library}/{NAME}.py", size, size + len(added), 1)]))
    return replace(settings, tree=directory)


def observed(prepared: Prepared, tmp_path: Path, body: str) -> Mapping[str, Outcome]:
    """The outcomes of three tests, of which the second one has this body."""
    text = f"""
import unittest

class Test(unittest.TestCase):
    def test_a(self):
        pass
    def test_b(self):
        {body}
    def test_c(self):
        pass
"""
    settings = with_module(prepared.settings, tmp_path / "tree", text)
    batch = Batch(settings, adapter_of(prepared), real_store(), [ModulePlan(module=NAME)])
    return {one.test.rpartition(".")[2]: one for one in batch.result(NAME).outcomes}


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        ("while True: pass", Status.TIMED_OUT, f"no test ended for {PATIENCE:.0f} s: the guest was ended"),
        ("eaten = []\n        while True: eaten.append(bytearray(1 << 22))", Status.ERRORED, "MemoryError"),
        ("import os; os.abort()", Status.CRASHED, "the guest ended with an abort"),
        ("while True: print('x' * (1 << 16))", Status.ERRORED, "this one printed more"),
    ],
    ids=["loops", "fills the memory", "aborts", "prints without an end"],
)
def test_a_test_that_misbehaves_is_named_and_the_others_run(
    prepared: Prepared, tmp_path: Path, body: str, status: Status, detail: str
) -> None:
    seen = observed(prepared, tmp_path, body)
    assert {name: one.status for name, one in seen.items()} == {
        "test_a": Status.PASSED,
        "test_b": status,
        "test_c": Status.PASSED,
    }
    assert detail in seen["test_b"].detail
