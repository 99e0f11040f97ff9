"""The page that people look at: matrix, cells, comparisons, limitations, trends; opened from disk.

Whatever is much (tests, details, history) lies in scripts of data, one call of `receive(NAME, JSON)` each: a page
that was opened from disk may load scripts, and nothing else (https://fetch.spec.whatwg.org/#scheme-fetch). All that
comes from tests is text: Jinja2 escapes it, and the scripts only ever set text.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
import msgspec
from markupsafe import Markup

from harness.outcome import ModuleResult
from harness.store import write_atomically
from reports.columns import columns, shortened, visible
from reports.differences import short_names
from reports.page.timing import Bar, CellTime, SlowModule, lanes
from reports.render import last_line, state, tone
from reports.summary import BuildStep, CellSummary, Summary
from reports.timelines import Point, Timeline
from reports.verdict import CellVerdicts

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


def _render(template: str, path: Path, root: str, **values: object) -> None:
    text = _ENVIRONMENT.get_template(template).render(root=root, **values)
    write_atomically(path, text.encode("utf-8", "backslashreplace"))


def _data(path: Path, name: str, value: object) -> None:
    """A script that hands a value to the page."""
    # Not atomically, with a sync for each: there are hundreds, and the pages that lead to them are written last.
    path.parent.mkdir(parents=True, exist_ok=True)
    call = b"receive(" + msgspec.json.encode(name) + b", " + msgspec.json.encode(value) + b");\n"
    path.write_bytes(call)


def write_tests(directory: Path, cell: str, verdicts: CellVerdicts, results: Mapping[str, ModuleResult]) -> None:
    """The tests of a cell as its page loads them, into the run's `directory`."""
    place = directory / "cells" / cell
    shutil.rmtree(place / "details", ignore_errors=True)
    tests, details = columns(verdicts, results)
    _data(place / "tests.js", f"cells/{cell}/tests.js", tests)
    for number, module in details.items():
        _data(place / "details" / f"{number}.js", f"cells/{cell}/details/{number}.js", module.tests)
        for name, text in module.whole.items():
            (place / "details" / f"{number}-{name}.txt").write_text(text, "utf-8", "backslashreplace")


def write_cell(directory: Path, cell: CellSummary, steps: Sequence[BuildStep], again: str) -> None:
    """A cell's page; `again` is the command that runs it, to which a test's name can be added."""
    place = directory / "cells" / cell.id
    _render("cell.html.j2", place / "index.html", "../../", cell=cell, steps=steps, again=again)


def write_timeline(directory: Path, cell: str, timeline: Timeline) -> None:
    """What a cell came to over time, as the page of comparisons loads it."""
    _data(directory / "page" / "history" / f"{cell}.js", f"page/history/{cell}.js", timeline)


def write_run(directory: Path, page: RunPage) -> None:
    """The pages of a run, besides those of its cells."""
    for name in ASSETS:
        write_atomically(directory / "page" / name, (_HERE / name).read_bytes())
    _data(directory / "page" / "points.js", "page/points.js", page.points)
    summary = page.summary
    tested = [cell.id for cell in summary.cells if cell.modules.planned]
    matrix = _matrix(summary.cells, page.excluded)
    for name in ("compare", "limitations", "trends", "index"):
        path = directory / f"{name}.html"
        _render(f"{name}.html.j2", path, "", page=page, summary=summary, tested=tested, matrix=matrix)
    _render("badge.svg.j2", directory / "badge.svg", "", summary=summary)


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
    passed, known = cell.counts.get("passed", 0), cell.verdicts.get("known", 0)
    parts = [f"{cell.modules.run}/{cell.modules.planned} modules", f"{passed} passed"]
    parts += [f"{known} known"] if known else []
    return ", ".join(parts + ([f"{cell.red} red"] if cell.red else []))
