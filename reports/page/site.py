"""A site of many runs for a static host: which files of a run it keeps for how long, its index, its feed. Pure.

The addresses stay: `runs/RUN/` and everything in it, and at the top `cells/CELL/`, `latest/`, `limitations.html`,
`compare.html` and `trends.html`, which lead to the newest run that has the page, with what is after the `#`.
"""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Iterator
from enum import IntEnum
from pathlib import PurePosixPath

import msgspec
from markupsafe import escape

from matrix import json_records
from matrix.text import shortened
from reports.file import File, text_file
from reports.news import CauseNews, News, PartChange
from reports.page.rendering import asset, rendered
from reports.summary import Summary

SCHEMA = 1
SITE = "site.json"
FEED = "feed.xml"
LATEST = "latest.json"
MOST_ENTRIES = 50
"""of the feed: its readers have seen the older ones"""
FOLLOWING = ("compare", "limitations", "trends")
"""the pages at the top of a site that lead to those of the newest run"""
_ASSETS = ("page.css", "page.js", "follow.js")
_MOST = 5
"""causes, tests and parts that are named; the run has all"""
_LONGEST = 200
"""characters of a text"""


class Kept(IntEnum):
    """How much of a run a site has: the newest has everything, an old one its summary."""

    SUMMARY = 1
    """what is red and why, the matrix, the cells, summary.json; not the outcomes of single tests"""
    TESTS = 2
    """also the tests and their tracebacks; not what compares runs, which the newest run has for all"""
    ALL = 3


_FILES = (
    (r"page/history/[^/]+|page/figures\.js|compare\.html|trends\.html", Kept.ALL),
    (r"cells/[^/]+/(tests\.js|issues\.js|details/[^/]+)|limitations\.html", Kept.TESTS),
    (r"index\.html|badge\.svg|summary\.(json|md)|page/[^/]+|cells/[^/]+/index\.html", Kept.SUMMARY),
)


def needed_for(name: str) -> Kept | None:
    """The least that must be kept of a run so that this file of it is; None for one that no site has.

    No site has what pages do not load: outcomes, JUnit files and logs of builds. They are several times as large.
    """
    return next((kept for pattern, kept in _FILES if re.fullmatch(pattern, name)), None)


class NewCause(msgspec.Struct, frozen=True, kw_only=True):
    """A cause with something that was not red in the run before."""

    raised: str
    test: str = ""
    """the first of its tests; "" for what is no test"""
    cell: str = ""
    """the cell of that test"""
    tests: int = 0
    cells: int = 0


class PublishedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run in the index of a site."""

    id: str
    started: str
    duration_s: float
    exit_status: int
    interrupted: bool = False
    cells: int
    tested: int
    """cells that have outcomes"""
    unexpected: int = 0
    causes: int = 0
    before: str = ""
    """the run with which it was compared; "" for the first one, of which everything is new"""
    new_causes: int = 0
    new: tuple[NewCause, ...] = ()
    """the first of them"""
    passes: int = 0
    """tests that newly pass"""
    passing: tuple[str, ...] = ()
    """the first of them"""
    parts: tuple[str, ...] = ()
    """what is not as in the run before: an SDK, a CPython, a runtime, the list of limitations, the harness"""
    gone: tuple[str, ...] = ()
    """cells that were tested in the run before and are not in this one"""
    kept: Kept = Kept.ALL

    @property
    def changed(self) -> bool:
        """Whether there is something to tell about it."""
        return bool(not self.before or self.new_causes or self.passes or self.parts or self.gone)

    @property
    def title(self) -> str:
        """What is new, in a line."""
        if self.new_causes:
            causes = "1 new cause" if self.new_causes == 1 else f"{self.new_causes} new causes"
            return f"{causes}: {self.new[0].raised}" if self.new else causes
        if self.gone:
            return f"no longer tested: {', '.join(self.gone)}"
        if self.passes:
            return f"{self.passes} newly passing: {', '.join(self.passing)}"
        if self.parts:
            return self.parts[0]
        return "nothing changed" if self.before else "the first run of its cells, with nothing unexpected"


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """The content of site.json, from which everything at the top of a site is made."""

    schema: int = SCHEMA
    id: str
    """a UUID: a feed and its entries have ids that no other feed has"""
    address: str = ""
    """where the site is, with a slash at its end; "" when that is not known"""
    runs: tuple[PublishedRun, ...] = ()
    """the newest first"""

    def entry_id(self, run: str) -> str:
        """The id of a run's entry in the feed, which stays when the site moves."""
        return uuid.uuid5(uuid.UUID(self.id), run).urn


class Latest(msgspec.Struct, frozen=True, kw_only=True):
    """The content of latest.json: the newest run for other programs."""

    schema: int = SCHEMA
    run: str
    started: str
    exit_status: int
    cells: int
    tested: int
    unexpected: int
    causes: int
    new_causes: int
    page: str
    """the address of the run's first page, relative to this file when the site's own address is not known"""
    summary: str
    """the address of its summary.json"""


def published(summary: Summary, news: News) -> PublishedRun:
    """What the index of a site says of a run."""
    new = [one for one in news.causes if one.new or not news.before]
    return PublishedRun(
        id=summary.run_id,
        started=summary.started,
        duration_s=summary.duration_s,
        exit_status=summary.exit_status,
        interrupted=summary.interrupted,
        cells=len(summary.cells),
        tested=sum(1 for cell in summary.cells if cell.modules.planned),
        unexpected=len(summary.unexpected),
        causes=len(news.causes),
        before=news.before,
        new_causes=len(new),
        new=tuple(_new_cause(one) for one in new[:_MOST]),
        passes=len(news.passing),
        passing=tuple(shortened(one.test, _LONGEST) for one in news.passing[:_MOST]),
        parts=tuple(_part(one) for one in news.parts[:_MOST]),
        gone=news.gone,
    )


def _new_cause(news: CauseNews) -> NewCause:
    cause, first = news.cause, news.first
    is_test = bool(first.cell and first.test and first.outcome)
    return NewCause(
        raised=shortened(cause.raised or first.test or cause.verdict.value, _LONGEST),
        test=first.test if is_test else "",
        cell=first.cell if is_test else "",
        tests=len(cause.tests),
        cells=len(cause.cells),
    )


def _part(change: PartChange) -> str:
    return f"{change.part}: {shortened(change.before, _LONGEST)} → {shortened(change.after, _LONGEST)}"


def moment(started: str) -> datetime.datetime:
    """The time at which a run started. Raises ValueError when the text is no time with a zone."""
    found = datetime.datetime.fromisoformat(started)
    if found.tzinfo is None:
        raise ValueError(f"{started!r} has no time zone")
    return found


def with_run(site: Site, run: PublishedRun) -> Site:
    """The site with one more run, or with another state of a run that it has."""
    runs = [*(one for one in site.runs if one.id != run.id), run]
    runs.sort(key=lambda one: (moment(one.started), one.id), reverse=True)
    return msgspec.structs.replace(site, runs=tuple(runs))


def site_files(site: Site) -> Iterator[File]:
    """The files at the top of a site that has runs, besides the badge and the pages of cells; site.json last."""
    newest = site.runs[0]
    for name in _ASSETS:
        yield asset(name)
    place = f"runs/{newest.id}/"
    yield follow_page("latest/index.html", f"{place}index.html")
    for name in FOLLOWING:
        yield follow_page(f"{name}.html", f"{place}{name}.html")
    yield rendered("site.html.j2", "index.html", "", site=site)
    told = [run for run in site.runs if run.changed][:MOST_ENTRIES]
    feed = rendered("feed.xml.j2", FEED, "", site=site, told=told)
    yield text_file(FEED, _NO_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", feed.content.decode()))
    yield File(LATEST, json_records.indented(latest(site)))
    yield File(SITE, json_records.encode(site) + b"\n")


_NO_XML = re.compile("[\ufffe\uffff]")
"""characters that XML cannot have (https://www.w3.org/TR/xml/#charsets), besides those that are escaped everywhere"""


def latest(site: Site) -> Latest:
    """The newest run of a site that has one."""
    run = site.runs[0]
    return Latest(
        run=run.id,
        started=run.started,
        exit_status=run.exit_status,
        cells=run.cells,
        tested=run.tested,
        unexpected=run.unexpected,
        causes=run.causes,
        new_causes=run.new_causes,
        page=f"{site.address}runs/{run.id}/index.html",
        summary=f"{site.address}runs/{run.id}/summary.json",
    )


def follow_page(name: str, there: str) -> File:
    """A page that leads to another one, `there` from the top of the site, and hands on what is after the `#`."""
    return rendered("follow.html.j2", name, "../" * (len(PurePosixPath(name).parts) - 1), there=there)


_LINK = re.compile(rb'<a href="(?:logs/[^"]*|junit\.xml|outcomes\.jsonl|pythoninfo\.txt)">([^<]*)</a>')
_NAVIGATION = b'<nav aria-label="Report">\n'


def as_published(name: str, content: bytes) -> bytes:
    """A page of a run as a site has it: with a link to all runs, without links to files that no site has.

    In a page all text of tests is escaped, so that what looks like markup here is the page's own.
    """
    up = "../" * (len(PurePosixPath(name).parts) + 1)
    link = f'<a class="site" href="{escape(up)}index.html">All runs</a>\n'
    content = content.replace(_NAVIGATION, _NAVIGATION + link.encode(), 1)
    return _LINK.sub(rb"\1", content)
