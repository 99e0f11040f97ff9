"""The main job on real input: a real CPython, compiled for WASI, its real tests under wasmtime."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from junitparser import JUnitXml

from harness.suite.results import read_results
from matrix.outcome import Status
from tests.integration.conftest import (
    REAL_ENVIRONMENT,
    TOP,
    Harness,
    outcomes,
    real_store,
    summary,
    without_builds,
)
from tests.integration.running import start, wait_for_results

SLICE = ("test_json", "test_struct", "test_posixpath", "test_os")


def cells_directory(tmp_path: Path) -> Path:
    (cell,) = (tmp_path / "out/latest/cells").iterdir()
    return cell


def test_other_wasmtime_has_an_environment_of_its_own(harness: Harness, tmp_path: Path) -> None:
    done = harness("test", "--target", "wasi", "--runtime", "wasmtime-36.0.0", "test_struct")
    assert done.returncode == 0, done.stdout + done.stderr
    assert summary(tmp_path)["cells"][0]["runtime"] == {
        "name": "wasmtime",
        "version": "36.0.0",
        "provider": "PyPI",
        "detail": "wasmtime==36.0.0",
    }


def test_junit_has_every_outcome(harness: Harness, tmp_path: Path) -> None:
    harness("test", "--target", "wasi", *SLICE)
    directory = cells_directory(tmp_path)
    document = JUnitXml.fromfile(str(directory / "junit.xml"))
    cases = [case for suite in document for case in suite]
    results = read_results(directory / "outcomes.jsonl")
    assert len(cases) == sum(len(result.outcomes) for result in results.values())
    assert {suite.name for suite in document} == {f"{directory.name}: {module}" for module in SLICE}


def test_keyword_selects_modules(harness: Harness, tmp_path: Path) -> None:
    done = harness("test", "--target", "wasi", "-k", "test_struct and not seq")
    assert done.returncode == 0, done.stdout + done.stderr
    assert summary(tmp_path)["cells"][0]["modules"]["run"] == 1


def test_single_test_by_name(harness: Harness, tmp_path: Path) -> None:
    done = harness("test", "--target", "wasi", "test_json.test_dump.TestPyDump.test_dump")
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(outcomes(tmp_path)) == ["test.test_json.test_dump.TestPyDump.test_dump"]


def test_isolated_modules_have_the_same_outcomes(harness: Harness, tmp_path: Path) -> None:
    harness("test", "--target", "wasi", *SLICE)
    together = {name: outcome.status for name, outcome in outcomes(tmp_path).items()}
    harness("test", "--target", "wasi", "--isolate", *SLICE)
    assert {name: outcome.status for name, outcome in outcomes(tmp_path).items()} == together


def test_older_cpython_with_the_sdk_of_its_time(harness: Harness, tmp_path: Path) -> None:
    done = harness("test", "--target", "wasi", "--sdk", "16", "--cpython", "3.11", "test_json", "test_struct")
    assert done.returncode == 0, done.stdout + done.stderr
    assert summary(tmp_path)["cells"][0]["cpython"]["version"] == "3.11.2"


def test_a_build_that_is_known_to_fail_fails_as_expected(harness: Harness) -> None:
    command = ("build", "--target", "wasi", "--sdk", "16", "--cpython", "3.13.5")
    done = harness(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "does not build, as expected: " in done.stdout
    done = harness(*command, reuse=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "(known from before: nothing has changed since)" in done.stdout


LONGER = (*SLICE, "test_email", "test_decimal", "test_pickle", "test_set")


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """What Ctrl-C does."""
    os.killpg(process.pid, signal.SIGINT)


def terminate(process: subprocess.Popen[bytes]) -> None:
    """What a CI server does: the harness alone is told."""
    process.send_signal(signal.SIGTERM)


@pytest.mark.parametrize("end", [interrupt, terminate])
def test_interrupted_run_reports_and_resumes(
    harness: Harness, tmp_path: Path, end: Callable[[subprocess.Popen[bytes]], None]
) -> None:
    process = start(tmp_path, *LONGER)
    wait_for_results(tmp_path, 2)
    family = psutil.Process(process.pid).children(recursive=True)
    end(process)
    assert process.wait(60) == 130
    _, alive = psutil.wait_procs(family, timeout=60)
    assert not alive
    first = summary(tmp_path)
    assert first["interrupted"]
    done = harness("test", "--resume")
    assert done.returncode == 0, done.stdout + done.stderr
    assert summary(tmp_path)["run_id"] == first["run_id"]
    assert summary(tmp_path)["cells"][0]["modules"]["run"] == len(LONGER)


def test_a_terminated_build_leaves_no_process(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "build", "--target", "wasi"],
        cwd=TOP,
        env=REAL_ENVIRONMENT | without_builds(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    family: list[psutil.Process] = []
    for _ in range(600):
        family = psutil.Process(process.pid).children(recursive=True)
        if len(family) > 1:  # configure, and what it started
            break
        time.sleep(0.1)
    assert len(family) > 1
    family = psutil.Process(process.pid).children(recursive=True)
    terminate(process)
    assert process.wait(60) == 130
    _, alive = psutil.wait_procs(family, timeout=60)
    assert not alive


def test_killed_run_leaves_no_guest_and_resumes(harness: Harness, tmp_path: Path) -> None:
    process = start(tmp_path, *LONGER)
    wait_for_results(tmp_path, 1)
    family = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
    _, alive = psutil.wait_procs(family, timeout=60)
    assert not alive
    before = read_results(next((tmp_path / "out").glob("latest/cells/*/outcomes.jsonl")))
    done = harness("test", "--resume")
    assert done.returncode == 0, done.stdout + done.stderr
    after = read_results(next((tmp_path / "out").glob("latest/cells/*/outcomes.jsonl")))
    assert set(after) == set(LONGER)
    assert all(after[module] == result for module, result in before.items())


def test_the_death_of_a_worker_is_no_fault_of_a_test_but_names_it(tmp_path: Path, broken_tree: Path) -> None:
    modules = ("test_colorsys", "test_json")
    process = start(tmp_path, "--cpython", str(broken_tree), "--timeout", "300", "--isolate", *modules)
    wait_for_results(tmp_path, 1)
    time.sleep(3)  # until the test that loops for ever is running
    (looping,) = [
        child
        for child in psutil.Process(process.pid).children(recursive=True)
        if "stdin.readline" in " ".join(child.cmdline()) and child.children()
    ]
    looping.kill()
    assert process.wait(120) == 1
    crashed = [outcome for outcome in outcomes(tmp_path).values() if outcome.status is Status.CRASHED]
    assert [outcome.test for outcome in crashed] == ["test.test_colorsys.ColorsysTest.test_hsv_roundtrip"]
    assert "worker" in crashed[0].detail


def test_two_runs_at_once(tmp_path: Path) -> None:
    processes = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        processes.append(start(tmp_path / name, *SLICE))
    assert [process.wait(300) for process in processes] == [0, 0]
    assert outcomes(tmp_path / "one").keys() == outcomes(tmp_path / "other").keys()


def test_a_damaged_cache_entry_is_replaced(harness: Harness, tmp_path: Path) -> None:
    harness("test", "--target", "wasi", "--runtime", "wasmtime-36.0.0", "test_struct")
    (entry,) = real_store().root.glob("entries/wasmtime-36.0.0-*")
    (entry / "wasmtime/__init__.py").write_text("raise SystemExit('damaged')\n")
    done = harness("test", "--target", "wasi", "--runtime", "wasmtime-36.0.0", "test_struct")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "damaged" in done.stdout


def test_report_judges_again(harness: Harness, tmp_path: Path) -> None:
    harness("test", "--target", "wasi", "test_struct")
    before = summary(tmp_path)
    done = harness("report")
    assert done.returncode == 0, done.stdout + done.stderr
    assert summary(tmp_path)["cells"] == before["cells"]


def test_cells_lists_every_cell(harness: Harness) -> None:
    done = harness("cells", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    by_id = {cell["id"]: cell for cell in document["cells"]}
    assert by_id["wasi_wasi-sdk-24_cpython-3.13.5_wasmtime-50.0.1"]["available"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--target", "wasy"], "did you mean wasi"),
        (["--target", "wasi", "--cpython", "3.13.55"], "cpython-3.13.5"),
        (["--target", "wasi", "--sdk", "wasi-sdk-244"], "wasi-sdk-24"),
        (["--target", "wasi", "--runtime", "wasmtime==1.*"], "nothing matches"),
        (["--cell", "wasi_wasi-sdk-24_cpython-3.13.5_wasmtime-50.0.2"], "wasmtime-50.0.1"),
        (["--target", "wasi", "test_jsom"], "test_json"),
        (["--target", "wasi", "-k", "test_jsom"], "test_json"),
        (["--target", "wasi", "--cpython", "/nonexistent/tree"], "is not a CPython source tree"),
        (["--target", "wasi", "--jobs", "none"], "--jobs"),
        (["--target", "wasi", "--sdk", ">=x"], "not a version range"),
    ],
)
def test_mistakes_are_explained(harness: Harness, arguments: list[str], words: str) -> None:
    done = harness("test", *arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_directory_that_is_not_an_sdk_is_explained(harness: Harness) -> None:
    done = harness("test", "--target", "wasi", "--sdk", "/nonexistent/sdk")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "is not a WASI SDK: there is no such directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_directory_that_is_not_an_sdk_does_not_stop_other_cells(harness: Harness, tmp_path: Path) -> None:
    done = harness("test", "--target", "wasi", "--sdk", "/nonexistent/sdk", "--sdk", "24", "test_bool")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "left out: /nonexistent/sdk is not a WASI SDK" in done.stdout
    assert [cell["status"] for cell in summary(tmp_path)["cells"]] == ["ok"]


def test_missing_make_is_named(harness: Harness, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "env", "ln", "gcc", "setpriv"):
        if found := next((p for d in os.environ["PATH"].split(":") if (p := Path(d) / name).exists()), None):
            (tools / name).symlink_to(found)
    done = harness("build", "--target", "wasi", env={"PATH": str(tools), **without_builds(tmp_path)})
    assert done.returncode == 3, done.stdout + done.stderr
    assert "`make` is not installed" in done.stdout + done.stderr


def test_without_network_each_provider_says_why(harness: Harness, tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    env = {"CPYTHON_WASM_CACHE": str(tmp_path / "cache"), "http_proxy": nowhere, "https_proxy": nowhere}
    done = harness("build", "--target", "wasi", env=env)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "release archive: " in done.stdout
    assert "distribution archive: " in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_edited_test_of_a_checkout_is_what_runs(harness: Harness, tmp_path: Path, broken_tree: Path) -> None:
    path = broken_tree / "Lib/test/test_abc.py"
    before = path.read_text("utf-8")
    try:
        for word in ("first", "second"):
            path.write_text(f"raise Exception('{word}')\n", "utf-8")
            done = harness("test", "--target", "wasi", "--cpython", str(broken_tree), "test_abc")
            assert done.returncode == 1, done.stdout + done.stderr
            assert f"Exception: {word}" in outcomes(tmp_path)["test.test_abc"].detail
    finally:
        path.write_text(before, "utf-8")


def test_results_are_reused_until_a_file_changes_that_they_depend_on(
    harness: Harness, tmp_path: Path, broken_tree: Path
) -> None:
    run = ("test", "--target", "wasi", "--cpython", str(broken_tree), "--again", "0", "test_abc", "test_genericpath")
    path = broken_tree / "Lib/test/test_abc.py"
    before = path.read_text("utf-8")
    # No other tree has these files: with one that has, it would share a snapshot and a build until the edit. Nor has an
    # earlier session kept results of them.
    own = f"{before}\n\n# {tmp_path}\n"
    try:
        path.write_text(own, "utf-8")
        assert harness(*run).returncode == 0
        first = outcomes(tmp_path)
        for same in (own, f"{own}# a comment\n"):
            path.write_text(same, "utf-8")
            assert harness(*run).returncode == 0
            assert summary(tmp_path)["cells"][0]["modules"]["reused"] == 2
            assert outcomes(tmp_path) == first
        path.write_text(f"{own}class TestNew(unittest.TestCase):\n    def test_new(self): pass\n", "utf-8")
        done = harness(*run)
        assert done.returncode == 0, done.stdout + done.stderr
        assert summary(tmp_path)["cells"][0]["modules"]["reused"] == 1  # test_genericpath does not depend on it
        assert set(outcomes(tmp_path)) - set(first) == {"test.test_abc.TestNew.test_new"}
    finally:
        path.write_text(before, "utf-8")
