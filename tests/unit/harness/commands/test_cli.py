from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cells.request import Arguments
from harness.commands.cli import parse
from harness.guests.settings import Limits
from matrix.errors import UsageError
from matrix.select import Selection

OUT = Path("runs")


def parsed(*words: str) -> Arguments:
    return parse(words, out=OUT)


def refusal(*words: str) -> str:
    with pytest.raises(UsageError) as caught:
        parsed(*words)
    assert caught.value.exit_status == 2
    return str(caught.value)


def test_a_command_alone_has_the_defaults() -> None:
    arguments = parsed("test")
    assert arguments.command == "test"
    assert arguments.selection == Selection()
    assert (arguments.names, arguments.pytest) == ((), ())
    assert arguments.limits == Limits()
    assert arguments.out == OUT


# --- which cells


def test_several_values_of_an_axis_are_kept_in_order() -> None:
    arguments = parsed("test", "--cpython", "3.11", "--cpython", ">=3.13", "--sdk", "wasi-sdk-*", "--runtime=50.*")
    assert arguments.selection == Selection(cpython=("3.11", ">=3.13"), sdk=("wasi-sdk-*",), runtime=("50.*",))


def test_cells_and_targets_are_selected() -> None:
    assert parsed("test", "--target", "wasi", "--cell", "a_b").selection == Selection(target=("wasi",), cell=("a_b",))


@pytest.mark.parametrize("value", ["3.13", ">=3.11,<3.14", "wasi-sdk-*", "wasi-sdk>=20", "wasmtime==50.*"])
def test_a_version_is_no_path(value: str) -> None:
    arguments = parsed("test", "--sdk", value, "--cpython", value)
    assert arguments.selection == Selection(sdk=(value,), cpython=(value,))
    assert (arguments.sdk_paths, arguments.cpython_paths) == ((), ())


def test_a_path_is_no_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    arguments = parsed(
        "test", "--sdk", "/opt/wasi-sdk", "--cpython", ".", "--cpython", "~/cpython", "--cpython", "3.13"
    )
    assert arguments.sdk_paths == (Path("/opt/wasi-sdk"),)
    assert arguments.cpython_paths == (tmp_path, tmp_path / "home/cpython")
    assert arguments.selection == Selection(cpython=("3.13",))


# --- names of tests, and what is pytest's


@pytest.mark.parametrize(
    "name",
    ["test_json", "test_os.FileTests", "test.test_os.FileTests.test_access", "test.test_asyncio", "test___all__"],
)
def test_names_of_tests_are_taken(name: str) -> None:
    assert parsed("test", name).names == (name,)


def test_names_stand_anywhere() -> None:
    arguments = parsed("test", "test_os", "--target", "wasi", "test_json", "-x", "test_abc")
    assert arguments.names == ("test_os", "test_json", "test_abc")


@pytest.mark.parametrize(
    "words",
    [
        ("-x",),
        ("-k", "test_json and not slow"),
        ("-k", "test_json", "-x", "--lf"),
        ("-ktest_json",),
        ("-n", "2"),
        ("-n2",),
        ("--numprocesses=2",),
        ("--maxfail", "1", "-vv"),
        ("--maxfail=1",),
        ("--durations", "10", "-p", "no:cacheprovider"),
        ("--tb=short", "-o", "console_output_style=count"),
        ("-k", "-x"),
    ],
)
def test_other_options_are_pytests_with_their_values(words: tuple[str, ...]) -> None:
    arguments = parsed("test", *words)
    assert arguments.pytest == words
    assert arguments.names == ()


def test_a_name_after_pytests_option_and_its_value_is_a_name() -> None:
    arguments = parsed("test", "-k", "test_json", "test_os")
    assert arguments.pytest == ("-k", "test_json")
    assert arguments.names == ("test_os",)


def test_what_nox_hands_on_after_two_dashes_is_the_same() -> None:
    assert parsed("test", "--", "test_json").names == ("test_json",)


@given(st.permutations(["--target=wasi", "--isolate", "-x", "--lf", "test_json", "-n2", "test_os"]))
def test_the_order_of_options_does_not_matter(words: list[str]) -> None:
    arguments = parsed("test", *words)
    assert arguments.selection == Selection(target=("wasi",))
    assert arguments.isolate
    assert set(arguments.pytest) == {"-x", "--lf", "-n2"}
    assert set(arguments.names) == {"test_json", "test_os"}


# --- limits and the rest


def test_limits_are_given_in_seconds_and_mebibytes() -> None:
    limits = parsed("test", "--timeout", "1.5", "--memory", "64", "--output", "2").limits
    assert (limits.seconds, limits.memory, limits.output) == (1.5, 64 << 20, 2 << 20)


def test_a_run_is_gone_on_with() -> None:
    assert parsed("test").resume is None
    assert parsed("test", "--resume").resume == "latest"
    assert parsed("test", "--resume", "20261122-120301-wasi-3f9a").resume == "20261122-120301-wasi-3f9a"


def test_a_report_is_of_the_latest_run() -> None:
    assert parsed("report").runs == ("latest",)


def test_a_report_is_of_the_run_that_is_named() -> None:
    assert parsed("report", "20261122-120301-wasi-3f9a").runs == ("20261122-120301-wasi-3f9a",)


def test_switches() -> None:
    arguments = parsed(
        "build", "--debug-build", "--dry-run", "--refresh", "--jobs", "3", "--build-python", "/usr/bin/python3"
    )
    assert arguments.selection.options == ("debug",)
    assert arguments.dry_run
    assert arguments.refresh
    assert arguments.jobs == 3
    assert arguments.build_python == Path("/usr/bin/python3")
    assert parsed("cells", "--json").json
    assert parsed("test", "--out", "elsewhere").out == Path("elsewhere")


def test_options_of_the_build_are_named_or_debug_for_short() -> None:
    assert parsed("test").selection.options == ()
    assert parsed("test", "--options", "plain", "--debug-build").selection.options == ("plain", "debug")
    assert parsed("cells", "--options=debug").selection == parsed("cells", "--debug-build").selection


def test_known_bad_sdks_are_asked_for() -> None:
    assert not parsed("test").known_bad
    for command in ("test", "build", "cells", "serve"):
        assert parsed(command, "--known-bad").known_bad


# --- serve


def test_serve_takes_the_browser_target_and_a_port_of_its_own() -> None:
    arguments = parsed("serve")
    assert arguments.command == "serve"
    assert arguments.selection == Selection(target=("browser",))
    assert arguments.port == 8000


def test_serve_takes_another_target_or_a_cell() -> None:
    assert parsed("serve", "--target", "browser-dl").selection == Selection(target=("browser-dl",))
    assert parsed("serve", "--cell", "a_b").selection == Selection(cell=("a_b",))
    assert parsed("serve", "--sdk", "3.1.69").selection == Selection(target=("browser",), sdk=("3.1.69",))


@pytest.mark.parametrize("command", ["test", "build", "cells"])
def test_other_commands_take_every_target(command: str) -> None:
    assert parsed(command).selection == Selection()


@pytest.mark.parametrize("port", [0, 1, 8080, 65535])
def test_serve_takes_any_port_and_0_for_one_that_is_free(port: int) -> None:
    assert parsed("serve", "--port", str(port)).port == port
    assert parsed("serve", f"--port={port}").port == port


# --- errors


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((), "COMMAND"),
        (("tset",), "invalid choice: 'tset'"),
        (("test", "json"), "'json' is neither an option nor the name of a test"),
        (("test", "3.13"), "'3.13' is neither"),
        (("test", "/tmp/test_json.py"), "is neither an option nor the name of a test"),
        (("test", "test_json; rm"), "is neither an option nor the name of a test"),
        (("test", "--sdk"), "argument --sdk: expected one argument"),
        (("test", "--jobs", "0"), "argument --jobs: 0 is no whole number of 1 or more"),
        (("test", "--jobs", "many"), "argument --jobs: many is no whole number of 1 or more"),
        (("test", "--memory", "-1"), "argument --memory"),
        (("test", "--timeout", "soon"), "argument --timeout: soon is no number of seconds above 0"),
        (("test", "--resume", "test_json"), "--resume test_json: that is a test, and no run"),
        (("build", "-x"), "`build` has no option '-x'"),
        (("cells", "--lf"), "`cells` has no option '--lf'"),
        (("report", "-x"), "`report` has no option '-x'"),
        (("test", "--shard", "0/3"), "--shard 0/3"),
        (("test", "--shard", "4/3"), "--shard 4/3"),
        (("test", "--shard", "half"), "--shard half"),
        (("test", "--again", "2"), "argument --again: 2 is no share"),
        (("serve", "-x"), "`serve` has no option '-x'"),
        (("serve", "--port", "-1"), "argument --port: -1 is no port number"),
        (("serve", "--port", "65536"), "argument --port: 65536 is no port number"),
        (("serve", "--port", "http"), "argument --port: http is no port number"),
        (("serve", "--port"), "argument --port: expected one argument"),
    ],
)
def test_what_does_not_fit_is_refused(words: tuple[str, ...], problem: str) -> None:
    assert problem in refusal(*words)


def test_options_are_not_abbreviated() -> None:
    assert parsed("test", "--isol").pytest == ("--isol",)


@pytest.mark.parametrize("command", ["build", "cells", "serve"])
def test_a_command_that_runs_no_tests_refuses_their_names(command: str) -> None:
    assert "test_json" in refusal(command, "test_json")


@pytest.mark.parametrize("value", ["0", "-1", "nan"])
def test_a_timeout_is_more_than_nothing(value: str) -> None:
    assert "argument --timeout" in refusal("test", f"--timeout={value}")


def test_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parsed("--help")
    assert caught.value.code == 0
    assert "--cpython" in capsys.readouterr().out


def test_only_a_report_is_opened() -> None:
    assert parse(["report", "--open"], out=OUT).open
    with pytest.raises(UsageError, match="--open is for `report`"):
        parse(["test", "--open"], out=OUT)
