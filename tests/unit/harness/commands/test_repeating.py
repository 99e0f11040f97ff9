"""The commands that a report prints: with their options everything is as in the run, whatever decides an outcome."""

from __future__ import annotations

import shlex
from pathlib import Path

import msgspec
import pytest

from harness.commands.build import BUILD
from harness.commands.options import build_options
from harness.commands.test import TEST, request_of
from harness.commands.triage.one_cell import OneCell
from harness.commands.triage.repeat import RERUN
from harness.runs.request import RunRequest

LINES = [
    "",
    "--known-bad",
    "--timeout 0.5 --memory 24 --output 1 --disk 9",
    "-u cpu",
    "-u all,-cpu -u none,-gui",
    "--randseed 0",
    "--randomize",
    "-r -u urlfetch",
    "--fail-env-changed",
    "--fast-ci",
    "--slow-ci --randseed 7",
    "--fast-ci --timeout 240",
    "--fast-ci --timeout 60 --use=-urlfetch",
    "--slow-ci -u cpu,-gui --fail-env-changed",
    "--build-python '/opt/a python/bin/python3'",
]
OF_A_MODULE = ["--isolate", "-m 'File*' -i test_x -m '*[ab]'", '--match=-x -i "it\'s"', "--fast-ci --isolate -m A"]


def asked(line: str) -> RunRequest:
    return request_of(TEST.parse(shlex.split(line)))


@pytest.mark.parametrize("line", [*LINES, *OF_A_MODULE])
def test_test_repeats_all_that_decides_outcomes(line: str) -> None:
    request = asked(line)
    again = asked(request.repeating)
    if request.suite.seed is not None and again.suite.seed is not None:  # a seed stands for --randomize
        request, again = (msgspec.structs.replace(one, suite=_in_order(one)) for one in (request, again))
    assert again == request


def _in_order(request: RunRequest) -> object:
    return msgspec.structs.replace(request.suite, randomize=True)


@pytest.mark.parametrize("line", LINES)
def test_commands_for_one_test_repeat_all_that_decides_its_outcome(line: str) -> None:
    request = asked(line)
    one = OneCell.read(RERUN.parse(["test_os", *shlex.split(request.repeating_one)]))
    assert (one.limits, one.options, one.request.known_bad) == (
        request.limits,
        request.options,
        request.cells.known_bad,
    )
    for name in ("use", "seed", "support_timeout", "fail_env_changed"):
        assert getattr(one.suite, name) == getattr(request.suite, name), name


@pytest.mark.parametrize("line", [*LINES, *OF_A_MODULE])
def test_build_makes_the_same_build_again(line: str) -> None:
    request = asked(line)
    known = BUILD.parse(shlex.split(request.repeating_build))
    assert build_options(known) == request.options
    assert known.known_bad == request.cells.known_bad


def test_a_path_is_the_same_from_any_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert asked("--build-python bin/python3").repeating == f"--build-python {tmp_path}/bin/python3"
