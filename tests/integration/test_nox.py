"""The sessions of the noxfile: what nox lists, picks and runs. Nothing is built: every run here ends with an error."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest

from matrix.expand import expand
from matrix.load import load
from matrix.select import of_options
from tests.integration.conftest import REAL_ENVIRONMENT, TOP

CELL = "test-wasi(wasi-sdk-24, cpython-3.13.5, wasmtime-50.0.1)"


def nox(*words: str, env: dict[str, str] | None = None, top: Path = TOP) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in REAL_ENVIRONMENT.items() if not name.startswith("NOX")}
    return subprocess.run(
        [sys.executable, "-m", "nox", "--noxfile", str(top / "noxfile.py"), *words],
        cwd=top,
        env=environment | {"NO_COLOR": "1"} | (env or {}),
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def listed(*words: str) -> list[dict[str, Any]]:
    """The sessions that nox selects, as its JSON listing has them."""
    found = nox("-l", "--json", *words)
    assert found.returncode == 0, found.stderr
    sessions: list[dict[str, Any]] = json.loads(found.stdout)
    return sessions


def names(*words: str) -> list[str]:
    return [session["name"] for session in listed(*words)]


@pytest.fixture
def ready(tmp_path: Path) -> list[str]:
    """Options that make nox use prepared environments, which see the packages of this interpreter."""
    for name in ("environment", "test-wasi"):
        place = tmp_path / "nox" / name
        venv.create(place, symlinks=True)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        (place / "lib" / version / "site-packages" / "here.pth").write_text(sysconfig.get_path("purelib"))
    return ["--no-install", "--reuse-existing-virtualenvs", "--envdir", str(tmp_path / "nox")]


def test_every_plain_cell_of_a_usual_sdk_and_runtime_is_listed_with_its_parts() -> None:
    usual = {sdk.id for sdk in load().usual_sdks}
    runtimes = {runtime.id for runtime in load().usual_runtimes}
    found = nox("-l")
    assert found.stderr == ""  # no session stands there twice
    lines = found.stdout.splitlines()
    shown = [line.removeprefix("- ").split(" [")[0] for line in lines if "(" in line and line.startswith("- test-")]
    assert shown == [
        f"test-{cell.build.target.id}({cell.build.sdk.id}, {cell.build.cpython.id}, {cell.runtime.id})"
        for cell in of_options(expand(load())).cells
        if cell.build.sdk.id in usual and cell.runtime.id in runtimes
    ]


def test_sessions_come_last_where_a_terminal_shows_them() -> None:
    lines = nox("-l").stdout.splitlines()
    first = lines.index("* test-wasi -> Build CPython for WASI, run its test suite under wasmtime, judge and report.")
    assert not [line for line in lines[first:] if line.startswith("- test-") and "(" in line]


def test_nox_alone_and_a_targets_name_mean_one_session() -> None:
    assert names() == names("-s", "test-wasi") == ["test-wasi"]
    assert names("-s", "test-node-dl") == ["test-node-dl"]


def test_a_cell_is_named_by_its_parts() -> None:
    assert set(names("-s", CELL)) == {CELL, "environment"}


def test_cells_are_picked_by_keywords() -> None:
    picked = names("-k", "wasi_sdk_16 and cpython_3_11 and (wasmtime_50 or node_wasi_24 or wazero) and not wazero")
    assert "environment" in picked
    assert {name for name in picked if name != "environment"} == {
        f"test-wasi(wasi-sdk-16, cpython-3.11.2, {runtime})" for runtime in ("wasmtime-50.0.1", "node-wasi-24.19.0")
    }


def test_the_main_job_takes_selectors(ready: list[str]) -> None:
    ran = nox(*ready, "-s", "test-wasi", "--", "--sdk", "wasi-sdk>=20", "--cpython", ">=3.99")
    assert ran.returncode == 1
    assert "python -m harness test --target wasi --sdk 'wasi-sdk>=20' --cpython '>=3.99'" in ran.stderr
    assert "--cpython >=3.99: nothing matches" in ran.stdout + ran.stderr
    assert "Running session test-wasi\n" in ran.stderr
    assert "(" not in "".join(line for line in ran.stderr.splitlines() if "Running session" in line)


def test_a_cells_session_selects_it_and_takes_more_arguments(ready: list[str]) -> None:
    ran = nox(*ready, "-s", CELL, "--", "--debug-build", "json")
    assert ran.returncode == 1
    words = "test --target wasi --sdk wasi-sdk-24 --cpython cpython-3.13.5 --runtime wasmtime-50.0.1 --debug-build json"
    assert f"environment/bin/python -m harness {words}" in ran.stderr
    assert "'json' is neither an option nor the name of a test" in ran.stdout + ran.stderr


def test_a_cell_may_be_typed_without_blanks() -> None:
    typed = CELL.replace(" ", "")
    for words in (("-s", typed), (f"--session={typed}",)):
        assert set(names(*words)) == {typed, "environment"}


def test_browser_cells_share_the_environment_of_the_others() -> None:
    cell = "test-browser(emscripten-3.1.69, cpython-3.11.2, chromium-installed)"
    assert set(names("-s", cell)) == {cell, "environment"}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What `nox -l` reads, for tests that write to it."""
    for name in ("noxfile.py", "pyproject.toml"):
        shutil.copy(TOP / name, tmp_path / name)
    shutil.copytree(TOP / "matrix", tmp_path / "matrix")
    return tmp_path


def test_with_broken_data_the_sessions_of_targets_are_there_and_a_warning_says_why(copy: Path) -> None:
    (copy / "matrix/data/sdks.toml").write_text("[[sdk]\n")
    found = nox("-l", top=copy)
    assert found.returncode == 0, found.stderr
    assert f"Cells are not listed: {copy}/matrix/data/sdks.toml: not TOML: " in found.stderr
    assert "* test-wasi -> " in found.stdout
    assert "test-wasi(" not in found.stdout
    assert "Traceback" not in found.stderr


def test_a_mistake_that_the_listing_does_not_see_is_named_by_any_session(copy: Path, ready: list[str]) -> None:
    shutil.copytree(TOP / "harness", copy / "harness")
    shutil.copytree(TOP / "reports", copy / "reports", ignore=shutil.ignore_patterns("out"))
    rules = copy / "matrix/data/rules.toml"
    rules.write_text(rules.read_text() + '\n[[exclusion]]\nwhen = { sdk = ["wasi-sdk<9"] }\nreason = "too old"\n')
    ran = nox(*ready, "-s", "test-wasi", top=copy)
    assert ran.returncode == 1
    assert ".when.sdk[0]: 'wasi-sdk<9' matches nothing" in ran.stdout + ran.stderr
