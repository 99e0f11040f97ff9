"""A step compiles by way of a real ccache and a real sccache."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.build import execute
from harness.build.compiler_cache import VARIABLE, CompilerCache, find
from harness.build.stamps import pending_steps
from harness.build.step import CACHE, BuildPlan, Step
from harness.build.watcher import Silent
from harness.machine.store import Store
from tests.integration.conftest import REAL_ENVIRONMENT

pytestmark = pytest.mark.integration


def plan(directory: Path) -> BuildPlan:
    """A program of one file; its Makefile says what compiled it."""
    directory.mkdir()
    (directory / "answer.c").write_text("int main(void) { return 42; }\n")
    (directory / "Makefile").write_text("CC = gcc\nall: answer.o\nanswer.o: answer.c\n\t$(CC) -c -o $@ $<\n")
    step = Step(
        name="make",
        title="make it",
        argv=("make", "all"),
        cwd=directory,
        outputs=(directory / "answer.o",),
        through_cache=(f"CC={CACHE} gcc",),
    )
    return BuildPlan(name="small", directory=directory, steps=(step,))


@pytest.fixture(params=["ccache", "sccache"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CompilerCache]:
    place = str(tmp_path / "cache")
    own = {"CCACHE_DIR": place, "SCCACHE_DIR": place, "SCCACHE_SERVER_UDS": str(tmp_path / "server")}
    found = find(REAL_ENVIRONMENT | own | {VARIABLE: request.param})
    assert found is not None
    yield found
    if request.param == "sccache":
        subprocess.run([found.command, "--stop-server"], env=REAL_ENVIRONMENT | own, check=True, capture_output=True)


def hits(cache: CompilerCache) -> int:
    """How many compiles it took from what it has."""
    environment = REAL_ENVIRONMENT | cache.environment
    if cache.command.name == "sccache":
        said = subprocess.check_output(
            [cache.command, "--show-stats", "--stats-format=json"], env=environment, text=True
        )
        counts = json.loads(said)["stats"]["cache_hits"]["counts"]
        return sum(counts.values())
    said = subprocess.check_output([cache.command, "--print-stats"], env=environment, text=True)
    rows = dict(line.split("\t") for line in said.splitlines())
    return int(rows["direct_cache_hit"]) + int(rows["preprocessed_cache_hit"])


def test_an_earlier_compile_is_taken_from_the_cache(cache: CompilerCache, tmp_path: Path) -> None:
    store, small = Store(tmp_path / "store"), plan(tmp_path / "work")
    execute.execute(small, store, Silent(), say=print, cache=cache)
    first = (small.directory / "answer.o").read_bytes()
    assert hits(cache) == 0

    (small.directory / "answer.o").unlink()
    execute.execute(small, store, Silent(), say=print, cache=cache)

    assert hits(cache) == 1
    assert (small.directory / "answer.o").read_bytes() == first


def test_a_step_is_current_with_and_without_the_cache(cache: CompilerCache, tmp_path: Path) -> None:
    store, small = Store(tmp_path / "store"), plan(tmp_path / "work")
    execute.execute(small, store, Silent(), say=print, cache=cache)
    assert pending_steps(small) == ()
    assert execute.execute(small, store, Silent(), say=print) == 0.0
