"""Starting processes, and processes in the background."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.machine import process
from harness.machine.background import Background
from harness.machine.command import capture, run_logged
from harness.machine.process import base_environment
from matrix.errors import HarnessFault
from tests.integration.programs import python

pytestmark = pytest.mark.integration


@pytest.fixture
def without_setpriv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A machine without setpriv: its PATH is empty."""
    process._tether.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    yield
    process._tether.cache_clear()


@pytest.mark.usefixtures("without_setpriv")
def test_without_setpriv_a_missing_command_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(HarnessFault, match=r"cannot start \./gone: there is no command"):
        run_logged(["./gone"], env=base_environment(), cwd=tmp_path, log=tmp_path / "log")


def test_a_missing_command_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(HarnessFault, match="cannot start"):
        run_logged(["./gone"], env=base_environment(), cwd=tmp_path, log=tmp_path / "log")


@pytest.mark.usefixtures("without_setpriv")
def test_commands_run_without_setpriv(tmp_path: Path) -> None:
    assert capture(python("print('out')")) == "out\n"


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(HarnessFault, match=f"{tmp_path}/nowhere does not exist"):
        capture(["true"], cwd=tmp_path / "nowhere")


def test_a_relative_command_is_found_in_the_directory_where_it_starts(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    script = tmp_path / "tools" / "hello"
    script.write_text("#!/bin/sh\necho hello\n")
    script.chmod(0o755)
    assert capture(["./hello"], cwd=tmp_path / "tools") == "hello\n"


def ended(background: Background) -> int:
    """The return code of a background command, once it has ended."""
    while (code := background.poll()) is None:
        time.sleep(0.01)
    return code


@pytest.mark.parametrize("number", sorted(os.sched_getaffinity(0))[-2:])
def test_a_background_command_stays_on_its_processors(tmp_path: Path, number: int) -> None:
    script = "import os, subprocess, sys, time; time.sleep(0.3); print(os.sched_getaffinity(0), flush=True);"
    script += "subprocess.run([sys.executable, '-c', 'import os; print(os.sched_getaffinity(0))'], check=True)"
    argv, log = [sys.executable, "-c", script], tmp_path / "log"
    background = Background(argv, env=dict(os.environ), cwd=tmp_path, log=log, processors=[number])
    assert ended(background) == 0
    assert log.read_text().splitlines()[1:] == [f"{{{number}}}"] * 2
    assert background.cpu > 0.0


def test_a_background_command_may_use_all_processors(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "import os; print(len(os.sched_getaffinity(0)))"]
    background = Background(argv, env=dict(os.environ), cwd=tmp_path, log=tmp_path / "log")
    assert ended(background) == 0
    assert (tmp_path / "log").read_text().splitlines()[-1] == str(len(os.sched_getaffinity(0)))
