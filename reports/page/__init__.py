"""The HTML report: matrix, cells, comparisons, limitations, trends. People open it from disk.

In: a summary, verdicts, timelines. Out: files. Imports `reports` and `matrix`.

A page that was opened from disk may load scripts and nothing else (https://fetch.spec.whatwg.org/#scheme-fetch), so
large data (tests, details, history) is in scripts, each with one call `receive(NAME, JSON)`. Text from tests stays
text: Jinja2 escapes it, and the scripts never set markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from matrix.limitations import State
from matrix.outcome import ModuleResult
from matrix.text import visible
from reports.causes import causes_of
from reports.changes import ChangeKind
from reports.columns import columns
from reports.file import File, text_file
from reports.news import News, news_of
from reports.page.rendering import asset, rendered
from reports.page.squares import Excluded, squares
from reports.page.timing import Bar, CellTime, SlowModule
from reports.page.trends import Trends
from reports.render import Tone
from reports.summary import BuildStep, CellSummary, Summary
from reports.timelines import Timeline
from reports.unexpected import Unexpected
from reports.verdict import CellVerdicts

ASSETS = (
    "page.css",
    "page.js",
    "matrix.js",
    "cell.js",
    "copy.js",
    "failure.js",
    "since.js",
    "compare.js",
    "limitations.js",
    "trends.js",
)
THE_CELL = "the cell"
"""in place of a test, for a change of a whole cell"""


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A change since an earlier run."""

    cell: str
    kind: ChangeKind
    test: str
    """a test or a module"""
    before: str
    after: str

    @property
    def tone(self) -> Tone | None:
        """Whether the change is good or bad; None when it is neither."""
        return {ChangeKind.FAILING: Tone.BAD, ChangeKind.PASSING: Tone.GOOD}.get(self.kind)


class LimitationSquare(msgspec.Struct, frozen=True, kw_only=True):
    """One limitation on one cell: what the list says, how many tests it explains, what the probe saw."""

    listed: bool
    failing: int = 0
    """tests that failed because of it"""
    skipped: int = 0
    probe: State | None = None
    """the state that the newest probe saw; None when the cell was not probed"""
    saw: str = ""
    wrong: str = ""

    @property
    def explains(self) -> bool:
        """Whether it explains a test of the run."""
        return bool(self.failing or self.skipped)


class LimitationRow(msgspec.Struct, frozen=True, kw_only=True):
    """One limitation over the cells of the run."""

    id: str
    title: str
    section: str
    where: str
    references: tuple[str, ...]
    skip_reasons: tuple[str, ...]
    tests: tuple[tuple[str, str, str], ...]
    """glob, expectation, reason"""
    boundaries: tuple[str, ...]
    """the versions from which on it is lifted"""
    squares: tuple[LimitationSquare, ...]
    """one for each cell, in the order of the summary"""


class FlakyTest(msgspec.Struct, frozen=True, kw_only=True):
    """A flaky test of a cell: `bad` of `all` observations failed."""

    test: str
    cell: str
    bad: int
    all: int
    outcomes: str


class RunPage(msgspec.Struct, frozen=True, kw_only=True):
    """What the pages of a run show, besides the pages of its cells."""

    summary: Summary
    excluded: tuple[Excluded, ...] = ()
    compared_with: str = ""
    """the run with which this one is compared; "" when there is none"""
    changes: tuple[Changed, ...] = ()
    news: News | None = None
    """what is new since that run; None when there is none"""
    limitations: tuple[LimitationRow, ...] = ()
    probed: str = ""
    """the run of probes whose results are shown"""
    trends: Trends = Trends()
    history: tuple[str, ...] = ()
    """ids of the cells that have a timeline"""
    flaky: tuple[FlakyTest, ...] = ()
    slow: tuple[SlowModule, ...] = ()
    times: tuple[CellTime, ...] = ()
    bars: tuple[Bar, ...] = ()


def _data(name: str, value: object) -> File:
    """A script that passes a value to the page."""
    call = b"receive(" + msgspec.json.encode(name) + b", " + msgspec.json.encode(value) + b");\n"
    return File(name, call, linked=False)


def details_directory(cell: str) -> str:
    """The directory of the details of a cell's tests, relative to the run. Empty it before writing `files_of_tests`."""
    return f"cells/{cell}/details"


def files_of_tests(cell: str, verdicts: CellVerdicts, results: Mapping[str, ModuleResult]) -> Iterator[File]:
    """The scripts with the tests of a cell, which its page loads."""
    tests, details = columns(verdicts, results)
    yield _data(f"cells/{cell}/tests.js", tests)
    for number, module in details.items():
        yield _data(f"{details_directory(cell)}/{number}.js", module.tests)
        for name, text in module.whole.items():
            yield text_file(f"{details_directory(cell)}/{number}-{name}.txt", text, linked=False)


class Commands(msgspec.Struct, frozen=True, kw_only=True):
    """The commands about the tests of a cell. A test's name can be appended to each."""

    again: str = ""
    """runs the tests again"""
    by_hand: str = ""
    """runs one test in one guest, with that guest's command line"""
    bisect: str = ""
    """names the version at which a test's outcome changed; it needs `--axis`, too"""
    explain: str = ""
    """writes the text of an issue"""


def cell_page(
    cell: CellSummary,
    steps: Sequence[BuildStep],
    commands: Commands | None = None,
    unexpected: Sequence[Unexpected] = (),
) -> File:
    """A cell's page, which begins with what is `unexpected` in it."""
    return rendered(
        "cell.html.j2",
        f"cells/{cell.id}/index.html",
        "../../",
        cell=cell,
        steps=steps,
        commands=commands or Commands(),
        causes=causes_of(unexpected),
        unexpected=len(unexpected),
    )


def issues_file(cell: str, texts: Mapping[str, str]) -> File:
    """The texts of issues about tests of a cell, by the names of the tests. Its page loads it when something is red."""
    return _data(f"cells/{cell}/issues.js", {test: visible(text) for test, text in texts.items()})


def timeline_file(cell: str, timeline: Timeline) -> File:
    """The script with a cell's outcomes over time, which the page of comparisons loads."""
    return _data(f"page/history/{cell}.js", timeline)


def run_files(page: RunPage) -> Iterator[File]:
    """The pages of a run, besides the pages of its cells."""
    for name in ASSETS:
        yield asset(name)
    yield _data("page/figures.js", page.trends)
    summary = page.summary
    yield _data("page/cells.js", {"run": summary.run_id, "cells": [_parts(cell) for cell in summary.cells]})
    tested = [cell.id for cell in summary.cells if cell.modules.planned]
    matrix = squares(summary.cells, page.excluded)
    news = page.news or news_of(summary)
    for name in ("compare", "limitations", "trends", "index"):
        values = {"page": page, "summary": summary, "tested": tested, "matrix": matrix, "news": news}
        yield rendered(f"{name}.html.j2", f"{name}.html", "", **values)
    yield rendered("badge.svg.j2", "badge.svg", "", summary=summary)


def _parts(cell: CellSummary) -> dict[str, object]:
    """The parts of a cell, for links to the cells that differ in one of them."""
    return {
        "id": cell.id,
        "tested": bool(cell.modules.planned),
        "target": cell.target,
        "SDK": cell.sdk.id,
        "CPython": cell.cpython.version,
        "runtime": f"{cell.runtime.name} {cell.runtime.version}",
    }
