"""The options of `test`: cells, limits, names of tests, and the run to continue."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.commands.test import TEST, request_of
from harness.guests.settings import Limits
from harness.runs.request import RunRequest
from harness.suite.request import SuiteRequest
from matrix.errors import UsageError
from matrix.select import Selection


def requested(*words: str) -> RunRequest:
    return request_of(TEST.parse(words))


def selected(*words: str) -> Selection:
    return requested(*words).cells.selection


def refusal(*words: str) -> str:
    with pytest.raises(UsageError) as caught:
        requested(*words)
    assert caught.value.exit_status == 2
    return str(caught.value)


def test_a_command_alone_has_the_defaults() -> None:
    request = requested()
    assert request.cells.selection == Selection()
    assert not request.cells.selects
    assert request.suite == SuiteRequest()
    assert request.limits == Limits()
    assert request.out.parts[-2:] == ("reports", "out")


# --- which cells


def test_several_values_of_an_axis_are_kept_in_order() -> None:
    found = selected("--cpython", "3.11", "--cpython", ">=3.13", "--sdk", "wasi-sdk-*", "--runtime=50.*")
    assert found == Selection(cpython=("3.11", ">=3.13"), sdk=("wasi-sdk-*",), runtime=("50.*",))


def test_cells_and_targets_are_selected() -> None:
    assert selected("--target", "wasi", "--cell", "a_b") == Selection(target=("wasi",), cell=("a_b",))


@pytest.mark.parametrize("value", ["3.13", ">=3.11,<3.14", "wasi-sdk-*", "wasi-sdk>=20", "wasmtime==50.*"])
def test_a_version_is_not_a_path(value: str) -> None:
    cells = requested("--sdk", value, "--cpython", value).cells
    assert cells.selection == Selection(sdk=(value,), cpython=(value,))
    assert (cells.sdk_paths, cells.cpython_paths) == ((), ())


def test_a_path_is_not_a_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    words = ("--sdk", "/opt/wasi-sdk", "--cpython", ".", "--cpython", "~/cpython", "--cpython", "3.13")
    cells = requested(*words, "--runtime", "~/wasmtime", "--runtime", "50.*").cells
    assert cells.runtime_paths == (tmp_path / "home/wasmtime",)
    assert cells.sdk_paths == (Path("/opt/wasi-sdk"),)
    assert cells.cpython_paths == (tmp_path, tmp_path / "home/cpython")
    assert cells.selection == Selection(cpython=("3.13",), runtime=("50.*",))
    assert cells.selects


def test_a_tree_is_the_same_by_way_of_a_link(tmp_path: Path) -> None:
    (tmp_path / "cpython").mkdir()
    (tmp_path / "link").symlink_to("cpython")
    assert requested("--cpython", str(tmp_path / "link")).cells == requested("--cpython", f"{tmp_path}/cpython").cells


def test_a_commit_of_a_tree_is_told_from_a_path_and_a_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("harness.machine.git.commit_of", lambda tree, name: f"commit of {name}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("a", "a@b"):
        (tmp_path / name).mkdir()
    words = ("a@main", "./a@HEAD@{1}", "~/a@v1", "a@b@main", f"{tmp_path}/a@b", ".@v2", "3.13", "gone/x@main")
    cells = requested(*(word for value in words for word in ("--cpython", value))).cells
    a, ab = tmp_path / "a", tmp_path / "a@b"
    found = [(one.directory, one.name) for one in cells.cpython_commits]
    assert found == [(a, "main"), (a, "HEAD@{1}"), (a, "v1"), (ab, "main"), (tmp_path, "v2")]
    assert cells.cpython_commits[0].commit == "commit of main"
    assert cells.cpython_paths == (ab, tmp_path / "gone/x@main")
    assert cells.selection == Selection(cpython=("3.13",))


def test_two_names_of_one_commit_are_one_cell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("harness.machine.git.commit_of", lambda tree, name: "c")
    cells = requested("--cpython", f"{tmp_path}@main", "--cpython", f"{tmp_path}@v1").cells
    assert [one.commit for one in cells.cpython_commits] == ["c"]
    assert cells.selects


def test_a_build_is_plain_or_debug() -> None:
    assert selected().options == ()
    assert selected("--options", "plain", "--debug-build").options == ("plain", "debug")
    assert selected("--options=debug") == selected("--debug-build")


def test_known_bad_sdks_are_asked_for() -> None:
    assert not requested().cells.known_bad
    assert requested("--known-bad").cells.known_bad


# --- names of tests


@pytest.mark.parametrize(
    "name",
    ["test_json", "test_os.FileTests", "test.test_os.FileTests.test_access", "test.test_asyncio", "test___all__"],
)
def test_names_of_tests_are_taken(name: str) -> None:
    assert requested(name).suite.names == (name,)


def test_names_may_stand_anywhere() -> None:
    suite = requested("test_os", "--target", "wasi", "test_json", "--lf", "test_abc").suite
    assert suite.names == ("test_os", "test_json", "test_abc")


def test_the_two_dashes_that_nox_hands_on_are_ignored() -> None:
    suite = requested("--", "test_json", "-x").suite
    assert (suite.names, suite.pytest) == (("test_json",), ("-x",))


@given(st.permutations(["--target=wasi", "--isolate", "-q", "--lf", "test_json", "-n2", "test_os"]))
def test_the_order_of_options_does_not_matter(words: list[str]) -> None:
    request = requested(*words)
    assert request.cells.selection == Selection(target=("wasi",))
    assert request.suite.isolate
    assert set(request.suite.pytest) == {"-q", "--lf"}
    assert request.suite.workers == 2
    assert set(request.suite.names) == {"test_json", "test_os"}


# --- limits and the rest


def test_limits_are_in_seconds_and_mebibytes() -> None:
    limits = requested("--timeout", "1.5", "--memory", "64", "--output", "2", "--disk", "3").limits
    found = (limits.seconds, limits.memory, limits.output, limits.disk)
    assert found == (1.5, 64 << 20, 2 << 20, 3 << 20)


def test_a_run_to_resume_is_the_newest_or_the_named_one() -> None:
    assert TEST.parse([]).resume is None
    assert TEST.parse(["--resume"]).resume == "latest"
    assert TEST.parse(["--resume", "20261122-120301-wasi-3f9a"]).resume == "20261122-120301-wasi-3f9a"


def test_how_to_build() -> None:
    options = requested("--refresh", "--jobs", "3", "--build-python", "/usr/bin/python3", "--no-reuse").options
    assert (options.refresh, options.jobs, options.reuse) == (True, 3, False)
    assert options.build_python == Path("/usr/bin/python3")


def test_what_to_run() -> None:
    suite = requested("--shard", "2/5", "--module-seconds", "seconds.json", "--again", "0.5", "--no-reuse").suite
    assert (suite.shard, suite.module_seconds) == ((2, 5), Path("seconds.json"))
    assert (suite.again, suite.reuse) == (0.5, False)


def test_runs_are_kept_where_out_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert requested("--out", "elsewhere").out == tmp_path / "elsewhere"


# --- mistakes


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("json",), "'json' is neither an option nor the name of a test"),
        (("3.13",), "'3.13' is neither"),
        (("/tmp/test_json.py",), "is neither an option nor the name of a test"),
        (("test_json; rm",), "is neither an option nor the name of a test"),
        (("--sdk",), "argument --sdk: expected one argument"),
        (("-o", "reports"), "'reports' is not NAME=VALUE, a setting of pytest's"),
        (("--jobs", "0"), "argument --jobs: '0' is not a whole number from 1 to 1000000"),
        (("--jobs", "many"), "argument --jobs: 'many' is not a whole number from 1 to 1000000"),
        (("--memory", "-1"), "argument --memory"),
        (("--timeout", "soon"), "argument --timeout: 'soon' is not a number of seconds above 0"),
        (("--timeout=0",), "argument --timeout"),
        (("--timeout=-1",), "argument --timeout"),
        (("--timeout=nan",), "argument --timeout"),
        (("--shard", "0/3"), "argument --shard: '0/3' is not a shard"),
        (("--shard", "4/3"), "argument --shard: '4/3' is not a shard"),
        (("--shard", "half"), "argument --shard: 'half' is not a shard"),
        (("--again", "2"), "argument --again: '2' is not a number from 0 to 1"),
        (("--isol",), "`test` has no option '--isol'\n  -> did you mean --isolate"),
    ],
)
def test_what_does_not_fit_is_refused(words: tuple[str, ...], problem: str) -> None:
    assert problem in refusal(*words)
