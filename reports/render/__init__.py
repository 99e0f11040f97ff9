"""A run as summary.json and summary.md, and the text of an issue about one test. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import jinja2

from matrix import json_records
from matrix.text import visible
from reports.differences import short_names
from reports.file import File, text_file
from reports.render import figures
from reports.safe_text import markdown_block, markdown_line
from reports.shared import allowances, in_words, shared_notes, untested
from reports.summary import CellStatus, CellSummary, Summary
from reports.tracebacks import raised
from reports.triage import Sighting, Subject

_MOST_ROWS = 200
"""rows of a table in Markdown; summary.json has all"""

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=False,  # noqa: S701  # Markdown; reports.page makes the HTML
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=lambda value: visible(value) if isinstance(value, str) else value,
)


_ENVIRONMENT.filters["md"] = markdown_line
_ENVIRONMENT.filters["fenced"] = markdown_block
_ENVIRONMENT.filters["raised"] = raised
_ENVIRONMENT.globals |= {
    "figures": figures.figures,
    "named": figures.named,
    "explanations": figures.explanations,
    "explained": figures.EXPLAINED,
    "in_words": in_words,
    "shared_notes": shared_notes,
    "untested": untested,
    "allowances": allowances,
}


def summary_files(summary: Summary) -> Iterator[File]:
    """summary.json and summary.md."""
    yield File("summary.json", json_records.indented(summary))
    text = _ENVIRONMENT.get_template("summary.md.j2").render(
        summary=summary, most=_MOST_ROWS, state=state, short_names=short_names
    )
    yield text_file("summary.md", text)


def runtimes_document(summary: Summary, harness: str, command: str, files: Mapping[str, str]) -> str:
    """The comparison of runtimes of a run as a document of its own, in Markdown.

    `harness` is its version, `command` what makes the document again, `files` the file of each limitation by its id,
    as links from the document.
    """
    compared = {row.cell for table in summary.runtimes for row in table.rows}
    used = [cell for cell in summary.cells if cell.id in compared]
    parts = [
        *(("CPython", cell.cpython.version, cell.cpython.detail) for cell in used),
        *((cell.sdk.id, cell.sdk.version, cell.sdk.detail) for cell in used),
        *((cell.runtime.name, cell.runtime.version, cell.runtime.detail) for cell in used),
    ]
    return _ENVIRONMENT.get_template("runtimes.md.j2").render(
        summary=summary, harness=harness, command=command, files=files, parts=dict.fromkeys(parts)
    )


class Repeating(NamedTuple):
    """The options without which commands find other cells or outcomes than a run, as words for a shell."""

    test: str = ""
    """of `test`"""
    repro: str = ""
    """of `triage repro`"""
    build: str = ""
    """of `build`"""


def issue(
    subject: Subject,
    sightings: Sequence[Sighting],
    distinctions: Sequence[str],
    summary: Summary,
    repeating: Repeating,
) -> str:
    """The text of an issue about a failing test, as Markdown, for CPython's maintainers or for a runtime's."""
    return _ENVIRONMENT.get_template("issue.md.j2").render(
        subject=subject,
        one=subject.sighting,
        sightings=sightings,
        failing=[one for one in sightings if one.fails],
        distinctions=distinctions,
        cells={cell.id: cell for cell in summary.cells},
        repeating=repeating,
    )


def state(cell: CellSummary) -> str:
    """A cell's state in words."""
    if cell.status is CellStatus.BUILD_FAILED and cell.expected:
        return "does not build, as expected"
    if cell.missing:
        return f"{cell.status.value}, may be missing"
    return f"{cell.status.value}, allowed to fail" if cell.forgiven else cell.status.value


def why_untested(cell: CellSummary) -> str:
    """Why a cell could not be built or run; of a failure that is expected, first that it is."""
    return f"{state(cell)}: {cell.reason}" if cell.expected else cell.reason


class Tone(StrEnum):
    """How a cell's state is meant; also the CSS class that colours it."""

    GOOD = "good"
    MILD = "mild"
    """it fails or is missing, and may"""
    BAD = "bad"
    NONE = "none"
    """neither good nor bad: it does not build, as expected"""


def tone(cell: CellSummary) -> Tone:
    """How a cell's state is meant."""
    if cell.status is CellStatus.BUILD_FAILED and cell.expected:
        return Tone.NONE
    if cell.status is CellStatus.OK:
        return Tone.GOOD
    return Tone.MILD if cell.forgiven or cell.missing else Tone.BAD


def in_units(seconds: float) -> str:
    """A time in words: `42 s`, `7 min 5 s`, `2 h 3 min`."""
    whole = round(seconds)
    minutes, hours = whole // 60, whole // 3600
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"
