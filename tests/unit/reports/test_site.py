"""A site of many runs: what it keeps of a run, its index, its feed and latest.json."""

from __future__ import annotations

import datetime
import json
import xml.etree.ElementTree as ET

import pytest
from msgspec.structs import replace

from matrix.text import visible
from reports import page
from reports.file import File
from reports.news import news_of
from reports.page.site import (
    MOST_ENTRIES,
    Kept,
    PublishedRun,
    Site,
    as_published,
    follow_page,
    needed_for,
    published,
    site_files,
    with_run,
)
from reports.unexpected import Unexpected
from reports.verdict import Verdict
from tests.unit.summaries import HOSTILE, Page, cell_of, row_of, run_of

ATOM = "{http://www.w3.org/2005/Atom}"
HTML = "{http://www.w3.org/1999/xhtml}"
ID = "123e4567-e89b-42d3-a456-426614174000"
hostile = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())


def night(number: int, **changes: object) -> PublishedRun:
    found = PublishedRun(
        id=f"run-{number:03}",
        started=f"2026-01-01T00:00:00+00:{number % 60:02}"
        if number < 60
        else f"2026-02-01T00:{number % 60:02}:00+00:00",
        duration_s=61.0,
        exit_status=0,
        cells=2,
        tested=2,
        before="run-000",
    )
    return replace(found, **changes)


def texts(site: Site) -> dict[str, str]:
    return {file.name: file.content.decode() for file in site_files(site)}


def feed_of(site: Site) -> ET.Element:
    return ET.fromstring(texts(site)["feed.xml"])


# --- what is kept


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("index.html", Kept.SUMMARY),
        ("badge.svg", Kept.SUMMARY),
        ("summary.json", Kept.SUMMARY),
        ("page/page.css", Kept.SUMMARY),
        ("cells/a-cell/index.html", Kept.SUMMARY),
        ("limitations.html", Kept.TESTS),
        ("cells/a-cell/tests.js", Kept.TESTS),
        ("cells/a-cell/details/12-0-output.txt", Kept.TESTS),
        ("compare.html", Kept.ALL),
        ("page/figures.js", Kept.ALL),
        ("page/history/a-cell.js", Kept.ALL),
        ("run.json", None),
        ("cells/a-cell/outcomes.jsonl", None),
        ("cells/a-cell/junit.xml", None),
        ("cells/a-cell/logs/make.log", None),
        ("cells/a-cell/details/../../../run.json", None),
    ],
)
def test_each_file_is_kept_as_long_as_it_is_needed(name: str, kept: Kept | None) -> None:
    assert needed_for(name) is kept


def test_every_file_of_a_report_has_its_time() -> None:
    shown = page.RunPage(summary=run_of(cell_of()))
    assert [file.name for file in page.run_files(shown) if needed_for(file.name) is None] == []


# --- the runs


def test_the_newest_run_is_the_first_also_when_an_older_one_is_published_later() -> None:
    site = Site(id=ID)
    for number in (61, 63, 62, 63):
        site = with_run(site, night(number))
    assert [run.id for run in site.runs] == ["run-063", "run-062", "run-061"]


def test_the_order_is_that_of_time_and_not_of_text() -> None:
    one = night(1, started="2026-01-02T00:30:00+01:00")  # 23:30 of the day before
    other = night(2, started="2026-01-01T23:45:00+00:00")
    assert with_run(Site(id=ID, runs=(one,)), other).runs == (other, one)


def test_a_run_says_what_is_new() -> None:
    rows = (
        row_of("ValueError: 1"),
        Unexpected(cell="", test="", outcome="expired", verdict=Verdict.STALE, detail="old"),
    )
    summary = run_of(cell_of(), unexpected=rows, exit_status=1)
    known = {("the-cell", "ValueError: 1", "regression")}
    found = published(summary, news_of(summary, "run-000", red_before=known, passing=[("test.test_a", "the-cell")]))
    assert (found.causes, found.new_causes, found.passes) == (2, 1, 1)
    assert [(one.raised, one.test) for one in found.new] == [("old", "")]
    assert found.title == "1 new cause: old"
    first = published(summary, news_of(summary))
    assert first.new_causes == 2, "of the first run everything is new"


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"before": ""}, "the first run of its cells, with nothing unexpected"),
        ({"gone": ("a-cell",)}, "no longer tested: a-cell"),
        ({"passes": 2, "passing": ("test.a", "test.b")}, "2 newly passing: test.a, test.b"),
        ({"parts": ("SDK: 1 → 2",)}, "SDK: 1 → 2"),
        ({}, "nothing changed"),
    ],
)
def test_a_title_is_the_most_important_news(changes: dict[str, object], title: str) -> None:
    found = night(1, **changes)
    assert found.title == title
    assert found.changed is (title != "nothing changed")


# --- the feed


def test_the_feed_is_atom_with_an_entry_for_each_run_that_changed_something() -> None:
    runs = (night(63, parts=("SDK: 1 → 2",)), night(62), night(61, passes=1, passing=("test.a",)))
    feed = feed_of(Site(id=ID, runs=runs))
    assert feed.tag == f"{ATOM}feed"
    assert feed.findtext(f"{ATOM}id") == f"urn:uuid:{ID}"
    assert feed.findtext(f"{ATOM}updated") == runs[0].started
    assert feed.findtext(f"{ATOM}author/{ATOM}name")
    entries = feed.findall(f"{ATOM}entry")
    assert [one.findtext(f"{ATOM}title") for one in entries] == ["SDK: 1 → 2", "1 newly passing: test.a"]
    ids = [one.findtext(f"{ATOM}id") or "" for one in entries]
    assert len(set(ids)) == 2
    assert all(one.startswith("urn:uuid:") for one in ids)
    for one in entries:
        datetime.datetime.fromisoformat(one.findtext(f"{ATOM}updated") or "")
        (content,) = one.findall(f"{ATOM}content")
        assert [content.get("type"), [child.tag for child in content]] == ["xhtml", [f"{HTML}div"]]


def test_links_of_the_feed_are_relative_until_the_address_is_known() -> None:
    def links(site: Site) -> list[str | None]:
        return [link.get("href") for link in feed_of(site).iter(f"{ATOM}link")]

    site = Site(id=ID, runs=(night(61, before=""),))
    assert links(site) == ["index.html", "runs/run-061/index.html"]
    address = "https://example.org/wasm/"
    at = replace(site, address=address)
    assert links(at) == [f"{address}feed.xml", f"{address}index.html", f"{address}runs/run-061/index.html"]
    ids = [[one.text for one in feed_of(each).iter(f"{ATOM}id")] for each in (site, at)]
    assert ids[0] == ids[1], "a site that moves keeps its entries"


def test_the_feed_has_the_newest_entries_and_no_end_of_them() -> None:
    runs = tuple(night(number, before="") for number in range(119, 60, -1))
    assert len(feed_of(Site(id=ID, runs=runs)).findall(f"{ATOM}entry")) == MOST_ENTRIES


@hostile
def test_hostile_text_is_text_in_the_feed_and_in_the_index(text: str) -> None:
    rows = (row_of(text),)
    summary = run_of(cell_of(text), unexpected=rows, exit_status=1)
    run = replace(published(summary, news_of(summary)), parts=(text,), passing=(text,), passes=2, gone=(text,))
    found = texts(Site(id=ID, address="https://example.org/a&b'/", runs=(run,)))
    feed = ET.fromstring(found["feed.xml"])
    shown = visible(text).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
    (content,) = feed.iter(f"{ATOM}content")
    assert "".join(content.itertext()).count(shown) >= 3
    assert {one.tag for one in content.iter()} <= {
        ATOM + "content",
        *(HTML + name for name in ("div", "p", "ul", "li", "a")),
    }
    index = Page(found["index.html"])
    assert not {name for name in index.attributes if name.startswith("on")}
    assert index.tags.count("script") == 1
    assert shown.strip() in index.text.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


# --- the top


def test_other_programs_read_the_newest_run() -> None:
    site = Site(id=ID, runs=(night(62, exit_status=1, unexpected=3, causes=1), night(61)))
    found = json.loads(texts(site)["latest.json"])
    assert (found["run"], found["exit_status"], found["unexpected"]) == ("run-062", 1, 3)
    assert found["summary"] == "runs/run-062/summary.json"
    found = json.loads(texts(replace(site, address="https://example.org/"))["latest.json"])
    assert found["page"] == "https://example.org/runs/run-062/index.html"


def test_site_json_is_written_last() -> None:
    *others, last = site_files(Site(id=ID, runs=(night(61),)))
    assert last.name == "site.json"
    assert {"index.html", "feed.xml", "latest.json", "latest/index.html", "limitations.html"} <= {
        one.name for one in others
    }


def test_an_address_at_the_top_leads_to_the_newest_run() -> None:
    file = follow_page("cells/a-cell/index.html", "runs/run-061/cells/a-cell/index.html")
    assert isinstance(file, File)
    text = file.content.decode()
    assert 'href="../../runs/run-061/cells/a-cell/index.html"' in text
    assert 'src="../../page/follow.js"' in text


# --- pages of a run on a site


def test_a_published_page_leads_to_all_runs() -> None:
    (index,) = (file for file in page.run_files(page.RunPage(summary=run_of(cell_of()))) if file.name == "index.html")
    assert b'<a class="site" href="../../index.html">All runs</a>' in as_published("index.html", index.content)
    cell = page.cell_page(cell_of(), ())
    assert b'<a class="site" href="../../../../index.html">' in as_published("cells/a/index.html", cell.content)


def test_a_published_page_has_no_links_to_what_is_not_there() -> None:
    text = '<a href="logs/make.log">Log</a> <a href="junit.xml">junit.xml</a> <a href="summary.json">all</a>'
    assert as_published("index.html", text.encode()).decode() == 'Log junit.xml <a href="summary.json">all</a>'
