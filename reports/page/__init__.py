"""The page that people look at: matrix, cells, comparisons, limitations, trends; opened from disk.

Whatever is much (tests, details, history) lies in scripts of data, one call of `receive(NAME, JSON)` each: a page
that was opened from disk may load scripts, and nothing else (https://fetch.spec.whatwg.org/#scheme-fetch). All that
comes from tests is text: Jinja2 escapes it, and the scripts only ever set text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import jinja2
import msgspec
from markupsafe import Markup

from matrix.outcome import ModuleResult, Status
from matrix.text import last_line, shortened
from reports.columns import columns
from reports.differences import short_names
from reports.file import File, text_file
from reports.page.timing import Bar, CellTime, SlowModule, lanes
from reports.render import state, tone
from reports.safe_text import visible
from reports.summary import BuildStep, CellSummary, Summary
from reports.timelines import Point, Timeline
from reports.verdict import CellVerdicts, Verdict

_HERE = Path(__file__).parent
ASSETS = ("page.css", "page.js", "matrix.js", "cell.js", "compare.js", "limitations.js", "trends.js")
_MOST_ROWS = 200
"""of what is red, what differs and what changed that the first page shows; summary.json has all"""


class Excluded(msgspec.Struct, frozen=True, kw_only=True):
    """A square of the matrix that is not made."""

    target: str
    sdk: str
    cpython: str
    runtime: str
    reason: str
    reference: str = ""


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it was in the run before."""

    cell: str
    kind: str
    test: str
    """or the module"""
    before: str
    after: str


class LimitationSquare(msgspec.Struct, frozen=True, kw_only=True):
    """One limitation on one cell: what the list says, what the run came to, what the probe saw."""

    listed: bool
    failing: int = 0
    """tests that failed because of it"""
    skipped: int = 0
    probe: str = ""
    """the state that the newest probe saw; "" when there was none of this cell"""
    saw: str = ""
    wrong: str = ""


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
    """from which version on it is lifted, or holds"""
    squares: tuple[LimitationSquare, ...]
    """one a cell, in their order"""


class FlakyTest(msgspec.Struct, frozen=True, kw_only=True):
    test: str
    cell: str
    bad: int
    all: int
    outcomes: str


class RunPage(msgspec.Struct, frozen=True, kw_only=True):
    """All that the pages of a run show, besides its cells."""

    summary: Summary
    excluded: tuple[Excluded, ...] = ()
    compared_with: str = ""
    """the run that `changes` are since; "" when there is none"""
    changes: tuple[Changed, ...] = ()
    limitations: tuple[LimitationRow, ...] = ()
    probed: str = ""
    """the run of probes that the squares are of"""
    points: tuple[Point, ...] = ()
    history: tuple[str, ...] = ()
    """cells that have a timeline"""
    flaky: tuple[FlakyTest, ...] = ()
    slow: tuple[SlowModule, ...] = ()
    times: tuple[CellTime, ...] = ()
    bars: tuple[Bar, ...] = ()


def json_script(value: object) -> Markup:
    """A value as JSON within a `<script type="application/json">`, which nothing in it can end."""
    text = msgspec.json.encode(value).decode()
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))  # noqa: S704  # JSON, and no "<"


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_HERE),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=lambda value: visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
)
_ENVIRONMENT.filters |= {"last_line": last_line, "shortened": shortened, "json_script": json_script}
_ENVIRONMENT.globals |= {"state": state, "tone": tone, "short_names": short_names, "most": _MOST_ROWS, "lanes": lanes}


def _rendered(template: str, name: str, root: str, **values: object) -> File:
    return text_file(name, _ENVIRONMENT.get_template(template).render(root=root, **values))


def _data(name: str, value: object) -> File:
    """A script that hands a value to the page."""
    call = b"receive(" + msgspec.json.encode(name) + b", " + msgspec.json.encode(value) + b");\n"
    return File(name, call, linked=False)


def details_directory(cell: str) -> str:
    """Where the details of a cell's tests lie, relative to the run: a directory that `files_of_tests` fills anew."""
    return f"cells/{cell}/details"


def files_of_tests(cell: str, verdicts: CellVerdicts, results: Mapping[str, ModuleResult]) -> Iterator[File]:
    """The tests of a cell as its page loads them."""
    tests, details = columns(verdicts, results)
    yield _data(f"cells/{cell}/tests.js", tests)
    for number, module in details.items():
        yield _data(f"{details_directory(cell)}/{number}.js", module.tests)
        for name, text in module.whole.items():
            yield text_file(f"{details_directory(cell)}/{number}-{name}.txt", text, linked=False)


def cell_page(cell: CellSummary, steps: Sequence[BuildStep], again: str) -> File:
    """A cell's page; `again` is the command that runs it, to which a test's name can be added."""
    return _rendered("cell.html.j2", f"cells/{cell.id}/index.html", "../../", cell=cell, steps=steps, again=again)


def timeline_file(cell: str, timeline: Timeline) -> File:
    """A cell's outcomes over time, as the page of comparisons loads them."""
    return _data(f"page/history/{cell}.js", timeline)


def run_files(page: RunPage) -> Iterator[File]:
    """The pages of a run, besides those of its cells."""
    for name in ASSETS:
        yield File(f"page/{name}", (_HERE / name).read_bytes())
    yield _data("page/points.js", page.points)
    summary = page.summary
    tested = [cell.id for cell in summary.cells if cell.modules.planned]
    matrix = _matrix(summary.cells, page.excluded)
    for name in ("compare", "limitations", "trends", "index"):
        yield _rendered(f"{name}.html.j2", f"{name}.html", "", page=page, summary=summary, tested=tested, matrix=matrix)
    yield _rendered("badge.svg.j2", "badge.svg", "", summary=summary)


def _matrix(cells: Sequence[CellSummary], excluded: Sequence[Excluded]) -> list[dict[str, str]]:
    """The squares of the matrix: what they are, and where they lie on each axis."""
    squares = [
        {
            "target": cell.target,
            "sdk": cell.sdk.id,
            "cpython": cell.cpython.version,
            "runtime": f"{cell.runtime.name} {cell.runtime.version}",
            "id": cell.id,
            "tone": tone(cell),
            "state": state(cell),
            "count": _count(cell),
            "reason": shortened(cell.reason, 300),
        }
        for cell in cells
    ]
    return squares + [{**msgspec.structs.asdict(one), "tone": "none", "state": "excluded"} for one in excluded]


def _count(cell: CellSummary) -> str:
    """A cell's figures at a glance."""
    if not cell.modules.planned:
        return ""
    passed, known = cell.counts.get(Status.PASSED, 0), cell.verdicts.get(Verdict.KNOWN, 0)
    parts = [f"{cell.modules.run}/{cell.modules.planned} modules", f"{passed} passed"]
    parts += [f"{known} known"] if known else []
    return ", ".join(parts + ([f"{cell.red} red"] if cell.red else []))
