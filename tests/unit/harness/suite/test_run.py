"""One cell's suite: which modules pytest has to run, and what is kept afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness import TOP
from harness.build import manifest
from harness.build.resources import resources
from harness.cells.prepare import Prepared
from harness.guests.digest import digest_without_sources
from harness.machine.store import Store
from harness.provide.provider import Obtained
from harness.suite.asked import as_asked
from harness.suite.files import NOT_USED, OUTCOMES, OWNER_VARIABLE, SELECTED
from harness.suite.known import Known
from harness.suite.request import SuiteRequest
from harness.suite.results import ResultsFile, TakenOver, append_result, read_results
from harness.suite.run import CellSuite, kept_results, left_out_variables, pytest_environment
from harness.suite.schedule import Durations
from matrix.errors import HarnessFault, UsageError
from matrix.outcome import ModuleResult, Status
from tests.unit import made
from tests.unit.harness.guests.test_digest import settings

Pytest = Callable[[Path], int]
"""stands in for pytest: gets the cell's directory, returns an exit status"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "out/a-run/cells/a-cell"


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    """A cell whose suite has three modules."""
    source = tmp_path / "source"
    for name in ("test_a", "test_b", "test_c"):
        path = source / "Lib/test" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    of_guests = settings(tmp_path / "builds" / "guest")
    tree = of_guests.tree
    (tree / "Lib").mkdir(parents=True)
    (tree / "Lib" / "os.py").touch()
    manifest.record(tree)
    obtained = Obtained(path=tmp_path, provider="", detail="", digest="")
    return Prepared(
        cell=made.resolved(),
        source=source,
        sdk=obtained,
        cpython=obtained,
        runtime=obtained,
        notes=(),
        settings=of_guests,
        digest="digest",
        tree_mark=manifest.mark(tree),
        durations={},
    )


def suite_of(prepared: Prepared, directory: Path, store: Store, **changes: Any) -> CellSuite:
    return CellSuite(prepared, SuiteRequest(**changes), made.listed(), directory, store)


def observed(module: str) -> ModuleResult:
    return made.result(made.outcome(f"test.{module}.T.test_x"), module=module, digest="digest", finished=1.0)


def running(*modules: str, status: int = 0) -> Pytest:
    """pytest that passes some modules."""

    def run(directory: Path) -> int:
        for module in modules:
            append_result(directory / OUTCOMES, observed(module))
        return status

    return run


@pytest.fixture
def pytest_is(monkeypatch: pytest.MonkeyPatch) -> Callable[[Pytest], None]:
    def replace(fake: Pytest) -> None:
        monkeypatch.setattr("harness.suite.run.run_attached", lambda argv, env, cwd: fake(cwd))

    return replace


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files of results that were opened for reading, once for each time."""
    found: list[str] = []
    read = ResultsFile.read

    def counted(self: ResultsFile) -> dict[str, ModuleResult]:
        found.append(self.path.name)
        return read(self)

    monkeypatch.setattr(ResultsFile, "read", counted)
    return found


def never(directory: Path) -> int:
    raise AssertionError("pytest was started")


def test_pytest_runs_the_modules_and_their_results_are_kept(
    prepared: Prepared, directory: Path, store: Store, pytest_is: Callable[[Pytest], None]
) -> None:
    pytest_is(running("test_a", "test_b", "test_c"))
    run = suite_of(prepared, directory, store).run()
    assert (run.planned, run.suite, run.whole, run.interrupted) == (("test_a", "test_b", "test_c"), 3, True, False)
    kept = kept_results(prepared, store).take(suite_of(prepared, directory, store)._plans, lambda *_: False)
    assert {name: result.reused for name, result in kept.items()} == dict.fromkeys(run.planned, "a-run")


def test_a_cell_whose_results_are_all_kept_starts_no_pytest(
    prepared: Prepared, directory: Path, store: Store, pytest_is: Callable[[Pytest], None]
) -> None:
    pytest_is(running("test_a", "test_b", "test_c"))
    suite_of(prepared, directory, store).run()
    pytest_is(never)
    other = directory.parents[2] / "another-run/cells/a-cell"
    suite = suite_of(prepared, other, store)
    assert suite.nothing_to_run()
    assert not other.exists()
    assert suite.run().whole
    assert {result.reused for result in read_results(other / OUTCOMES).values()} == {"a-run"}


def test_results_of_a_run_in_which_the_guests_tree_changed_are_faults_and_not_kept(
    prepared: Prepared, directory: Path, store: Store, pytest_is: Callable[[Pytest], None]
) -> None:
    os_module = prepared.settings.tree / "Lib" / "os.py"

    def overwriting(directory: Path) -> int:
        os_module.write_text("changed")
        return running("test_a", "test_b", "test_c")(directory)

    pytest_is(overwriting)
    suite_of(prepared, directory, store).run()
    results = read_results(directory / OUTCOMES)
    assert len(results) == 3
    assert all("changed during the run: Lib/os.py (" in result.fault for result in results.values())
    assert kept_results(prepared, store).take(suite_of(prepared, directory, store)._plans, lambda *_: False) == {}
    assert len(suite_of(prepared, directory, store)._left) == 3


def test_a_tree_that_another_run_laid_out_anew_makes_results_faults(
    prepared: Prepared, directory: Path, store: Store, pytest_is: Callable[[Pytest], None]
) -> None:
    pytest_is(running("test_a", "test_b", "test_c"))
    (prepared.settings.tree / "Lib" / "new.py").touch()
    manifest.record(prepared.settings.tree)
    suite_of(prepared, directory, store).run()
    faults = {result.fault.partition(" (")[0] for result in read_results(directory / OUTCOMES).values()}
    assert faults == {"the tree that guests share changed during the run: another run laid it out anew"}


@pytest.mark.parametrize(
    "arguments", [{"reuse": False}, {"again": 1.0}, {"again": 1e-12}, {"pytest": ("-k", "test_a")}]
)
def test_a_request_may_want_new_results(
    prepared: Prepared,
    directory: Path,
    store: Store,
    pytest_is: Callable[[Pytest], None],
    arguments: dict[str, Any],
) -> None:
    pytest_is(running("test_a", "test_b", "test_c"))
    suite_of(prepared, directory, store).run()
    other = directory.parents[2] / "another-run/cells/a-cell"
    assert not suite_of(prepared, other, store, **arguments).nothing_to_run()


@pytest.mark.parametrize(("again", "started"), [(0.0, 0), (0.5, 2), (1.0, 3)])
def test_a_share_of_the_modules_runs_again(
    prepared: Prepared,
    directory: Path,
    store: Store,
    pytest_is: Callable[[Pytest], None],
    monkeypatch: pytest.MonkeyPatch,
    again: float,
    started: int,
) -> None:
    pytest_is(running("test_a", "test_b", "test_c"))
    suite_of(prepared, directory, store).run()
    chances = iter([0.4, 0.6, 0.2])
    monkeypatch.setattr("harness.suite.run._chance", lambda: next(chances))
    suite = suite_of(prepared, directory.parents[2] / "another-run/cells/a-cell", store, again=again)
    assert len(suite._left) == started


def test_a_module_that_runs_again_and_has_other_outcomes_is_a_fault_and_is_forgotten(
    prepared: Prepared, directory: Path, store: Store, pytest_is: Callable[[Pytest], None]
) -> None:
    pytest_is(running("test_a", "test_b", "test_c"))
    suite_of(prepared, directory, store).run()

    def varying(directory: Path) -> int:
        failed = made.outcome("test.test_b.T.test_x", Status.FAILED)
        append_result(directory / OUTCOMES, msgspec.structs.replace(observed("test_b"), outcomes=(failed,)))
        return running("test_a", "test_c")(directory)

    pytest_is(varying)
    other = directory.parents[2] / "another-run/cells/a-cell"
    suite_of(prepared, other, store, again=1.0).run()
    faults = {name: result.fault for name, result in read_results(other / OUTCOMES).items() if result.fault}
    assert set(faults) == {"test_b"}
    assert faults["test_b"].startswith("it has other outcomes than in a-run, although nothing")
    assert "test.test_b.T.test_x: passed, now failed" in faults["test_b"]
    left = suite_of(prepared, directory.parents[2] / "third/cells/a-cell", store)._left
    assert [plan.module for plan in left] == ["test_b"]


def test_a_suite_narrowed_to_single_tests_is_not_whole(
    prepared: Prepared, directory: Path, store: Store, pytest_is: Callable[[Pytest], None]
) -> None:
    pytest_is(running("test_a"))
    run = suite_of(prepared, directory, store, names=("test_a.T.test_x",)).run()
    assert (run.planned, run.whole) == (("test_a",), False)


def test_a_resumed_cell_runs_what_has_no_result(
    prepared: Prepared, directory: Path, store: Store, pytest_is: Callable[[Pytest], None]
) -> None:
    directory.mkdir(parents=True)
    append_result(directory / OUTCOMES, observed("test_b"))
    pytest_is(running("test_a", "test_c"))
    suite = suite_of(prepared, directory, store)
    assert [plan.module for plan in suite._left] == ["test_a", "test_c"]
    assert suite.run().whole


def test_a_resumed_cell_with_another_build_runs_its_modules_again(
    prepared: Prepared, directory: Path, store: Store, pytest_is: Callable[[Pytest], None]
) -> None:
    pytest_is(running("test_a", "test_b", status=2))
    before = msgspec.structs.replace(prepared, marks={"sources": "s", "build": "one"})
    suite_of(before, directory, store, reuse=False).run()
    now = msgspec.structs.replace(prepared, digest="other", marks={"sources": "s", "build": "other"})
    suite = suite_of(now, directory, store, reuse=False)
    assert [plan.module for plan in suite._left] == ["test_a", "test_b", "test_c"]
    assert [said.partition(" (")[2] for said in suite.not_used] == ["other: build): test_a, test_b"]
    pytest_is(running(status=2))
    suite.run()
    assert read_results(directory / OUTCOMES) == {}
    assert read_results(directory / NOT_USED).keys() == {"test_a", "test_b"}


def test_who_ran_a_cell_before_it_was_resumed_writes_nothing_more(
    prepared: Prepared, directory: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners: list[str] = []

    def run(argv: list[str], env: dict[str, str], cwd: Path) -> int:
        owners.append(env[OWNER_VARIABLE])
        append_result(cwd / OUTCOMES, observed(f"test_{'ab'[len(owners) - 1]}"), owners[-1])
        return 2

    monkeypatch.setattr("harness.suite.run.run_attached", run)
    for _ in range(2):
        suite_of(prepared, directory, store, reuse=False).run()
    with pytest.raises(TakenOver):
        append_result(directory / OUTCOMES, observed("test_c"), owners[0])
    assert read_results(directory / OUTCOMES).keys() == {"test_a", "test_b"}


def test_the_outcomes_are_read_once_before_pytest_and_once_after(
    prepared: Prepared, directory: Path, store: Store, pytest_is: Callable[[Pytest], None], reads: list[str]
) -> None:
    pytest_is(running("test_a", "test_b", "test_c"))
    suite = suite_of(prepared, directory, store)
    assert not suite.nothing_to_run()
    suite.run()
    assert reads.count(OUTCOMES) == 2


def test_an_interrupted_suite_is_not_whole(
    prepared: Prepared, directory: Path, store: Store, pytest_is: Callable[[Pytest], None]
) -> None:
    pytest_is(running("test_a", status=2))
    run = suite_of(prepared, directory, store).run()
    assert (run.whole, run.interrupted, run.fault) == (False, True, "")


def test_modules_that_options_of_pytest_deselect_are_not_planned(
    prepared: Prepared, directory: Path, store: Store, pytest_is: Callable[[Pytest], None]
) -> None:
    def selecting(directory: Path) -> int:
        (directory / SELECTED).write_text('["test_a"]')
        return running("test_a")(directory)

    pytest_is(selecting)
    run = suite_of(prepared, directory, store, pytest=("-k", "test_a")).run()
    assert (run.planned, run.whole) == (("test_a",), False)


@pytest.mark.parametrize(("status", "error"), [(4, UsageError), (5, UsageError), (3, HarnessFault)])
def test_a_pytest_that_observed_nothing_is_an_error(
    prepared: Prepared,
    directory: Path,
    store: Store,
    pytest_is: Callable[[Pytest], None],
    status: int,
    error: type[Exception],
) -> None:
    pytest_is(running(status=status))
    with pytest.raises(error):
        suite_of(prepared, directory, store, pytest=("-k", "test_z")).run()


def test_a_pytest_that_fails_after_some_modules_is_noted(
    prepared: Prepared, directory: Path, store: Store, pytest_is: Callable[[Pytest], None]
) -> None:
    pytest_is(running("test_a", status=3))
    assert suite_of(prepared, directory, store).run().fault == "pytest ended with exit status 3"


# --- a suite as it was asked for


def test_a_module_without_a_test_that_was_asked_for_is_not_planned(
    prepared: Prepared, directory: Path, store: Store, pytest_is: Callable[[Pytest], None]
) -> None:
    def run(directory: Path) -> int:
        append_result(directory / OUTCOMES, msgspec.structs.replace(observed("test_b"), outcomes=()))
        return running("test_a", "test_c")(directory)

    pytest_is(run)
    suite = suite_of(prepared, directory, store, patterns=(("T", True),))
    assert {plan.patterns for plan in suite._plans} == {(("T", True),)}
    found = suite.run()
    assert (found.planned, found.whole) == (("test_a", "test_c"), False)


def test_patterns_that_leave_no_test_are_an_error(
    prepared: Prepared, directory: Path, store: Store, pytest_is: Callable[[Pytest], None]
) -> None:
    def run(directory: Path) -> int:
        append_result(directory / OUTCOMES, msgspec.structs.replace(observed("test_a"), outcomes=()))
        return 0

    pytest_is(run)
    with pytest.raises(UsageError, match=r"no test is left by -m test_q -i test_z"):
        suite_of(prepared, directory, store, patterns=(("test_q", True), ("test_z", False))).run()


def test_what_narrowed_runs_observed_is_neither_kept_nor_counted_as_a_duration(
    prepared: Prepared, directory: Path, store: Store, pytest_is: Callable[[Pytest], None]
) -> None:
    pytest_is(running("test_a", "test_b", "test_c"))
    suite_of(prepared, directory, store, patterns=(("T", True),)).run()
    assert not suite_of(prepared, directory.parents[2] / "b/cells/c", store).nothing_to_run()
    assert Durations(store, prepared.cell.build.target.id).known() == {}


@pytest.mark.parametrize(
    ("asked", "changed"),
    [
        ({"use": ("all", "-cpu")}, {"resources": ("gui",)}),
        ({"use": ("none",)}, {"resources": ()}),
        ({"use": ("all", "tzdata")}, {"resources": ("cpu", "gui", "tzdata")}),
        ({"seed": 5}, {"seed": 5}),
        ({"support_timeout": 7.0}, {"timeout": 7.0}),
    ],
)
def test_what_is_asked_for_changes_the_guests_and_the_digest(
    prepared: Prepared, asked: dict[str, Any], changed: dict[str, Any]
) -> None:
    resources_in(prepared.source)
    found = as_asked(prepared, SuiteRequest(**asked))
    assert found.settings == msgspec.structs.replace(prepared.settings, **changed)
    assert found.digest != prepared.digest
    assert digest_without_sources(found.marks) != digest_without_sources(prepared.marks)
    assert as_asked(prepared, SuiteRequest(**asked)).digest == found.digest


def test_asking_for_what_is_so_anyway_changes_nothing(prepared: Prepared) -> None:
    resources_in(prepared.source)
    assert as_asked(prepared, SuiteRequest()) is prepared
    assert as_asked(prepared, SuiteRequest(fail_env_changed=True)) is prepared
    lenient = msgspec.structs.replace(prepared.settings, fail_env_changed=False)
    other = as_asked(msgspec.structs.replace(prepared, settings=lenient), SuiteRequest(fail_env_changed=True))
    assert other.settings.fail_env_changed
    assert other.digest != prepared.digest
    assert as_asked(prepared, SuiteRequest(use=("cpu",))) is prepared


def resources_in(source: Path, file: str = "utils.py") -> None:
    path = source / "Lib/test/libregrtest" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("import os\nALL_RESOURCES = ('cpu', 'gui')\nRESOURCE_NAMES = ALL_RESOURCES + ('tzdata',)\n")


def test_resources_are_those_of_the_tree(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not say which resources its tests have"):
        resources(("all",), tmp_path)
    resources_in(tmp_path, "cmdline.py")
    (tmp_path / "Lib/test/libregrtest/utils.py").write_text("import os\n")
    assert resources(("all",), tmp_path) == ("cpu", "gui")
    assert resources(("all", "none", "gui", "tzdata", "-gui", "gui", "gui"), tmp_path) == ("tzdata", "gui")
    with pytest.raises(UsageError, match=r"-u -cpuu: this CPython has no resource 'cpuu'\n  -> did you mean cpu"):
        resources(("all", "-cpuu"), tmp_path)


# --- the environment of the suite's pytest


@pytest.mark.parametrize(
    "name",
    [
        "PYTEST_ADDOPTS",
        "PYTEST_PLUGINS",
        "PYTEST_XDIST_AUTO_NUM_WORKERS",
        "PYTHONWARNINGS",
        "PYTHONHASHSEED",
        "PYTHONHOME",
        "PYTHONSTARTUP",
        "PYTHONDEVMODE",
    ],
)
def test_what_configures_pytest_or_python_stays_outside(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "--no-such-option")
    assert name not in pytest_environment()


def test_only_the_harness_is_on_the_path_and_no_plugin_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/of/the/user")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "")
    monkeypatch.setenv("HTTP_PROXY", "kept")
    environment = pytest_environment()
    assert environment["PYTHONPATH"] == str(TOP)
    assert environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] == "1"
    assert environment["HTTP_PROXY"] == "kept"


def test_options_that_are_left_out_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.setenv("PYTEST_PLUGINS", "")
    assert left_out_variables() == ()
    monkeypatch.setenv("PYTEST_ADDOPTS", "-x")
    assert left_out_variables() == ("PYTEST_ADDOPTS",)


# --- what is remembered for the next run


def test_what_modules_depend_on_and_what_failed_is_remembered(
    prepared: Prepared, directory: Path, store: Store, pytest_is: Callable[[Pytest], None]
) -> None:
    def run(directory: Path) -> int:
        for module, status in (("test_a", Status.PASSED), ("test_b", Status.FAILED)):
            outcome = made.outcome(f"test.{module}.T.test_x", status)
            made_result = made.result(outcome, module=module, digest="digest", finished=1.0, reads=("/Lib/os.py",))
            append_result(directory / OUTCOMES, made_result)
        return 1

    pytest_is(run)
    suite_of(prepared, directory, store).run()
    known = Known(store, "wasi", prepared.cell.build.cpython.series, "")
    assert known.reads == {"test_a": ("/Lib/os.py",), "test_b": ("/Lib/os.py",)}
    assert known.first({}, ["test_a", "test_b", "test_c"]).likely == ["test_b"]


def test_what_failed_lately_runs_first_in_a_guest_of_its_own(prepared: Prepared, directory: Path, store: Store) -> None:
    Known(store, "wasi", prepared.cell.build.cpython.series, "").learn({}, {}, ["test_c"])
    groups = suite_of(prepared, directory, store)._groups
    assert [[plan.module for plan in group.plans] for group in groups] == [["test_c"], ["test_a", "test_b"]]


@pytest.mark.parametrize(("asked", "isolate", "started"), [(8, False, 1), (8, True, 3), (2, True, 2), (0, True, 0)])
def test_no_worker_starts_that_has_nothing_to_do(
    prepared: Prepared, directory: Path, store: Store, asked: int, isolate: bool, started: int
) -> None:
    suite = suite_of(prepared, directory, store, workers=asked, isolate=isolate)
    assert suite._busy_workers == started
