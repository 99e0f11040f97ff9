"""Upstream's own commands in the build directory of a WASI cell: `make`, and `make test` with wasmtime's command."""

from __future__ import annotations

import os
import re
import tempfile
import time
from pathlib import Path

from benchmarks.timing import Timing, timed
from harness.cells.prepare import Prepared


class Upstream:
    """The build directory of one cell, and a directory for what its commands print."""

    def __init__(self, prepared: Prepared, cli: Path, directory: Path) -> None:
        """`cli` is wasmtime's command, which `make test` looks for on PATH."""
        self._build = prepared.settings.wasm.parent
        self._cli = cli
        self._directory = directory

    def make(self) -> Timing:
        """Run `make all`, with as many jobs as the harness has."""
        return timed(
            ["make", "-s", f"-j{os.cpu_count()}", "all"],
            cwd=self._build,
            env=dict(os.environ),
            log=self._new("make.log"),
        )

    def test(self) -> tuple[Timing, Path, Path]:
        """Run `make test`. Returns its time without that of make, regrtest's JUnit file, and what it printed."""
        log, junit = self._new("test.log"), self._new("test.xml")
        nothing_to_make = self.make()
        with tempfile.TemporaryDirectory() as path:
            (Path(path) / "wasmtime").symlink_to(self._cli)
            env = dict(os.environ) | {"PATH": f"{path}{os.pathsep}{os.environ['PATH']}"}
            argv = ["make", "-s", "test", f"TESTOPTS=-j2 --junit-xml={junit}"]
            whole = timed(argv, cwd=self._build, env=env, log=log)
        return Timing(wall=whole.wall - nothing_to_make.wall, cpu=whole.cpu - nothing_to_make.cpu), junit, log

    def _new(self, name: str) -> Path:
        return self._directory / f"upstream-{time.time_ns()}-{name}"


def failed_after(log: str, module: str) -> float | None:
    """Seconds from regrtest's start to its line that a module failed; None when it did not.

    Lines look like `0:01:02 load avg: 2.01 [ 57/480] test_csv failed (1 failure)`.
    """
    found = re.search(rf"^(\d+):(\d\d):(\d\d) .*\] {re.escape(module)} failed", log, re.MULTILINE)
    if found is None:
        return None
    hours, minutes, seconds = map(int, found.groups())
    return float(3600 * hours + 60 * minutes + seconds)
