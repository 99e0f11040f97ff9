"""A run of the main job that goes on beside the test."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import psutil

from harness.suite.results import read_results
from tests.integration.conftest import REAL_ENVIRONMENT, TOP, harness_command


def start(tmp_path: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a run of tests on WASI, in a process group of its own."""
    return subprocess.Popen(
        harness_command(tmp_path, "test", "--target", "wasi", *arguments),
        cwd=TOP,
        env=REAL_ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        # As a shell's background job has it, such as a CI run, and as its children would.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )


def results_file(tmp_path: Path) -> Path:
    """The results of the only cell of the newest run."""
    return next((tmp_path / "out").glob("latest/cells/*/outcomes.jsonl"))


def wait_for_results(tmp_path: Path, number: int) -> None:
    """Wait until a run has the results of that many modules."""
    for _ in range(3000):
        found = list((tmp_path / "out").glob("latest/cells/*/outcomes.jsonl"))
        if found and len(read_results(found[0])) >= number:
            return
        time.sleep(0.1)
    raise AssertionError("no results within five minutes")


def is_controller(process: psutil.Process) -> bool:
    """Whether a process is pytest's own, which controls the workers."""
    return "harness.suite.plugin" in process.cmdline()
