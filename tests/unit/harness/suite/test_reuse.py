from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.build.manifest import Contents
from harness.machine.store import Store
from harness.suite.batch import DRIVER, ModulePlan
from harness.suite.edits import Tree
from harness.suite.reuse import NOT_RUN, KeptResults, differences
from matrix.outcome import ModuleResult, Outcome, Status


def result(module: str, status: Status = Status.PASSED, **changes: object) -> ModuleResult:
    outcome = Outcome(test=f"test.{module}.T.test_a", status=status)
    return replace(ModuleResult(module=module, outcomes=(outcome,), duration=1.0, digest="digest"), **changes)


FILES = {"/Lib/a.py": "1", "/Lib/b.py": "1"}


def kept(root: Path, digest: str = "digest", build: str = "build", **files: str) -> KeptResults:
    """The results for a tree in which some files have other contents: each word is a function."""
    now = FILES | {f"/Lib/{name}.py": content for name, content in files.items()}
    functions = {path: tuple(content.split()) for path, content in now.items()}
    return KeptResults(Store(root), digest, build, Tree(directory=root, contents=Contents(now, {}, functions)))


@pytest.fixture
def results(tmp_path: Path) -> KeptResults:
    return kept(tmp_path)


def nothing(test: str, status: Status, module: str) -> bool:
    return False


PLAN = ModulePlan(module="test_a")


# --- what is kept and taken


def test_a_kept_result_is_taken(results: KeptResults) -> None:
    results.keep({"test_a": result("test_a")}, [PLAN], "run-1")
    taken = results.take([PLAN, ModulePlan(module="test_b")], nothing)
    assert taken == {"test_a": result("test_a", reused="run-1")}


def test_a_result_stands_if_no_function_that_ran_has_changed(tmp_path: Path) -> None:
    kept(tmp_path, a="1 2 3").keep({"test_a": result("test_a", reads=("/Lib/a.py ran 0,2",))}, [PLAN], "run-1")
    assert kept(tmp_path, "other", a="1 4 3").take([PLAN], nothing)
    assert kept(tmp_path, "another", a="1 2 4").take([PLAN], nothing) == {}


def test_another_build_has_other_results(results: KeptResults, tmp_path: Path) -> None:
    results.keep({"test_a": result("test_a", reads=("/Lib/a.py",))}, [PLAN], "run-1")
    assert kept(tmp_path, build="other").take([PLAN], nothing) == {}


def test_a_result_stands_for_other_sources_if_none_that_it_depends_on_has_changed(
    results: KeptResults, tmp_path: Path
) -> None:
    results.keep({"test_a": result("test_a", reads=("/Lib/a.py",))}, [PLAN], "run-1")
    assert kept(tmp_path, "other", a="2").take([PLAN], nothing) == {}
    taken = kept(tmp_path, "other", b="2").take([PLAN], nothing)
    assert [(one.digest, one.reused) for one in taken.values()] == [("other", "run-1")]


def test_a_result_that_does_not_say_what_it_depends_on_stands_for_the_same_sources_only(
    results: KeptResults, tmp_path: Path
) -> None:
    results.keep({"test_a": result("test_a")}, [PLAN], "run-1")
    assert kept(tmp_path, "other", b="2").take([PLAN], nothing) == {}
    assert set(kept(tmp_path).take([PLAN], nothing)) == {"test_a"}


def test_sources_that_are_as_they_were_before_have_their_results_again(tmp_path: Path) -> None:
    for content in "12345":
        state = kept(tmp_path, f"digest-{content}", a=content)
        made = result("test_a", reads=("/Lib/a.py",), digest=state.digest, duration=float(content))
        state.keep({"test_a": made}, [PLAN], f"run-{content}")
    for content, found in (("5", ["run-5"]), ("2", ["run-2"]), ("1", [])):  # the oldest of five is forgotten
        taken = kept(tmp_path, f"digest-{content}", a=content).take([PLAN], nothing)
        assert [one.reused for one in taken.values()] == found


def test_what_is_forgotten_does_not_stay_on_the_disk_for_ever(tmp_path: Path) -> None:
    sizes = []
    for number in range(40):
        state = kept(tmp_path, f"digest-{number:02}", a=f"{number:02}")
        made = result("test_a", reads=("/Lib/a.py",), digest=state.digest)
        state.keep({"test_a": made}, [PLAN], "run")
        sizes.append((tmp_path / "state/results/build.jsonl").stat().st_size)
    assert max(sizes) <= 10 * sizes[0]
    assert set(kept(tmp_path, "digest-39", a="39").take([PLAN], nothing)) == {"test_a"}


@pytest.mark.parametrize("damage", [b"", b"{}", b"no JSON"])
def test_results_of_sources_that_are_not_known_any_more_stand_for_the_same_ones_only(
    results: KeptResults, tmp_path: Path, damage: bytes
) -> None:
    results.keep({"test_a": result("test_a", reads=("/Lib/a.py",))}, [PLAN], "run-1")
    (tmp_path / "state/results/digest.json").write_bytes(damage)
    assert kept(tmp_path, "other", b="2").take([PLAN], nothing) == {}
    assert set(kept(tmp_path).take([PLAN], nothing)) == {"test_a"}


def test_results_of_a_part_of_a_module_are_neither_kept_nor_taken(results: KeptResults) -> None:
    part = ModulePlan(module="test_a", match=("test.test_a.T",))
    results.keep({"test_a": result("test_a")}, [part], "run-1")
    assert results.take([PLAN], nothing) == {}
    results.keep({"test_a": result("test_a")}, [PLAN], "run-1")
    assert results.take([part], nothing) == {}


@pytest.mark.parametrize(
    "bad",
    [
        result("test_a", Status.TIMED_OUT),
        result("test_a", fault="broken"),
        result("test_a", reused="run-0"),
        result("test_a", digest="of another build"),
    ],
)
def test_results_that_say_nothing_about_the_module_are_not_kept(results: KeptResults, bad: ModuleResult) -> None:
    results.keep({"test_a": bad}, [PLAN], "run-1")
    assert results.take([PLAN], lambda *_: True) == {}


def test_a_module_with_an_unexpected_outcome_runs_again(results: KeptResults) -> None:
    results.keep({"test_a": result("test_a", Status.FAILED)}, [PLAN], "run-1")
    assert results.take([PLAN], nothing) == {}
    assert set(results.take([PLAN], lambda *_: True)) == {"test_a"}


def left_out(test: str = "test.test_a.T.test_a", detail: str = NOT_RUN) -> ModuleResult:
    """A result of a module, one of whose tests the list of limitations kept from running."""
    skipped = Outcome(test=test, status=Status.SKIPPED, detail=detail)
    passed = Outcome(test="test.test_a.T.test_b", status=Status.PASSED)
    return replace(result("test_a"), outcomes=(skipped, passed))


def test_a_result_stands_only_as_long_as_the_list_keeps_the_same_tests_from_running(results: KeptResults) -> None:
    listed = replace(PLAN, skip=("test.test_a.T.test_a", "test.test_z.*"))
    results.keep({"test_a": left_out()}, [listed], "run-1")
    assert set(results.take([listed], nothing)) == {"test_a"}
    assert results.take([PLAN], nothing) == {}
    assert results.take([replace(PLAN, skip=("test.test_a.T.test_[ab]",))], nothing) == {}
    results.keep({"test_a": replace(left_out(detail="no fork"), finished=2.0)}, [PLAN], "run-2")
    assert set(results.take([PLAN], nothing)) == {"test_a"}
    assert results.take([listed], nothing) == {}


def test_the_driver_marks_what_the_list_keeps_from_running() -> None:
    assert f'detail="{NOT_RUN}"' in DRIVER[0].read_text()


def test_what_was_shown_not_to_stand_is_forgotten(results: KeptResults, tmp_path: Path) -> None:
    plans = [PLAN, ModulePlan(module="test_b")]
    results.keep({"test_a": result("test_a"), "test_b": result("test_b")}, plans, "run-1")
    results.forget({"test_a"})
    assert set(results.take(plans, nothing)) == set(kept(tmp_path).take(plans, nothing)) == {"test_b"}


def test_the_newest_result_counts(results: KeptResults) -> None:
    for run, finished in (("run-1", 1.0), ("run-2", 2.0)):
        results.keep({"test_a": result("test_a", finished=finished)}, [PLAN], run)
    assert results.take([PLAN], nothing)["test_a"].reused == "run-2"


def test_a_resumed_run_does_not_keep_its_earlier_results_twice(results: KeptResults, tmp_path: Path) -> None:
    first, second = result("test_a", finished=1.0), result("test_b", finished=2.0)
    plans = [PLAN, ModulePlan(module="test_b")]
    results.keep({"test_a": first}, plans, "run-1")
    results.keep({"test_a": first, "test_b": second}, plans, "run-1")
    (path,) = (tmp_path / "state/results").glob("*.jsonl")
    assert len(path.read_text().splitlines()) == 2
    assert set(results.take(plans, nothing)) == {"test_a", "test_b"}


# --- what a result that stands is held against


@pytest.mark.parametrize("now", [Status.FAILED, Status.ERRORED, Status.SKIPPED, Status.CRASHED])
def test_a_test_with_another_outcome_differs(now: Status) -> None:
    found = differences(result("test_a"), result("test_a", now), nothing)
    assert found == [f"test.test_a.T.test_a: passed, now {now}"]


def test_a_test_that_is_new_or_missing_differs() -> None:
    before, now = result("test_a"), replace(result("test_a"), outcomes=())
    assert differences(before, now, nothing) == ["test.test_a.T.test_a: passed, now not there"]
    assert differences(now, before, nothing) == ["test.test_a.T.test_a: not there, now passed"]


def test_tests_that_share_a_name_are_compared_together() -> None:
    passed, failed = result("test_a").outcomes[0], result("test_a", Status.FAILED).outcomes[0]
    both, reverse = (replace(result("test_a"), outcomes=pair) for pair in ((passed, failed), (failed, passed)))
    assert differences(both, reverse, nothing) == []
    assert differences(both, result("test_a"), nothing) == ["test.test_a.T.test_a: failed and passed, now passed"]


def test_what_the_machine_or_a_flaky_test_decides_does_not_differ() -> None:
    assert differences(result("test_a"), result("test_a", Status.TIMED_OUT), nothing) == []
    assert differences(result("test_a"), result("test_a", Status.FAILED), lambda *_: True) == []
    assert differences(result("test_a"), result("test_a"), nothing) == []
