"""The words of regrtest with which a test runs by hand as it does in a run."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.cells.prepare import Prepared
from harness.provide.provider import Obtained
from harness.suite.asked import as_asked
from harness.suite.batch import ModulePlan
from harness.suite.reproduce import Reproduction, regrtest_words
from harness.suite.request import SuiteRequest
from tests.unit import made
from tests.unit.harness.guests.test_digest import settings


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    regrtest = tmp_path / "Lib/test/libregrtest/utils.py"
    regrtest.parent.mkdir(parents=True)
    regrtest.write_text("ALL_RESOURCES = ('cpu', 'network')\nRESOURCE_NAMES = ALL_RESOURCES + ('tzdata',)\n")
    got = Obtained(path=tmp_path, provider="", detail="", digest="")
    usual = replace(settings(tmp_path), resources=("network",), fail_env_changed=False, seed=0)
    return Prepared(
        cell=made.resolved(), source=tmp_path, sdk=got, cpython=got, runtime=got, notes=(), settings=usual,
        digest="digest", tree_mark="", durations={},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("request_of_suite", "words"),
    [
        (SuiteRequest(), "-u network --randseed 0"),
        (SuiteRequest(use=("all",)), "-u cpu,network --randseed 0"),
        (SuiteRequest(use=("none",)), "--randseed 0"),
        (SuiteRequest(fail_env_changed=True, seed=5), "-u network --fail-env-changed --randseed 5"),
    ],
)
def test_what_decides_outcomes_is_passed_on(prepared: Prepared, request_of_suite: SuiteRequest, words: str) -> None:
    asked = as_asked(prepared, request_of_suite)
    found = regrtest_words(asked, [ModulePlan(module="test_os")])
    assert " ".join(found) == f"-m test -v {words} test_os"
    assert (asked.digest == prepared.digest) == (request_of_suite == SuiteRequest())


def test_a_named_test_and_those_below_it_run(prepared: Prepared) -> None:
    found = regrtest_words(prepared, [ModulePlan(module="test_os", match=("test.test_os.A",))])
    assert found[-5:] == ("-m", "test.test_os.A", "-m", "test.test_os.A.*", "test_os")


def test_a_command_for_people_is_the_same_command_in_shorter_lines() -> None:
    words = ("run", "--dir", "/a b::/", "-W", f"x={'y' * 90}", "--", "-u", "-m", "test's", "z" * 200)
    command = Reproduction(argv=words, env={"B": "2", "A": "1"}, directory=Path("/of the/guest"))
    place, *lines = command.folded().split("\n")
    assert shlex.split(place) == ["cd", "/of the/guest"]
    assert shlex.split(" ".join(line.removesuffix("\\") for line in lines)) == ["env", "A=1", "B=2", *words]
    assert all(line.endswith(" \\") for line in lines[:-1])
    assert any("--dir '/a b::/'" in line for line in lines)
    assert f"cd '/of the/guest' && {shlex.join(['env', 'A=1', 'B=2', *words])}" == command.shown()
