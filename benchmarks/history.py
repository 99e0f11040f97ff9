"""Measures a history of ten million outcomes: its size, the time to record a run, the time to answer questions.

The runs are made up: a suite shaped like the real one, run night after night in several cells. Every night some tests
flip, and now and then an update changes many. With `churn` every module has other outcomes every night, so that no two
runs share any: the worst case.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import random
import statistics
import sys
import time
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.timing import TOP, timed
from harness.commands.diff import DIFF
from harness.commands.history import HISTORY
from harness.machine.hashing import digest_of
from matrix.errors import UsageError
from matrix.outcome import ModuleResult, Outcome, Status
from reports import history
from reports.recorded import RecordedResults, recorded
from reports.summary import CellStatus, CellSummary, CPythonUsed, RuntimeUsed, SdkUsed, Summary

MODULES = 480
FLIPS = 5
"""tests of a cell that have an unusual outcome in a night"""
UPDATE = 10
"""nights from one change of the digests to the next"""
UPDATED = 50
"""tests whose outcome an update changes"""
ROUNDS = 5


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """How long an answer takes: in this process, and as a separate command, which also starts Python.

    Medians, in seconds.
    """

    words: tuple[str, ...]
    wall: float
    cpu: float
    command_wall: float
    command_cpu: float


class Found(msgspec.Struct, frozen=True, kw_only=True):
    runs: int
    cells: int
    outcomes: int
    file_mib: float
    record_s: float
    """median, of one run with all of its cells"""
    last_record_s: float
    """of the last run, in the full history"""
    questions: tuple[Question, ...]


class Suite:
    """A made-up suite, and the outcomes of its tests in one cell, night by night."""

    def __init__(self, tests: int, seed: int) -> None:
        self._random = random.Random(seed)
        weights = [random.Random(number).paretovariate(0.8) for number in range(MODULES)]
        sizes = [max(1, round(tests * weight / sum(weights))) for weight in weights]
        self._names = {
            f"test_module{number}": [
                f"test.test_module{number}.TestCaseOfSomething{test // 20}.test_what_it_does_{test}"
                for test in range(size)
            ]
            for number, size in enumerate(sizes)
        }
        self._flat = [(module, test) for module, tests_of in self._names.items() for test in tests_of]
        self._seconds = {test: self._random.lognormvariate(-7, 2) for _, test in self._flat}
        self._status = {
            test: Status.SKIPPED if self._random.random() < 0.1 else Status.PASSED for _, test in self._flat
        }

    def night(self, digest: str, *, update: bool, churn: bool) -> dict[str, ModuleResult]:
        """The results of one night."""
        chance = self._random
        if update:
            for _, test in chance.sample(self._flat, UPDATED):
                self._status[test] = chance.choice((Status.PASSED, Status.FAILED))
        bad = {test for _, test in chance.sample(self._flat, FLIPS)}
        if churn:
            bad |= {chance.choice(tests) for tests in self._names.values()}
        return {
            module: ModuleResult(
                module=module,
                outcomes=tuple(
                    Outcome(
                        test=test,
                        status=Status.ERRORED if test in bad else self._status[test],
                        duration=round(self._seconds[test] * chance.uniform(0.8, 1.3), 6),
                    )
                    for test in tests
                ),
                duration=chance.uniform(0.5, 1.5),
                digest=digest,
            )
            for module, tests in self._names.items()
        }


def cell_summary(name: str) -> CellSummary:
    return CellSummary(
        id=name,
        target="wasi",
        sdk=SdkUsed(id="wasi-sdk-24", version="24", provider="made up"),
        cpython=CPythonUsed(version="3.13.5", provider="made up"),
        runtime=RuntimeUsed(name="wasmtime", version="50.0.1", provider="made up"),
        status=CellStatus.UNEXPECTED,
        counts=dict.fromkeys(Status, 0),
    )


def fill(path: Path, *, runs: int, cells: int, outcomes: int, churn: bool) -> tuple[int, list[float]]:
    """Record the runs. Returns how many outcomes they have, and how many seconds each took to record."""
    names = [f"wasi_wasi-sdk-24_cpython-3.13.5_wasmtime-{number}.0.0" for number in range(cells)]
    suites = {name: Suite(outcomes // (runs * cells), seed) for seed, name in enumerate(names)}
    begin = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    seconds: list[float] = []
    total = 0
    for night in range(runs):
        results = {}
        for name, suite in suites.items():
            found = suite.night(digest_of(name, str(night // UPDATE)), update=night % UPDATE == 0, churn=churn)
            total += sum(len(result.outcomes) for result in found.values())
            results[name] = RecordedResults(
                modules={module: recorded(result) for module, result in found.items()}, whole=True, complete=True
            )
        summary = Summary(
            run_id=f"run-{night:04}",
            started=(begin + datetime.timedelta(days=night)).isoformat(),
            duration_s=600.0,
            exit_status=1,
            cells=tuple(cell_summary(name) for name in names),
            unexpected=(),
        )
        started = time.monotonic()
        history.record(path, summary, results)
        seconds.append(time.monotonic() - started)
    return total, seconds


def measure(directory: Path, *, runs: int, cells: int, outcomes: int, churn: bool) -> Found:
    """Fill a history in `directory`, and time the answers to some questions."""
    directory.mkdir(parents=True)
    path = directory / history.NAME
    total, seconds = fill(path, runs=runs, cells=cells, outcomes=outcomes, churn=churn)
    out = ("--out", str(directory))
    one = "test_module7.TestCaseOfSomething0.test_what_it_does_1"
    questions = (
        ("diff", *out),
        ("diff", "run-0000", "latest", *out),
        (
            "diff",
            "wasi_wasi-sdk-24_cpython-3.13.5_wasmtime-0.0.0",
            "wasi_wasi-sdk-24_cpython-3.13.5_wasmtime-1.0.0",
            *out,
        ),
        ("history", one, *out),
        ("history", f"{one}*", *out),
        ("history", "test_module7.TestCaseOfSomthing0.test_what_it_does_1", *out),
        ("history", "--flaky", *out),
    )
    return Found(
        runs=runs,
        cells=cells,
        outcomes=total,
        file_mib=path.stat().st_size / (1 << 20),
        record_s=statistics.median(seconds),
        last_record_s=seconds[-1],
        questions=tuple(_asked(words, directory) for words in questions),
    )


def _asked(words: tuple[str, ...], directory: Path) -> Question:
    """Ask one question several times; an unknown name is answered with near misses."""
    command = {"diff": DIFF, "history": HISTORY}[words[0]]
    walls, cpus = [], []
    for _ in range(ROUNDS):
        with (directory / "answer").open("w") as file, contextlib.suppress(UsageError):
            wall, cpu = time.monotonic(), time.process_time()
            try:
                command.execute(words[1:], Console(file=file, width=160))
            finally:
                walls.append(time.monotonic() - wall)
                cpus.append(time.process_time() - cpu)
    argv = [sys.executable, "-m", "harness", *words]
    whole = [timed(argv, cwd=TOP, env=dict(os.environ), log=directory / "answer") for _ in range(ROUNDS)]
    return Question(
        words=words[:-2],
        wall=statistics.median(walls),
        cpu=statistics.median(cpus),
        command_wall=statistics.median(timing.wall for timing in whole),
        command_cpu=statistics.median(timing.cpu for timing in whole),
    )


def show(found: Found, console: Console) -> None:
    console.print(
        f"{found.outcomes} outcomes, {found.runs} runs of {found.cells} cells: {found.file_mib:.0f} MiB; "
        f"recording a run takes {found.record_s:.2f} s, the last one {found.last_record_s:.2f} s"
    )
    table = Table(box=None)
    for heading in ("question", "answered in", "CPU", "as a command", "CPU"):
        table.add_column(heading, justify="left" if heading == "question" else "right", overflow="fold")
    for question in found.questions:
        times = (question.wall, question.cpu, question.command_wall, question.command_cpu)
        table.add_row(" ".join(question.words), *(f"{value:.2f} s" for value in times))
    console.print(table)
