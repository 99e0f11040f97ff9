"""Processes that record runs at the same time; one is killed while it writes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reports import history

pytestmark = pytest.mark.integration
TOP = Path(__file__).parents[2]

RECORDS = """
import os, sys
from pathlib import Path
from reports.history import recorder
from tests.unit.nights import observed, module, record_run

path, run, killed = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "killed"
if killed:
    record = recorder._Recorder.record
    def killed_at_the_end(self, *arguments):
        self._connection.execute("PRAGMA cache_size = 10")  # what is written does not wait in memory
        record(self, *arguments)
        assert Path(f"{path}-journal").stat().st_size > 0, "nothing would have to be rolled back"
        os.kill(os.getpid(), 9)
    recorder._Recorder.record = killed_at_the_end
record_run(path, run, *(module(observed(test=f"test.{run}.{n}"), name=f"test_{n}") for n in range(500)))
"""


def test_each_run_is_recorded_completely_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / history.NAME

    def start(run: str, how: str) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-c", RECORDS, str(path), run, how]
        return subprocess.Popen(argv, env=dict(os.environ, PYTHONPATH=str(TOP)))

    ended = [start(f"run-{number:02}", "whole").wait() for number in range(2)]
    ended.append(start("run-09", "killed").wait())
    assert ended == [0, 0, -signal.SIGKILL]
    journal = Path(f"{path}-journal")
    assert journal.stat().st_size > 0
    with history.opened(path) as found:  # what was begun is undone by whoever comes next
        assert [cell.run for cell in found.cells()] == ["run-01", "run-00"]
    assert not journal.exists()
    together = [start(f"run-{number:02}", "killed" if number == 4 else "whole") for number in range(1, 7)]
    assert sorted(process.wait() for process in together) == [-signal.SIGKILL, *[0] * 5]
    with history.opened(path) as found:
        cells = found.cells()
        assert sorted(cell.run for cell in cells) == [f"run-{number:02}" for number in (0, 1, 2, 3, 5, 6)]
        assert {len(found.modules(cell)) for cell in cells} == {500}
