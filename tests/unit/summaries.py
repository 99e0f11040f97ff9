"""Summaries of runs, and how a report shows them, for tests."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from rich.console import Console

from reports import page as pages_of_a_run
from reports import render, terminal
from reports.causes import causes_of
from reports.differences import Comparison, Difference
from reports.summary import CellStatus, CellSummary, SdkUsed, Summary, untested_cell
from reports.unexpected import Unexpected
from reports.verdict import Verdict
from tests.unit import made
from tests.unit.hostile import TEXTS

HOSTILE = {name: text for name, text in TEXTS.items() if name != "a lone surrogate"}
"""a summary's JSON cannot hold lone surrogates, so none reach it"""
hostile = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
MARK = "the-hostile-text:"


def cell_of(text: str = "", status: CellStatus = CellStatus.OK, **changes: object) -> CellSummary:
    base = untested_cell(made.cell(), status, text, notes=(text, "a note"))
    sdk = SdkUsed(id="wasi-sdk-24", version="24", provider=text, detail=text)
    return replace(base, **({"sdk": sdk} | changes))


def row_of(text: str) -> Unexpected:
    return Unexpected(
        cell="the-cell", test=text, outcome="failed", verdict=Verdict.REGRESSION, detail=text, reproduce=f"nox {text}"
    )


CELLS = tuple(f"node_emscripten-{version}_cpython-3.11.2_node-20.18.0" for version in ("3.1.24", "3.1.58", "3.1.69"))


def comparison_of(*tests: str, cells: tuple[str, ...] = CELLS, text: str = "failed") -> Comparison:
    """Tests that passed in every cell but the last."""
    outcomes = dict.fromkeys(cells, "passed") | {cells[-1]: text}
    return Comparison(
        cpython="cpython-3.11.2",
        cells=cells,
        tests=1000,
        differences=tuple(Difference(module="test_a", test=test, outcomes=outcomes) for test in tests),
    )


def run_of(
    *cells: CellSummary,
    unexpected: tuple[Unexpected, ...] = (),
    comparisons: tuple[Comparison, ...] = (),
    exit_status: int = 0,
) -> Summary:
    return Summary(
        run_id="20261122-120301-wasi-3f9a",
        started="2026-11-22T12:03:01+00:00",
        duration_s=61.5,
        exit_status=exit_status,
        cells=cells,
        unexpected=unexpected,
        causes=causes_of(unexpected),
        comparisons=comparisons,
    )


def hostile_run(text: str) -> Summary:
    return run_of(cell_of(MARK + text), unexpected=(row_of(MARK + text),), exit_status=1)


class Page(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def as_json(summary: Summary) -> Any:
    (found,) = (file.content for file in render.summary_files(summary) if file.name == "summary.json")
    return json.loads(found)


def pages(summary: Summary) -> tuple[str, str]:
    """index.html and summary.md."""
    files = [*render.summary_files(summary), *pages_of_a_run.run_files(pages_of_a_run.RunPage(summary=summary))]
    texts = {file.name: file.content.decode() for file in files}
    return texts["index.html"], texts["summary.md"]


_BAR = re.compile(r"(?<!\\)(?:\\\\)*\|")


def table_rows(markdown: str) -> list[int]:
    """The number of cells in each line that begins as a row of a table."""
    return [len(_BAR.findall(line)) - 1 for line in markdown.splitlines() if line.startswith("|")]


def tables(markdown: str) -> list[list[str]]:
    """The lines of each table: consecutive lines that begin as rows."""
    found: list[list[str]] = [[]]
    for line in markdown.splitlines():
        if line.startswith("|"):
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return [table for table in found if table]


def comparing(*comparisons: Comparison) -> Summary:
    return run_of(cell_of(), comparisons=comparisons)


def shown(summary: Summary, directory: Path) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="strict")
    console = Console(file=stream, highlight=False, width=200)
    terminal.show(summary, console)
    terminal.show_place(directory, console)
    stream.seek(0)
    return stream.read()
