"""Starts whole runs by the command line, and reads their outcomes and messages."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from harness import TOP
from harness.suite.results import read_results
from matrix.outcome import Status
from tests.fuzz.judge import Seen

MODULES = ("test_bool", "test_copy", "test_json.test_decode")
"""small modules, one of them in part"""
_UNFORESEEN = ("failed in a way that it should not", "INTERNALERROR")


def words(out: Path, *arguments: str) -> list[str]:
    """A command of the harness whose runs are below `out`."""
    return [sys.executable, "-m", "harness", *arguments, "--out", str(out)]


def start(out: Path, *arguments: str, log: Path) -> subprocess.Popen[bytes]:
    """Start a command in a process group of its own, with what it prints in `log`."""
    with log.open("ab") as file:
        return subprocess.Popen(
            words(out, *arguments), cwd=TOP, stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        )  # fmt: skip


def run(out: Path, *arguments: str) -> Seen:
    """Run a command to its end."""
    done = subprocess.run(
        words(out, *arguments),
        cwd=TOP,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return seen(out, done.returncode, done.stdout.decode("utf-8", "backslashreplace"))


def seen(out: Path, status: int, printed: str) -> Seen:
    """What a command left: the outcomes of the newest run, and everything that it and its report say."""
    said = printed + _report(out)
    return Seen(
        result=outcomes(out),
        green=status == 0,
        said=said,
        unforeseen=status < 0 or any(word in printed for word in _UNFORESEEN),
    )


def outcomes(out: Path) -> dict[str, tuple[Status, str]]:
    """The outcomes of the newest run by test, with the reasons of skips."""
    return {
        outcome.test: (outcome.status, outcome.detail if outcome.status is Status.SKIPPED else "")
        for path in out.glob("latest/cells/*/outcomes.jsonl")
        for result in read_results(path).values()
        for outcome in result.outcomes
    }


def details(out: Path) -> dict[str, str]:
    """The details of the outcomes of the newest run, by test."""
    return {
        outcome.test: outcome.detail
        for path in out.glob("latest/cells/*/outcomes.jsonl")
        for result in read_results(path).values()
        for outcome in result.outcomes
    }


def results(out: Path) -> bytes | None:
    """The file of results of the newest run; None when there is no run, and b"" when it has none."""
    if not (out / "latest/run.json").exists():
        return None
    return b"".join(path.read_bytes() for path in out.glob("latest/cells/*/outcomes.jsonl"))


def _report(out: Path) -> str:
    """The words of a run's report: those of its red outcomes, and the notes and reasons of its cells."""
    try:
        summary = json.loads((out / "latest/summary.json").read_bytes())
        return json.dumps([summary["unexpected"], [(cell["reason"], cell["notes"]) for cell in summary["cells"]]])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
