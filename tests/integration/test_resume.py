"""A run belongs to one process at a time, and a resumed run to what it resumes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from harness.suite.results import read_results
from tests.integration.conftest import REAL_ENVIRONMENT, TOP, Harness, summary
from tests.integration.running import is_controller, results_file, start, wait_for_results

MODULES = ("test_struct", "test_set", "test_copy", "test_bool", "test_pickle")


def test_a_run_that_goes_on_is_reported_but_not_resumed(harness: Harness, tmp_path: Path) -> None:
    process = start(tmp_path, *MODULES)
    wait_for_results(tmp_path, 1)
    done = harness("test", "--resume")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "another process is working at this run" in done.stderr
    done = harness("report")
    assert done.returncode == 130, done.stdout + done.stderr
    assert "this run is still going on" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert process.wait(300) == 0
    assert summary(tmp_path)["cells"][0]["modules"]["run"] == len(MODULES)
    assert not summary(tmp_path)["interrupted"]


@pytest.mark.parametrize("lost", ["leader", "controller"])
def test_workers_and_guests_end_with_who_started_them(harness: Harness, tmp_path: Path, lost: str) -> None:
    process = start(tmp_path, "--isolate", *MODULES)
    wait_for_results(tmp_path, 1)
    family = psutil.Process(process.pid).children(recursive=True)
    victim = psutil.Process(process.pid)
    if lost == "controller":
        (victim,) = [one for one in family if is_controller(one)]
    victim.kill()
    _, alive = psutil.wait_procs(family, timeout=60)
    before = results_file(tmp_path).read_bytes()
    assert not alive
    assert process.wait(60) == (4 if lost == "controller" else -9)
    assert results_file(tmp_path).read_bytes() == before
    done = harness("test", "--resume")
    assert done.returncode == 0, done.stdout + done.stderr
    assert results_file(tmp_path).read_bytes().startswith(before)
    assert read_results(results_file(tmp_path)).keys() == set(MODULES)


def test_a_run_that_another_harness_resumes_runs_again_and_says_so(tmp_path: Path) -> None:
    other = tmp_path / "other"
    for part in ("harness", "matrix", "reports"):
        shutil.copytree(TOP / part, other / part, ignore=shutil.ignore_patterns("__pycache__"))
    with (other / "harness/guests/events.py").open("a") as file:
        file.write("# another harness\n")

    def run(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "harness", *arguments, "--out", str(tmp_path / "out")]
        return subprocess.run(command, cwd=place, env=REAL_ENVIRONMENT, capture_output=True, text=True, check=False)

    assert run(TOP, "test", "--target", "wasi", "--no-reuse", "test_struct", "test_set").returncode == 0
    before = read_results(results_file(tmp_path))
    done = run(other, "test", "--resume")
    assert done.returncode == 0, done.stdout + done.stderr
    said = "2 earlier results of this run do not count, and their modules run again (other: harness): "
    assert said in done.stdout
    assert any(said in note for note in summary(tmp_path)["cells"][0]["notes"])
    after = read_results(results_file(tmp_path))
    assert after.keys() == before.keys()
    assert all(after[module].finished > result.finished for module, result in before.items())
    lines = results_file(tmp_path).read_text().splitlines()
    assert {json.loads(line)["digest"] for line in lines} == {after["test_set"].digest}
