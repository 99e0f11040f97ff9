"""`triage bisect --axis runtime` over versions of a runtime some of which do not run the build."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.provide.items import runtime_providers
from harness.provide.obtain import obtain
from matrix.load import load
from matrix.model import RuntimeKind
from tests.integration.conftest import REAL_ENVIRONMENT, TOP, real_store

ROW = """
[[runtime]]
name = "mywasm"
version = "{version}"
kind = "command"
executable = "{executable}"

[runtime.command]
compile = ["compile", "-o", "{{code}}/python.cwasm", "{{module}}"]
run = ["run", "--allow-precompiled", "--argv0", "{{argv0}}", "{{preopens}}", "{{variables}}", "{{code}}/python.cwasm", \
"{{arguments}}"]
preopen = ["--dir", "{{host}}::{{guest}}"]
variable = ["--env", "{{name}}={{value}}"]

[[runtime.command.ends]]
means = "a trap or an abort"
status = 134
"""
SCRIPT = """#!/bin/sh
case $1 in
--version) echo "mywasm {version}"; exit;;
compile) {compile};;
esac
shift
{run}
"""
RUNS = 'exec {wasmtime} run -W max-wasm-stack={stack} "$@"'
COMPILES = 'shift; exec {wasmtime} compile -W max-wasm-stack={stack} "$@"'
VERSIONS = {
    "1.0": (1 << 20, COMPILES, RUNS),
    "2.0": (8 << 20, "echo 'it knows no compile' >&2; exit 9", RUNS),
    "3.0": (8 << 20, COMPILES, "exec sleep 600"),
    "4.0": (8 << 20, COMPILES, "echo 'no room' >&2; exit 9"),
    "5.0": (8 << 20, COMPILES, RUNS),
}
"""by version: the bytes of stack, and what it does to compile and to run"""
TEST = "test_list.ListTest.test_repr_deep"
"""CPython's own limit on recursion is made for more than 1 MiB of stack"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the harness with five versions of a runtime: scripts around wasmtime's command."""
    store = real_store()
    (row,) = (row for row in load().runtimes if row.kind is RuntimeKind.CLI)
    wasmtime = obtain(row.id, runtime_providers(row, store), store, print).path
    project = tmp_path / "project"
    for name in ("harness", "matrix", "reports"):
        shutil.copytree(TOP / name, project / name, ignore=shutil.ignore_patterns("out", "__pycache__"))
    for version, (stack, compiles, runs) in VERSIONS.items():
        words = {"wasmtime": wasmtime, "stack": stack}
        executable = tmp_path / f"mywasm-{version}"
        executable.write_text(
            SCRIPT.format(version=version, compile=compiles.format(**words), run=runs.format(**words))
        )
        executable.chmod(0o755)
        with (project / "matrix/data/runtimes.toml").open("a") as file:
            file.write(ROW.format(version=version, executable=executable))
    targets = project / "matrix/data/targets.toml"
    targets.write_text(targets.read_text().replace('["wasmtime", ', '["mywasm", "wasmtime", ', 1))
    return project


def test_versions_that_do_not_run_the_build_are_said_and_left_out(project: Path) -> None:
    words = ("triage", "bisect", TEST, "--axis", "runtime", "--runtime", "mywasm==1.0", "--timeout", "20")
    command = [sys.executable, "-m", "harness", *words]
    done = subprocess.run(
        command, cwd=project, env=REAL_ENVIRONMENT, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout
    assert "mywasm-1.0-mywasm-1.0: crashed" in said
    assert "mywasm-2.0-mywasm-2.0: cannot be tested: mywasm cannot compile" in said
    assert "mywasm-3.0-mywasm-3.0: cannot be tested: the guest did not start: no test ended for 20 s" in said
    assert (
        "mywasm-4.0-mywasm-4.0: cannot be tested: the guest did not start: the guest ended with exit status 9" in said
    )
    assert "the first version at which it is passed, and no longer crashed:\n  mywasm-5.0-mywasm-5.0" in said
    between = ", ".join(f"mywasm-{version}-mywasm-{version}" for version in ("2.0", "3.0", "4.0"))
    assert f"or one of those between them, which cannot be tested: {between}" in said
