"""What `test-args` of a tree's Platforms/emscripten/config.toml means here."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.build.suite_defaults import SuiteDefaults, suite_defaults
from matrix.errors import Unobtainable
from matrix.load import load
from matrix.model import SdkFamily, Series

# As main has it: https://github.com/python/cpython/blob/6e595983c27a6540b2ede5c8965afef4d36f1a9c/Platforms/emscripten/config.toml
UPSTREAM = """
test-args = [
    "-m", "test",
    "-v",
    "-uall",
    "--rerun",
    "--single-process",
    "-W",
]
pythoninfo-args = [
    "-m", "test.pythoninfo",
]
"""
RESOURCES = "ALL_RESOURCES = ('audio', 'cpu', 'network')\nRESOURCE_NAMES = ALL_RESOURCES + ('tzdata',)\n"
CONFIG = "Platforms/emscripten/config.toml"


def series(family: SdkFamily = SdkFamily.EMSCRIPTEN) -> Series:
    return next(one for one in load().series if one.sdk_family is family and one.cpython.matches("", "3.16.0a2"))


def defaults(tree: Path, config: str, family: SdkFamily = SdkFamily.EMSCRIPTEN) -> SuiteDefaults:
    for name, text in ((CONFIG, config), ("Lib/test/libregrtest/utils.py", RESOURCES)):
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return suite_defaults(series(family), tree)


def with_words(tree: Path, *words: str) -> SuiteDefaults:
    return defaults(tree, f"test-args = {list(words)!r}\n")


def test_upstream_s_words_mean_what_they_mean_to_regrtest(tmp_path: Path) -> None:
    found = defaults(tmp_path, UPSTREAM)
    assert found.series == replace(
        series(),
        python_flags=("-u",),  # -W error and -bb are those of --fast-ci
        resources=("audio", "cpu", "network"),
        verbose=True,
        fail_env_changed=False,
        timeout=0.0,
    )
    said = "--single-process is not followed: which tests run, and in which guest, is decided here"
    assert found.notes == (f"{CONFIG}: test-args: {said}",)


def test_a_tree_that_says_nothing_has_what_the_series_says(tmp_path: Path) -> None:
    assert suite_defaults(series(), tmp_path) == SuiteDefaults(series=series())
    assert defaults(tmp_path, 'node-version = "24"\n') == SuiteDefaults(series=series())


def test_wasi_has_no_such_words(tmp_path: Path) -> None:
    wasi = SdkFamily.WASI_SDK
    assert defaults(tmp_path, UPSTREAM, wasi) == SuiteDefaults(series=series(wasi))


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ([], {}),
        (["-v"], {"verbose": True}),
        (["--verbose3"], {"verbose": True}),
        (["-u", "all,-cpu", "--use=tzdata"], {"resources": ("audio", "network", "tzdata")}),
        (["-uall", "-u", "none"], {}),
        (["--fail-env-changed", "--timeout", "90", "-w"], {"fail_env_changed": True, "timeout": 90.0}),
        (["--timeout=-1"], {}),
    ],
)
def test_each_word_decides_what_it_decides_in_regrtest(
    tmp_path: Path, words: list[str], changes: dict[str, object]
) -> None:
    found = with_words(tmp_path, "-m", "test", *words)
    usual = {"python_flags": ("-u",), "resources": (), "verbose": False, "fail_env_changed": False, "timeout": 0.0}
    assert found == SuiteDefaults(series=replace(series(), **{**usual, **changes}))


@pytest.mark.parametrize(
    ("mode", "resources", "timeout"),
    [("--fast-ci", ("audio", "network"), 600.0), ("--slow-ci", ("audio", "cpu", "network"), 1200.0)],
)
def test_the_modes_of_continuous_integration(
    tmp_path: Path, mode: str, resources: tuple[str, ...], timeout: float
) -> None:
    found = with_words(tmp_path, "-X", "utf8", "-m", "test", mode)
    flags = ("-u", "-W", "error", "-bb", "-X", "utf8")
    changes = {"python_flags": flags, "resources": resources, "timeout": timeout}
    assert found.series == replace(series(), verbose=True, fail_env_changed=True, **changes)
    assert with_words(tmp_path, "-m", "test", mode, "--timeout", "30").series.timeout == 30.0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-m", "test", "-j4", "-x", "test_os"], "-j4 -x test_os is not followed"),
        (["-m", "test.regrtest", "-r"], "-r is not followed"),
        (["-c", "import test"], "-c import test is not followed: they do not run regrtest"),
        (["-m", "unittest"], "-m unittest is not followed"),
        (["-m"], "-m is not followed"),
        ([], "is not followed"),
    ],
)
def test_what_is_not_followed_is_said(tmp_path: Path, words: list[str], said: str) -> None:
    (note,) = with_words(tmp_path, *words).notes
    assert said in note
    assert note.startswith(f"{CONFIG}: test-args: ")


def test_another_description_of_the_interpreter_is_not_followed(tmp_path: Path) -> None:
    (note,) = defaults(tmp_path, 'pythoninfo-args = ["-m", "test.pythoninfo", "-v"]\n').notes
    assert note == f"{CONFIG}: pythoninfo-args: -m test.pythoninfo -v is not followed: -m test.pythoninfo is run"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('"-m test"', r"test-args is '-m test', not a list of strings"),
        ('["-m", 1]', r"test-args is \['-m', 1\], not a list of strings"),
        ('["-m", "test", "-u", "cpuu"]', "test-args: -u cpuu: this CPython has no resource 'cpuu'"),
        ('["-m", "test", "-u"]', "test-args: .*expected one argument"),
        ('["-m", "test", "--timeout", "soon"]', "test-args: .*invalid float value: 'soon'"),
    ],
)
def test_what_regrtest_would_not_understand_is_named(tmp_path: Path, value: str, said: str) -> None:
    with pytest.raises(Unobtainable, match=rf"Platforms/emscripten/config\.toml.*{said}") as raised:
        defaults(tmp_path, f"test-args = {value}\n")
    assert raised.value.hint
