"""regrtest's options on the command line of `test`: what they ask for, and what is said about the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.commands.regrtest import REFUSED
from harness.commands.test import TEST, request_of
from harness.guests.settings import Limits
from harness.runs.request import RunRequest
from harness.suite.request import SuiteRequest
from harness.suite.run import worker_count
from matrix.errors import UsageError


def requested(*words: str) -> RunRequest:
    return request_of(TEST.parse(words))


def suite(*words: str) -> SuiteRequest:
    return requested(*words).suite


def refusal(*words: str) -> str:
    with pytest.raises(UsageError) as caught:
        requested(*words)
    assert caught.value.exit_status == 2
    return str(caught.value)


# --- which tests


def test_patterns_keep_their_order_and_sense() -> None:
    found = suite("-m", "test_a*", "--ignore=*b", "-i", "c", "--match", "d", "-mE").patterns
    assert found == (("test_a*", True), ("*b", False), ("c", False), ("d", True), ("E", True))


def test_patterns_come_from_files_too(tmp_path: Path) -> None:
    path = tmp_path / "patterns"
    path.write_text("test_a\n\n  FileTests  \n")
    found = suite("--matchfile", str(path), "--ignorefile", str(path), "-m", "x").patterns
    assert found == (("test_a", True), ("FileTests", True), ("test_a", False), ("FileTests", False), ("x", True))


def test_names_come_from_a_file_as_regrtest_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "names"
    path.write_text(
        "# test_no\n\n 0:00:00 [  4/400] test_builtin -- test_dict took 1 sec\ntest_os.FileTests # x\ntest_builtin\n-\n"
    )
    assert suite("-f", str(path)).names == ("test_builtin", "test_os")
    assert suite(f"--fromfile={path}", "--isolate").names == ("test_builtin", "test_os")
    assert "do not go together" in refusal("-f", str(path), "test_json")
    path.write_text("# test_json\n")
    assert "it names no test module" in refusal("-f", str(path))


@pytest.mark.parametrize("option", ["--fromfile", "--matchfile", "--ignorefile"])
def test_a_file_that_cannot_be_read_is_named(option: str, tmp_path: Path) -> None:
    assert f"{option} {tmp_path / 'gone'}: " in refusal(option, str(tmp_path / "gone"))
    assert f"{option} {tmp_path}: " in refusal(option, str(tmp_path))
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    assert "name a text file" in refusal(option, str(tmp_path / "binary"))


# --- resources


def test_words_of_resources_are_kept_in_their_order() -> None:
    assert suite().use == ()
    assert suite("-u", "all,-GUI", "-unetwork", "--use=none").use == ("all", "-gui", "network", "none")
    assert suite("-uall,-cpu").use == ("all", "-cpu")


@pytest.mark.parametrize("value", ["", ",", "all,", "all -cpu", "--cpu"])
def test_what_is_no_list_of_resources_is_refused(value: str) -> None:
    assert "is not a list of resources" in refusal(f"--use={value}")


def test_taking_away_from_nothing_is_refused_with_what_is_meant() -> None:
    assert "-> -u all,-cpu" in refusal("--use=-cpu")
    assert suite("--fast-ci", "--use=-gui").use == ("all", "-cpu", "-gui")


# --- how


@pytest.mark.parametrize(("words", "count"), [(("-j4",), 4), (("-j", "2"), 2), (("--multiprocess=1",), 1)])
def test_processes_are_workers(words: tuple[str, ...], count: int) -> None:
    assert worker_count(suite(*words)) == count
    assert suite(*words).pytest == ()


def test_no_processes_are_one_per_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    assert worker_count(suite("-j0")) == 3
    assert "'many' is not a number of processes" in refusal("-j", "many")


def test_a_seed_means_random_order_and_random_order_has_a_seed() -> None:
    assert (suite().randomize, suite().seed) == (False, None)
    found = suite("--randseed", "7")
    assert (found.randomize, found.seed) == (True, 7)
    first, second = suite("-r"), suite("--randomize")
    assert first.randomize
    assert None is not first.seed != second.seed
    assert "is not a whole number" in refusal("--randseed", "x")


@pytest.mark.parametrize(("words", "use", "seconds"), [
    (("--fast-ci",), ("all", "-cpu"), 600.0),
    (("--slow-ci",), ("all",), 1200.0),
    (("--slow-ci", "-u", "none"), ("all", "none"), 1200.0),
])  # fmt: skip
def test_a_mode_sets_what_regrtest_sets(words: tuple[str, ...], use: tuple[str, ...], seconds: float) -> None:
    request = requested(*words)
    found = request.suite
    assert (found.use, found.support_timeout, request.limits.seconds) == (use, seconds, seconds)
    assert (found.randomize, found.fail_env_changed) == (True, True)


def test_a_limit_that_is_said_counts_more_than_that_of_a_mode() -> None:
    assert requested("--fast-ci", "--timeout", "5").limits.seconds == 5.0
    assert requested("--timeout", "5").suite.support_timeout is None
    assert requested().limits == Limits()
    assert "not allowed with" in refusal("--fast-ci", "--slow-ci")


def test_showing_what_failing_tests_print_changes_nothing() -> None:
    assert suite("-W", "test_json") == suite("--verbose3", "test_json") == suite("test_json")


# --- letters that pytest has too


def test_letters_with_their_values_attached_stay_those_of_pytest() -> None:
    assert suite("-rA", "-Werror").pytest == ("-r", "A", "-W", "error")
    assert suite("-r", "test_json").names == ("test_json",)
    assert suite("-p", "no:cacheprovider").pytest == ("-p", "no:cacheprovider")
    assert suite("--ignore-glob", "x").pytest == ("--ignore-glob", "x")


def test_stopping_is_pytests_and_leaving_out_is_refused_with_the_equivalent() -> None:
    assert suite("test_json", "-x").pytest == ("-x",)
    assert suite("-x", "-k", "test_json").pytest == ("-x", "-k", "test_json")
    for words in (("-x", "test_a", "test_b"), ("-vx", "-n", "4", "test_a", "test_b")):
        said = refusal(*words)
        assert "-x before test_a" in said
        assert "-i test_a -i test_b" in said


# --- the others


@pytest.mark.parametrize("option", [option for options in REFUSED for option in options])
def test_each_refused_option_is_refused_with_what_to_type_instead(option: str) -> None:
    instead = next(text for options, text in REFUSED.items() if option in options)
    for words in ((option,), (option, "3:3", "test_json")):
        assert refusal(*words) == f"`test` does not take regrtest's {option}\n  -> {instead}"
    assert "\n" not in instead


def test_values_of_refused_options_may_be_attached() -> None:
    assert "does not take regrtest's -R" in refusal("-R3:3")
    assert "does not take regrtest's --huntrleaks" in refusal("--huntrleaks=:")
    assert "does not take regrtest's -M" in refusal("-M4G", "test_bigmem")


@pytest.mark.parametrize("words", [("-p", "wasmtime run x"), ("-p", "/usr/bin/python3"), ("-p/usr/bin/node",)])
def test_an_interpreter_is_not_a_plugin(words: tuple[str, ...]) -> None:
    assert "does not take regrtest's -p\n  -> --cpython names the tree" in refusal(*words)


def test_refused_options_are_in_no_hint() -> None:
    assert not {option for options in REFUSED for option in options} & {*TEST.parser().options()}
