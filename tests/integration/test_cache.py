"""The `cache` command, with a run in another process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.machine.store import VARIABLE, Provenance, Store
from harness.machine.units import human_size
from harness.machine.upkeep import disk_usage
from tests.integration.conftest import REAL_ENVIRONMENT, TOP

pytestmark = pytest.mark.integration

Cache = Callable[..., subprocess.CompletedProcess[str]]

RUN = """
import sys
from pathlib import Path
from harness.machine.command import run_attached
from harness.machine.process import base_environment
from harness.machine.store import Store

store = Store()
print(store.use(store.entry("sdk")), flush=True)
run_attached(["cat"], env=base_environment(), cwd=Path())
"""
"""a run that uses an entry and has started a process; it ends when its standard input is closed"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A cache with an entry, a build and the remains of a killed run."""
    store = Store(tmp_path / "own-cache")
    Store(store.root).obtain("sdk", fill)
    (store.root / "builds/wasi_build").mkdir()
    (store.root / "builds/wasi_build/python.wasm").write_bytes(b"\0asm" * 100_000)
    (store.root / "entries/.sdk-01234567").mkdir()
    return store


def fill(directory: Path) -> Provenance:
    (directory / "clang").write_bytes(b"\x7fELF" * 50_000)
    return Provenance(provider="a provider", detail="a detail", digest="a digest")


@pytest.fixture
def cache(store: Store) -> Cache:
    """Run `python -m harness cache` with arguments."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "harness", "cache", *arguments],
            cwd=TOP,
            env=REAL_ENVIRONMENT | {VARIABLE: str(store.root)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def run(store: Store) -> Iterator[subprocess.Popen[str]]:
    """A run that uses the entry."""
    with subprocess.Popen(
        [sys.executable, "-c", RUN],
        cwd=TOP,
        env=REAL_ENVIRONMENT | {VARIABLE: str(store.root)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        yield process
        process.kill()


def rows(cache: Cache) -> dict[str, dict[str, object]]:
    """What `cache --json` lists, by kind."""
    return {row["kind"]: row for row in json.loads(cache("--json").stdout)["items"]}


def test_the_cache_is_listed_and_pruned(cache: Cache, store: Store) -> None:
    entry, build = store.entry("sdk"), store.root / "builds/wasi_build"
    os.utime(build, (1, 1))
    listed = cache()
    assert (listed.returncode, listed.stderr) == (0, "")
    lines = [line.split()[:3] for line in listed.stdout.splitlines()]
    assert lines[1] == ["build", "wasi_build", human_size(disk_usage(build))]
    assert lines[2] == ["entry", "sdk", human_size(disk_usage(entry))]
    assert rows(cache)["entry"]["provider"] == "a provider"

    dry = cache("prune", "--max-size", "500K", "--dry-run")
    assert entry.exists()
    assert build.exists()
    pruned = cache("prune", "--max-size", "500K")
    assert (pruned.returncode, pruned.stderr) == (0, "")
    assert pruned.stdout.replace("removed ", "would remove ").replace(" freed", " would be freed") == dry.stdout
    said = [line.partition(":")[0] for line in pruned.stdout.splitlines()[:-1]]
    assert said == ["removed entries/.sdk-01234567", "removed builds/wasi_build"]
    assert store.manifest("sdk") is not None
    assert not build.exists()

    assert cache("prune", "--older-than", "0h").returncode == 0
    assert [path.name for path in store.root.glob("*/*")] == ["sdk.lock"]


def test_an_unknown_unit_is_a_usage_error(cache: Cache, store: Store) -> None:
    ended = cache("prune", "--max-size", "20GB")
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr == "error: '20GB' is not a size\n  -> write a number with K, M, G or T: 20G, 500M, 1.5G\n"
    assert store.manifest("sdk") is not None


def test_an_entry_in_use_is_kept(cache: Cache, store: Store, run: subprocess.Popen[str]) -> None:
    assert rows(cache)["entry"]["in_use"] is True
    pruned = cache("prune", "--max-size", "0K", "--older-than", "0h")
    assert pruned.returncode == 0
    assert "removed builds/wasi_build" in pruned.stdout
    assert "entries/sdk:" not in pruned.stdout
    assert store.manifest("sdk") is not None
    assert run.stdin is not None
    run.stdin.close()  # it ends by itself
    assert run.wait(60) == 0
    assert "removed entries/sdk: " in cache("prune", "--max-size", "0K").stdout
    assert not store.entry("sdk").exists()


def test_a_killed_run_no_longer_uses_its_entry(cache: Cache, store: Store, run: subprocess.Popen[str]) -> None:
    run.kill()
    run.wait(60)
    assert rows(cache)["entry"]["in_use"] is False
    assert "removed entries/sdk: " in cache("prune", "--max-size", "0K").stdout
    assert not store.entry("sdk").exists()


def test_concurrent_runs_and_removals_never_see_half_an_entry(cache: Cache, store: Store) -> None:
    pruning = [
        sys.executable,
        "-c",
        "from harness.machine.store import Store\nwhile True: s = Store(); s.remove(s.entry('sdk'))",
    ]
    with subprocess.Popen(pruning, cwd=TOP, env=REAL_ENVIRONMENT | {VARIABLE: str(store.root)}) as process:
        try:
            made = 0

            def make(directory: Path) -> Provenance:
                nonlocal made
                made += 1
                return fill(directory)

            ended = time.monotonic() + 2
            while time.monotonic() < ended:
                run = Store(store.root)
                path, _ = run.obtain("sdk", make)
                assert run.manifest("sdk") is not None
                assert (path / "clang").stat().st_size == 200_000
                del run
                time.sleep(0.001)
        finally:
            process.kill()
    assert made > 3
