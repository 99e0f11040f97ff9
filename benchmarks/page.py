"""Measures the report of a large run: 40 cells of 45,000 tests and 365 nights, made from the outcomes of a real run.

The bounds: the report is written within 60 s and 1 GB of memory; the first page is smaller than 1 MB and usable within
1 s, a cell's page within 1.5 s.
"""

from __future__ import annotations

import datetime
import itertools
import os
import random
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from playwright.sync_api import Page, sync_playwright
from rich.console import Console

from benchmarks.timing import TOP, Timing, timed
from harness.machine.files import write_atomically
from harness.runs.records import (
    STARTED,
    CellRecord,
    StartedRun,
    cell_directory,
    read_record,
    read_started,
    write_record,
)
from harness.suite.files import OUTCOMES
from harness.suite.results import append_result, read_results
from matrix import json_records
from matrix.errors import UsageError
from matrix.expand import expand
from matrix.load import load
from matrix.model import Cell
from matrix.outcome import ModuleResult
from matrix.select import Selection
from reports import history
from reports.history.file import note_glance
from reports.summary import untested_cell

RUN = "20260101-000000-nightly-made-0000"
FLAKY, FLIPS = 20, 3
"""flaky modules of each cell, and how many of them are bad in a night"""
ROUNDS = 3
LIKENESSES: tuple[Callable[[Cell], tuple[str, ...]], ...] = (
    lambda cell: (cell.build.id, cell.runtime.name),
    lambda cell: (cell.build.target.id, cell.build.cpython.id),
)
"""in what a made-up cell may agree with a real one, best first"""
_WHEN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


class PageCost(msgspec.Struct, frozen=True, kw_only=True):
    cells: int
    tests: int
    """of all cells"""
    runs: int
    history_mib: float
    report: Timing
    report_mib: float
    """pages and their data, without outcomes and JUnit files"""
    first_page_kib: float
    """including its styles and scripts"""
    first_page_s: float
    """until the matrix is shown; the worst of ROUNDS"""
    cell_page_s: float
    """until its modules are shown; the worst of ROUNDS"""


def measure(source: Path, directory: Path, *, cells: int, tests: int, runs: int) -> PageCost:
    """Make the run and its history, write the report of the newest night, and open its pages.

    Raises UsageError for a `source` without a tested cell.
    """
    chosen = make_run(source, directory, cells=cells, tests=tests)
    report = [sys.executable, "-m", "harness", "report", RUN, "--out", str(directory)]
    timed(report, cwd=TOP, env=dict(os.environ), log=directory / "first.log")  # the first night
    make_history(directory / history.NAME, runs)
    timing = timed(report, cwd=TOP, env=dict(os.environ), log=directory / "report.log")
    run = directory / RUN
    first = [run / "index.html", *(run / "page" / name for name in ("page.css", "page.js", "copy.js", "matrix.js"))]
    pages = [path for path in run.rglob("*") if path.suffix in (".html", ".js", ".css", ".txt")]
    with sync_playwright() as playwright:
        # Chromium's sandbox does not start as root: https://crbug.com/638180
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or "chromium", chromium_sandbox=os.geteuid() != 0
        )
        first_s = max(_opened(browser.new_page(), run / "index.html", "#grid .square") for _ in range(ROUNDS))
        page = cell_directory(run, chosen[0].id) / "index.html"
        cell_s = max(_opened(browser.new_page(), page, "tr.module") for _ in range(ROUNDS))
        browser.close()
    return PageCost(
        cells=len(chosen),
        tests=sum(_count(cell_directory(run, cell.id)) for cell in chosen),
        runs=runs,
        history_mib=(directory / history.NAME).stat().st_size / (1 << 20),
        report=timing,
        report_mib=sum(path.stat().st_size for path in pages) / (1 << 20),
        first_page_kib=sum(path.stat().st_size for path in first) / 1024,
        first_page_s=first_s,
        cell_page_s=cell_s,
    )


def _opened(page: Page, path: Path, wanted: str) -> float:
    started = time.monotonic()
    page.goto(path.as_uri())
    page.wait_for_selector(wanted)
    took = time.monotonic() - started
    page.close()
    return took


def _count(place: Path) -> int:
    return sum(len(result.outcomes) for result in read_results(place / OUTCOMES).values())


def make_run(source: Path, directory: Path, *, cells: int, tests: int) -> list[Cell]:
    """Make a run of `cells` cells, each with the outcomes of a similar real cell, repeated up to `tests` tests."""
    started = read_started(source)
    tested = {name: record for name in started.cells if (record := read_record(source, name)) and record.tested}
    expansion = expand(load())
    real = [cell for cell in expansion.cells if cell.id in tested]
    if not real:
        raise UsageError(f"no cell was tested in {source}", hint="run `nox -s nightly` first")
    models: dict[str, Cell] = {}
    for likeness in LIKENESSES:
        alike = {likeness(cell): cell for cell in real}
        for cell in expansion.cells:
            if len(models) < cells and not cell.build.debug and (model := alike.get(likeness(cell))):
                models.setdefault(cell.id, model)
    chosen = [cell for cell in expansion.cells if cell.id in models]
    for cell in chosen:
        model = models[cell.id]
        _make_cell(source, directory / RUN, model.id, cell, tested[model.id], tests)
    run = StartedRun(
        run_id=RUN,
        started=_WHEN.isoformat(timespec="seconds"),
        request=msgspec.structs.replace(
            started.request,
            cells=msgspec.structs.replace(
                started.request.cells, selection=Selection(cell=tuple(cell.id for cell in chosen))
            ),
            out=directory,
        ),
        cells=tuple(cell.id for cell in chosen),
    )
    write_atomically(directory / RUN / STARTED, json_records.encode(run))
    return chosen


def _make_cell(source: Path, run: Path, model: str, cell: Cell, record: CellRecord, tests: int) -> None:
    results = list(read_results(cell_directory(source, model) / OUTCOMES).values())
    made = list(_repeated(results, tests))
    place = cell_directory(run, cell.id)
    place.mkdir(parents=True, exist_ok=True)
    for result in made:
        append_result(place / OUTCOMES, result)
    parts = untested_cell(cell, record.base.status, record.base.reason)
    base = msgspec.structs.replace(parts, build=record.base.build, host=record.base.host)
    planned = tuple(sorted(result.module for result in made))
    write_record(run, msgspec.structs.replace(record, base=base, planned=planned, suite=len(planned)))


def _repeated(results: Sequence[ModuleResult], tests: int) -> Iterator[ModuleResult]:
    """The results, repeated under other module names until there are `tests` tests."""
    count = 0
    for again in itertools.count():
        for result in results:
            if count >= tests:
                return
            count += len(result.outcomes)
            module = result.module + (f"_again{again}" if again else "")
            old, new = result.module, module
            outcomes = tuple(
                msgspec.structs.replace(one, test=one.test.replace(old, new, 1)) for one in result.outcomes
            )
            yield msgspec.structs.replace(result, module=module, outcomes=outcomes)


def make_history(path: Path, runs: int) -> None:
    """Record earlier nights: copies of the recorded one in which some modules of each cell have other outcomes."""
    chance = random.Random(0)
    with sqlite3.connect(path) as database:
        (newest,) = database.execute("SELECT id FROM runs").fetchone()
        cells = [number for (number,) in database.execute("SELECT id FROM cell_runs WHERE run = ?", [newest])]
        columns = [row[1] for row in database.execute("PRAGMA table_info(cell_runs)") if row[1] not in ("id", "run")]
        names = ", ".join(columns)
        for night in range(1, runs):
            when = _WHEN - datetime.timedelta(days=night)
            run = database.execute(
                "INSERT INTO runs (run, started, duration, exit_status, schema)"
                " SELECT ?, ?, duration, exit_status, schema FROM runs WHERE id = ?",
                [f"{when:%Y%m%d-%H%M%S}-nightly-made-0000", when.isoformat(timespec="seconds"), newest],
            ).lastrowid
            for cell in cells:
                copy = database.execute(
                    f"INSERT INTO cell_runs (run, {names}) SELECT ?, {names} FROM cell_runs WHERE id = ?", [run, cell]
                ).lastrowid
                database.execute(
                    "INSERT INTO module_runs (cell_run, module, duration, digest, reused, faulty, test_list, statuses,"
                    " durations) SELECT ?, module, duration, digest, '', faulty, test_list, statuses, durations"
                    " FROM module_runs WHERE cell_run = ?",
                    [copy, cell],
                )
                modules = [
                    number for (number,) in database.execute("SELECT id FROM module_runs WHERE cell_run = ?", [copy])
                ]
                for module in chance.sample(modules[:: max(1, len(modules) // FLAKY)], FLIPS):
                    database.execute(
                        "UPDATE module_runs SET statuses = 'f' || substr(statuses, 2) WHERE id = ?", [module]
                    )
                note_glance(database, copy or 0)
        database.commit()


def show(found: PageCost, console: Console) -> None:
    console.print(
        f"{found.cells} cells, {found.tests} tests, {found.runs} runs in a history of {found.history_mib:.0f} MiB\n"
        f"report: {found.report.wall:.1f} s wall, {found.report.cpu:.1f} s CPU, "
        f"{found.report.harness_peak_mib:.0f} MiB of memory; pages and their data: {found.report_mib:.0f} MiB\n"
        f"first page: {found.first_page_kib:.0f} KiB, usable after {found.first_page_s:.2f} s\n"
        f"a cell's page: usable after {found.cell_page_s:.2f} s"
    )
