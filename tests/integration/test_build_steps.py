"""Plans that are really executed, with small shell commands for steps."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.build import execute
from harness.build.execute import remembered_failure
from harness.build.recipes import native
from harness.build.stamps import pending_steps
from harness.build.step import BuildPlan, Step
from harness.build.watcher import Silent
from harness.machine.store import Store
from matrix.errors import BuildFailed

pytestmark = pytest.mark.integration


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


def plan(directory: Path, script: str) -> BuildPlan:
    """A plan of one step, which remembers a file `memory`."""
    directory.mkdir(exist_ok=True)
    step = Step(
        name="step",
        title="a step",
        argv=("sh", "-c", script),
        cwd=directory,
        outputs=(directory / "made",),
        remembers=(directory / "memory",),
    )
    return BuildPlan(name="plan", directory=directory, steps=(step,))


def run(plan: BuildPlan, store: Store) -> float:
    return execute.execute(plan, store, Silent(), say=lambda message: None)


def test_a_step_that_succeeded_is_not_run_again(tmp_path: Path, store: Store) -> None:
    one = plan(tmp_path / "work", "echo again >> memory; touch made")
    assert run(one, store) > 0
    assert run(one, store) == 0
    assert (tmp_path / "work/memory").read_text() == "again\n"


@pytest.mark.parametrize("damage", [b"", b"whole thin", b"Whole thing"], ids=["empty", "cut", "flipped"])
def test_an_output_that_is_not_as_it_was_made_is_made_again(tmp_path: Path, store: Store, damage: bytes) -> None:
    # As make does: what is there counts as finished.
    one = plan(tmp_path / "work", "echo again >> memory; test -e made || printf 'whole thing' > made")
    run(one, store)
    made = tmp_path / "work/made"
    before = made.stat()
    made.write_bytes(damage)
    os.utime(made, ns=(before.st_atime_ns, before.st_mtime_ns))
    run(one, store)
    assert made.read_bytes() == b"whole thing"
    assert (tmp_path / "work/memory").read_text() == "again\nagain\n"
    assert run(one, store) == 0


def test_half_an_output_of_a_killed_step_is_made_again(tmp_path: Path, store: Store) -> None:
    one = plan(tmp_path / "work", "test -e made || { printf half > made; test -e ready && printf whole > made; }")
    with pytest.raises(BuildFailed):
        run(one, store)
    (tmp_path / "work/ready").touch()
    run(one, store)
    assert (tmp_path / "work/made").read_bytes() == b"whole"


def test_a_changed_step_goes_on_from_outputs_that_are_whole(tmp_path: Path, store: Store) -> None:
    run(plan(tmp_path / "work", "echo one >> made"), store)
    run(plan(tmp_path / "work", "echo two >> made"), store)
    assert (tmp_path / "work/made").read_text() == "one\ntwo\n"


def test_a_step_that_failed_continues_from_the_files_it_remembers(tmp_path: Path, store: Store) -> None:
    one = plan(tmp_path / "work", "echo again >> memory; test -f ready && touch made")
    with pytest.raises(BuildFailed):
        run(one, store)
    (tmp_path / "work/ready").touch()
    run(one, store)
    assert (tmp_path / "work/memory").read_text() == "again\nagain\n"


def test_a_step_that_finds_no_room_is_not_remembered_as_failed(tmp_path: Path, store: Store) -> None:
    one = plan(tmp_path / "work", "echo 'cannot write x.o: No space left on device'; test -f ready && touch made")
    with pytest.raises(OSError, match="No space left on device: plan: step step") as caught:
        run(one, store)
    assert caught.value.errno == errno.ENOSPC
    assert remembered_failure(one) is None
    (tmp_path / "work/ready").touch()
    assert run(one, store) > 0


def test_the_sources_stay_when_an_edit_of_configure_makes_their_link_anew(tmp_path: Path, store: Store) -> None:
    source, work = tmp_path / "source", tmp_path / "work"
    source.mkdir()
    work.mkdir()
    (source / "configure").write_text("#!/bin/sh\n")
    whole = native.plan("native", work, source, "files in C", "configure", jobs=1)
    link = replace(whole, steps=whole.steps[:1])
    assert run(link, store) > 0
    (source / "configure").write_text("#!/bin/sh\n# edited\n")
    assert run(link, store) > 0
    assert (work / native.SOURCE / "configure").read_text() == "#!/bin/sh\n# edited\n"


@pytest.mark.parametrize("first", ["touch made", "false"], ids=["succeeded", "failed"])
def test_a_changed_step_loses_the_files_it_remembers(tmp_path: Path, store: Store, first: str) -> None:
    before = plan(tmp_path / "work", f"echo before >> memory; {first}")
    if first == "false":
        with pytest.raises(BuildFailed):
            run(before, store)
    else:
        run(before, store)
    run(plan(tmp_path / "work", "echo after >> memory; touch made"), store)
    assert (tmp_path / "work/memory").read_text() == "after\n"


def test_a_new_step_keeps_the_files_that_were_prepared_for_it(tmp_path: Path, store: Store) -> None:
    one = plan(tmp_path / "work", "cat memory > made")
    (tmp_path / "work/memory").write_text("handed over\n")
    run(one, store)
    assert (tmp_path / "work/made").read_text() == "handed over\n"
    assert not pending_steps(one)


def test_a_failure_is_remembered_as_long_as_the_step_is_the_same(tmp_path: Path, store: Store) -> None:
    one = plan(tmp_path / "work", "echo no such header; exit 3")
    assert remembered_failure(one) is None
    with pytest.raises(BuildFailed) as caught:
        run(one, store)
    known = remembered_failure(one)
    assert known is not None
    assert (known.step, known.output.splitlines()[-1], known.remembered) == ("step", "no such header", True)
    assert (known.step, known.output, False) == (caught.value.step, caught.value.output, caught.value.remembered)
    assert "as it did before" in known.message
    assert remembered_failure(plan(tmp_path / "work", "echo another; exit 3")) is None


def test_a_failure_is_forgotten_when_the_step_is_run_again(tmp_path: Path, store: Store) -> None:
    one = plan(tmp_path / "work", "test -f ready && touch made")
    with pytest.raises(BuildFailed):
        run(one, store)
    (tmp_path / "work/ready").touch()
    run(one, store)
    assert remembered_failure(one) is None
    (tmp_path / "work/made").unlink()
    assert remembered_failure(one) is None


def test_another_number_of_jobs_does_not_change_a_step(tmp_path: Path, store: Store) -> None:
    one = plan(tmp_path / "work", 'echo "$0" > made')
    two, four = (replace(one, steps=(replace(one.steps[0], jobs=jobs),)) for jobs in (2, 4))
    assert run(two, store) > 0
    assert (tmp_path / "work/made").read_text() == "-j2\n"
    assert pending_steps(four) == ()
