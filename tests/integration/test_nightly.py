"""Runs of many tasks and of many machines, with the real default cell and a slice of its suite."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.suite.results import read_results
from tests.integration.conftest import REAL_ENVIRONMENT, TOP, Harness, summary

SLICE = ("test_json", "test_struct", "test_bool", "test_os", "test_posixpath")


def nightly(tmp_path: Path, *arguments: str) -> list[str]:
    out = ("--out", str(tmp_path / "out"))
    return [sys.executable, "-m", "harness", "nightly", "--set", "small", *SLICE, *out, *arguments]


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=TOP, env=REAL_ENVIRONMENT, capture_output=True, text=True, timeout=1800, check=False
    )


def observed(directory: Path) -> dict[tuple[str, str], str]:
    """The status and detail of each test, by module and name."""
    return {
        (module, outcome.test): f"{outcome.status} {outcome.detail}"
        for path in directory.glob("cells/*/outcomes.jsonl")
        for module, result in read_results(path).items()
        for outcome in result.outcomes
    }


def judged(document: Any) -> list[Any]:
    """The cells of a summary without their durations."""
    keys = ("id", "status", "modules", "counts", "verdicts", "unattributed_skips")
    return [{key: cell[key] for key in keys} for cell in document["cells"]]


def test_shards_are_reported_as_one_machine_would(harness: Harness, tmp_path: Path) -> None:
    assert harness("test", "--target", "wasi", *SLICE).returncode == 0
    whole, alone = summary(tmp_path), observed((tmp_path / "out/latest").resolve())
    parts = []
    for number in (1, 2):
        assert harness("test", "--target", "wasi", *SLICE, "--shard", f"{number}/2").returncode == 0
        parts.append((tmp_path / "out/latest").resolve())
    assert all(len(observed(part)) < len(alone) for part in parts)
    done = harness("report", *map(str, parts))
    assert done.returncode == 0, done.stdout + done.stderr
    assert judged(summary(tmp_path)) == judged(whole)
    assert observed((tmp_path / "out/latest").resolve()) == alone


def test_shards_of_other_options_are_refused(harness: Harness, tmp_path: Path) -> None:
    parts = []
    for seconds in ("100", "101"):
        assert harness("test", "--target", "wasi", "test_bool", "--timeout", seconds).returncode == 0
        parts.append(str((tmp_path / "out/latest").resolve()))
    done = harness("report", *parts)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "of different runs: limits differ" in done.stderr


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    """The outcomes of an undisturbed nightly run."""
    path = tmp_path_factory.mktemp("undisturbed")
    done = run(nightly(path, "--no-reuse"))
    assert done.returncode == 0, done.stdout + done.stderr
    return observed((path / "out/latest").resolve())


@pytest.mark.parametrize("tasks", [1, 4, 5])
def test_a_killed_nightly_continues(tmp_path: Path, undisturbed: dict[tuple[str, str], str], tasks: int) -> None:
    command = nightly(tmp_path, "--no-reuse")
    process = subprocess.Popen(
        command, cwd=TOP, env=REAL_ENVIRONMENT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    started = 0
    for line in process.stdout:
        started += "started: " in line
        if started >= tasks:
            break
    time.sleep(0.5)
    family = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    _, alive = psutil.wait_procs(family, timeout=60)
    assert not alive
    done = run(command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list((tmp_path / "out").glob("2*"))) == 1
    assert observed((tmp_path / "out/latest").resolve()) == undisturbed


def test_a_nightly_for_which_nothing_changed_starts_nothing(tmp_path: Path, undisturbed: object) -> None:
    assert run(nightly(tmp_path)).returncode == 0
    done = run(nightly(tmp_path, "--new"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing has changed: wasi" in done.stdout
    assert "started:" not in done.stdout
    assert summary(tmp_path)["cells"][0]["modules"]["reused"] == len(SLICE)


def test_a_nightly_out_of_time_says_what_is_left(tmp_path: Path) -> None:
    done = run(nightly(tmp_path, "--no-reuse", "--time-budget", "0.1s"))
    assert done.returncode == 130, done.stdout + done.stderr
    assert "left: the time was up" in summary(tmp_path)["cells"][0]["reason"]
    done = run(nightly(tmp_path, "--no-reuse"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list((tmp_path / "out").glob("2*"))) == 1


def test_an_unknown_set_and_a_wrong_duration_are_refused(tmp_path: Path) -> None:
    for arguments, said in (
        (("--set", "smal"), "there is no set 'smal'"),
        (("--time-budget", "soon"), "'soon' is not a duration"),
    ):
        done = run(nightly(tmp_path, *arguments))
        assert done.returncode == 2, done.stdout + done.stderr
        assert said in done.stderr
        assert "Traceback" not in done.stderr
