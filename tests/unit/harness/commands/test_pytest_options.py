"""pytest's own options on the command line of `test`: which there are, their values, and the number of workers."""

from __future__ import annotations

from pathlib import Path

import pytest
from xdist import plugin as xdist

from harness.commands.pytest_options import add_pytest_options
from harness.commands.test import TEST, request_of
from harness.suite.request import SuiteRequest
from harness.suite.run import pytest_command, worker_count
from matrix.errors import UsageError


def suite(*words: str) -> SuiteRequest:
    return request_of(TEST.parse(words)).suite


@pytest.mark.parametrize(
    "words",
    [
        ("-x",),
        ("-k", "test_json and not slow"),
        ("-k", "test_json", "-x", "--lf"),
        ("--maxfail", "1", "-v", "-v"),
        ("--durations", "10", "-p", "no:cacheprovider"),
        ("--tb", "short", "-o", "console_output_style=count"),
        ("--deselect", "a", "--deselect", "b"),
        ("--debug",),
        ("--dist", "load"),
        ("--maxprocesses", "2"),
    ],
)
def test_options_of_pytest_are_kept_with_their_values(words: tuple[str, ...]) -> None:
    assert suite(*words).pytest == words
    assert suite(*words).names == ()


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (("-ktest_json",), ("-k", "test_json")),
        (("-vvx",), ("-v", "-v", "-x")),
        (("--maxfail=1",), ("--maxfail", "1")),
        (("--tb=short",), ("--tb", "short")),
        (("--deselect=-a",), ("--deselect=-a",)),
        (("-k-a",), ("-k-a",)),
        (("--debug=trace.log",), ("--debug=trace.log",)),
    ],
)
def test_other_spellings_are_kept_in_a_form_that_pytest_reads_the_same_way(
    words: tuple[str, ...], kept: tuple[str, ...]
) -> None:
    assert suite(*words).pytest == kept
    assert suite(*kept).pytest == kept


def test_the_value_of_an_option_is_not_the_name_of_a_test() -> None:
    found = suite("-k", "test_json", "test_os", "--deselect", "test_abc")
    assert found.pytest == ("-k", "test_json", "--deselect", "test_abc")
    assert found.names == ("test_os",)


@pytest.mark.parametrize(
    "words", [("-n", "4"), ("-n4",), ("-n=4",), ("--numprocesses=4",), ("--numprocesses", "4"), ("-n", "2", "-n", "4")]
)
def test_every_spelling_of_the_number_of_workers_is_read(words: tuple[str, ...]) -> None:
    assert worker_count(suite(*words)) == 4


@pytest.mark.parametrize("words", [("-n", "auto"), ("-nauto",), ("--numprocesses=auto",), ("--numprocesses", "auto")])
def test_auto_is_the_number_of_workers_that_xdist_starts(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_XDIST_AUTO_NUM_WORKERS", "7")
    assert worker_count(suite(*words)) == 7


def test_logical_is_another_number_than_auto(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_XDIST_AUTO_NUM_WORKERS", raising=False)
    monkeypatch.setattr("psutil.cpu_count", lambda logical=True: 8 if logical else 4)
    assert worker_count(suite("-n", "logical")) == 8
    assert worker_count(suite("-n", "auto")) == 4


def test_without_a_number_there_is_one_worker_per_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    assert worker_count(suite()) == 3
    assert worker_count(suite("-n", "0")) == 0


@pytest.mark.parametrize(
    "words", [(), ("-n", "2"), ("-n2",), ("-n", "auto"), ("-nauto",), ("--numprocesses=1",), ("--numprocesses", "auto")]
)
def test_results_are_reused_whatever_the_number_of_workers(words: tuple[str, ...]) -> None:
    assert suite(*words).pytest == ()


@pytest.mark.parametrize("words", [("-k", "json"), ("-n", "2", "-x"), ("--lf",), ("-v",), ("--maxprocesses=1",)])
def test_with_any_other_option_of_pytest_nothing_is_reused(words: tuple[str, ...]) -> None:
    assert suite(*words).pytest


def test_pytest_is_told_the_number_of_workers_once() -> None:
    command = pytest_command(Path("cell"), suite("-n", "auto", "-x"), 7)
    assert command.count("-n") == 1
    assert command[command.index("-n") + 1] == "7"
    assert command[-2:] == ["-x", "cell/suite.json"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("-n", "two"), "'two' is not a number of workers, `auto` or `logical`"),
        (("-n", "-1"), "'-1' is not a number of workers"),
        (("--numprocesses=-1",), "'-1' is not a number of workers"),
        (("--maxfail", "some"), "argument --maxfail: 'some' is not a whole number"),
        (("--durations-min", "x"), "argument --durations-min: 'x' is not a number"),
        (("--tb", "tall"), "argument --tb: invalid choice: 'tall'"),
        (("-k",), "argument -k: expected one argument"),
        (("--lst-failed",), "`test` has no option '--lst-failed'\n  -> did you mean --last-failed"),
        (("--version",), "`test` has no option '--version'"),
        (("--collect-only",), "`test` does not take pytest's --collect-only, with which no test runs"),
        (("--co", "-q"), "`test` does not take pytest's --co, with which no test runs"),
        (("--setup-only",), "`test` does not take pytest's --setup-only"),
        (("--setup-plan",), "`test` does not take pytest's --setup-plan"),
        (("--cache-show=x",), "`test` does not take pytest's --cache-show"),
        (("--fixtures",), "`test` does not take pytest's --fixtures"),
    ],
)
def test_what_pytest_would_not_understand_is_refused_before_anything_runs(words: tuple[str, ...], problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        suite(*words)
    assert problem in str(caught.value)


def test_the_options_are_those_of_pytest_and_xdist() -> None:
    """So that a new pytest that stores its options elsewhere is noticed."""
    options = TEST.parser().options()
    assert {"-k", "--last-failed", "--tb", "-n", "--numprocesses", "--dist", "--maxschedchunk"} <= {*options}
    assert xdist.parse_numprocesses("auto") == "auto"
    assert add_pytest_options.__module__ == "harness.commands.pytest_options"
