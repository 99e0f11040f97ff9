"""A guest that fills the disk is ended, under each kind of runtime and however it does it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.build.watcher import Silent
from harness.cells.prepare import Prepared, PrepareOptions, Preparer
from harness.guests.session import GuestSession
from harness.guests.settings import Limits
from harness.suite.observing import adapter_of
from matrix.expand import expand
from matrix.load import load
from matrix.resolve import resolve
from matrix.select import Selection, select
from tests.integration.conftest import real_store

pytestmark = pytest.mark.integration

CELLS = {
    "the library": Selection(target=("wasi",)),
    "the command": Selection(target=("wasi",), runtime=("wasmtime-cli-49.0.3",)),
    "node": Selection(target=("node",)),
}
BEGIN = """
import json, os, sys
with open(sys.argv[1]) as file:
    plan = json.load(file)
events = os.open(plan["events"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.write(events, b'{"event":"begins"}\\n')
os.chdir(plan["work"])
mebibyte = b"x" * (1 << 20)
"""
WAYS = {
    "one file": "with open('file', 'wb') as file:\n  for _ in range(1024): file.write(mebibyte)",
    "many files": "for number in range(1024):\n  with open(str(number), 'wb') as file: file.write(mebibyte)",
    "a removed file": "file = open('file', 'wb')\nos.unlink('file')\nfor _ in range(1024): file.write(mebibyte)",
}
WAIT = "\nimport time\ntime.sleep(60)\n"
"""for what a quick guest has written to be measured; a removed file stays open meanwhile"""


@pytest.fixture(scope="module", params=list(CELLS.values()), ids=list(CELLS))
def prepared(request: pytest.FixtureRequest) -> Prepared:
    matrix = load()
    (cell,) = select(expand(matrix), request.param)
    preparer = Preparer(real_store(), PrepareOptions(jobs=2), Silent(), print)
    return preparer.prepare(resolve(matrix, cell), Limits(disk=64 << 20, seconds=120))


def ended(prepared: Prepared, directory: Path, code: str) -> tuple[str, str]:
    """How a guest that runs some code ended, and what it printed."""
    script = directory / "script.py"
    script.write_text(code)
    session = GuestSession(prepared.settings, adapter_of(prepared), real_store(), (script,), {})
    try:
        while session.wait():
            pass
        return session.ended, session.guest.output
    finally:
        session.close()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_guest_that_fills_the_disk_is_ended(prepared: Prepared, tmp_path: Path, way: str) -> None:
    how, output = ended(prepared, tmp_path, BEGIN + way + WAIT)
    assert how == "the guest wrote more than 64 MiB to the disk and was ended", output


HOLES = "with open('file', 'wb') as file:\n  file.seek(1 << 30)\n  file.write(b'x')\n"
LESS = "with open('other', 'wb') as file:\n  for _ in range(32): file.write(mebibyte)\n"


def test_a_guest_may_write_up_to_the_limit_and_large_files_with_holes(prepared: Prepared, tmp_path: Path) -> None:
    how, output = ended(prepared, tmp_path, BEGIN + HOLES + LESS + "import time\ntime.sleep(3)\n")
    assert how == "", output
