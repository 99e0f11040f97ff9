"""Reading the list of limitations, and refusing what is wrong in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from matrix.errors import ConfigError
from matrix.limitations import (
    NEUTRAL,
    PROBES,
    Expectation,
    ExpectedTest,
    Limitations,
)
from tests.unit.made import FACTS, expecting, listed

ENTRY = """
[[limitation]]
id = "{name}"
title = "no processes"
section = "processes"
"""


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., Path]:
    """Writes the files of a list."""

    def write(**texts: str) -> Path:
        for name, text in texts.items():
            (tmp_path / f"{name}.toml").write_text(text)
        return tmp_path

    return write


Files = Callable[..., Path]


def refusal(directory: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        Limitations.load(directory)
    return str(caught.value)


# --- skip reasons that no test gives


def test_the_entries_of_all_files_are_read(files: Files) -> None:
    directory = files(one=ENTRY.format(name="no-fork"), two=ENTRY.format(name="no-sockets"))
    assert [entry.id for entry in Limitations.load(directory).entries] == ["no-fork", "no-sockets"]


def test_an_expected_test_runs_by_default(files: Files) -> None:
    tests = '[[limitation.tests]]\nmatch = "test.test_os.*"\nexpect = "failed"\nreason = "seen"\n'
    loaded = Limitations.load(files(one=ENTRY.format(name="no-fork") + tests))
    assert loaded.entries[0].tests == (
        ExpectedTest(match="test.test_os.*", expect=Expectation.FAILED, reason="seen", run=True),
    )


def test_an_id_in_two_files_is_refused_with_both_files(files: Files) -> None:
    message = refusal(files(one=ENTRY.format(name="no-fork"), two=ENTRY.format(name="no-fork")))
    assert "'no-fork'" in message
    assert "one.toml" in message
    assert "two.toml" in message


def test_an_id_twice_in_one_file_is_refused(files: Files) -> None:
    assert "'no-fork' is already defined in" in refusal(files(one=ENTRY.format(name="no-fork") * 2))


def test_all_problems_are_reported_at_once(files: Files) -> None:
    bad = '[[limitation.tests]]\nmatch = "*"\nexpect = "broken"\nreason = "seen"\n'
    message = refusal(
        files(
            one=ENTRY.format(name="no-fork") + bad + ENTRY.format(name="good") + ENTRY.format(name="no-pipe") + bad,
            two=ENTRY.format(name="no-reason") + 'skip_reasons = ["needs (fork"]\n' + 'probe = "no/such.py"\n',
            three="[[limitations]]\n",
        )
    )
    lines = message.splitlines()
    assert [line.split(": ")[1] for line in lines[:-1] if "one.toml" in line] == [
        "limitation[0].tests[0].expect (no-fork)",
        "limitation[2].tests[0].expect (no-pipe)",
    ]
    assert sum("limitation 'no-reason'" in line for line in lines) == 2
    assert sum("three.toml" in line for line in lines) == 2
    assert "good" not in message


def test_a_skip_reason_that_is_not_a_regular_expression_is_refused(files: Files) -> None:
    message = refusal(files(one=ENTRY.format(name="no-fork") + 'skip_reasons = ["needs (fork"]\n'))
    assert "one.toml: limitation 'no-fork': skip_reasons: 'needs (fork' is not a regular expression" in message


@pytest.mark.parametrize(
    ("addition", "key", "problem"),
    [
        ('references = "seed"\n', "limitation[0].references", "array"),
        ('skip_reason = ["x"]\n', "limitation[0]", "skip_reason"),
        ('when = { cpython = [">=x"] }\n', "limitation[0].when.cpython[0]", "not a version range"),
        ('[[limitation.tests]]\nmatch = "*"\nexpect = "failed"\n', "limitation[0].tests[0]", "reason"),
        (
            '[[limitation.tests]]\nmatch = "*"\nexpect = "broken"\nreason = "seen"\n',
            "limitation[0].tests[0].expect",
            "broken",
        ),
        (
            '[[limitation.tests]]\nmatch = "*"\nexpect = "passed"\nreason = "seen"\n',
            "limitation[0].tests[0].expect",
            "passed",
        ),
    ],
)
def test_an_invalid_value_is_refused_with_file_and_key(files: Files, addition: str, key: str, problem: str) -> None:
    message = refusal(files(one=ENTRY.format(name="no-fork") + addition))
    assert "one.toml" in message
    assert key in message
    assert problem in message


def with_rate(files: Files, expect: str, rate: str) -> Path:
    text = f'[[limitation.tests]]\nmatch = "*"\nexpect = "{expect}"\nreason = "seen"\nrate = {rate}\n'
    return files(one=ENTRY.format(name="slow-clock") + text)


@pytest.mark.parametrize(("rate", "bound"), [("0.2", 0.2), ("1", 1.0), ("1e-3", 0.001)])
def test_a_flaky_test_may_have_a_rate(files: Files, rate: str, bound: float) -> None:
    loaded = Limitations.load(with_rate(files, "flaky", rate))
    assert [test.rate for test in loaded.entries[0].tests] == [bound]
    assert [test.rate for test in loaded.for_cell(FACTS).tests] == [bound]


def test_a_flaky_test_needs_no_rate() -> None:
    assert [test.rate for test in listed(expecting("*", Expectation.FLAKY)).tests] == [None]


@pytest.mark.parametrize("glob", ["", "test.test_os[", "test.test_os]", "test.test_os A", "test.[]x"])
def test_an_invalid_glob_is_refused_with_file_and_entry(files: Files, glob: str) -> None:
    text = f'[[limitation.tests]]\nmatch = "{glob}"\nexpect = "failed"\nreason = "seen"\n'
    message = refusal(files(one=ENTRY.format(name="fine") + ENTRY.format(name="no-fork") + text))
    assert "one.toml" in message
    assert "no-fork" in message
    assert "fine" not in message
    assert repr(glob) in message


@pytest.mark.parametrize("glob", ["test.test_os.*", "test.test_[a-c]?.A", "test.test_[!a]*", "*"])
def test_a_glob_has_the_syntax_of_fnmatch(files: Files, glob: str) -> None:
    text = f'[[limitation.tests]]\nmatch = "{glob}"\nexpect = "failed"\nreason = "seen"\n'
    assert Limitations.load(files(one=ENTRY.format(name="no-fork") + text)).entries[0].tests[0].globs == (glob,)


@pytest.mark.parametrize("rate", ["0", "0.0", "-0.1", "1.01", "nan", "inf", "true", '"0.2"'])
def test_an_invalid_rate_is_refused_with_file_and_key(files: Files, rate: str) -> None:
    message = refusal(with_rate(files, "flaky", rate))
    assert "one.toml" in message
    assert "limitation[0].tests[0].rate" in message


@pytest.mark.parametrize("expect", [each.value for each in Expectation if each is not Expectation.FLAKY])
def test_only_a_flaky_test_has_a_rate(files: Files, expect: str) -> None:
    message = refusal(with_rate(files, expect, "0.2"))
    assert "one.toml" in message
    assert f"limitation[0].tests[0] (slow-clock): `rate` is only for expect = \"flaky\", not '{expect}'" in message


def test_the_projects_own_list_loads() -> None:
    assert Limitations.load().entries


def test_a_missing_probe_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[[limitation]]\nid = "a"\ntitle = "a"\nsection = "a"\nprobe = "no/such.py"\n')
    with pytest.raises(ConfigError, match=r"a\.toml: limitation 'a': probe: there is no script .*such\.py"):
        Limitations.load(tmp_path)


def test_every_limitation_has_a_probe() -> None:
    entries = Limitations.load().entries
    assert [entry.id for entry in entries if entry.section != NEUTRAL and not entry.probe] == []


def test_every_probe_belongs_to_an_entry() -> None:
    used = set(Limitations.load().probes().values())
    assert used == set(PROBES.rglob("*.py"))


@pytest.mark.parametrize(
    ("reason", "problem"),
    [
        ('{ match = "needs (fork" }', "'needs (fork' is not a regular expression"),
        ('{ seen = { target = ["wasi"] } }', "match"),
        ('{ match = "fork", sean = { target = ["wasi"] } }', "sean"),
        ('{ match = "fork", seen = { cpython = [">=three"] } }', ">=three"),
        ("1", "skip_reasons"),
    ],
)
def test_an_invalid_skip_reason_is_refused_with_its_file(files: Files, reason: str, problem: str) -> None:
    message = refusal(files(one=ENTRY.format(name="no-fork") + f"skip_reasons = [{reason}]\n"))
    assert "one.toml" in message
    assert problem in message
