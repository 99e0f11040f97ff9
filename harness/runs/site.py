"""Puts a run into a site of many runs, for a static host. Old runs lose their tests, so that the site stays small."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path

import msgspec

from harness.machine.files import read_limited, remove_tree
from harness.runs.records import is_plain, refuse_links_out, write_files
from matrix import json_records
from matrix.errors import UsageError
from reports.news import news_of
from reports.page import RunPage
from reports.page.site import (
    FOLLOWING,
    SCHEMA,
    SITE,
    Kept,
    PublishedRun,
    Site,
    as_published,
    follow_page,
    moment,
    needed_for,
    published,
    site_files,
    with_run,
)

WITH_TESTS = 14
"""runs that keep their tests: two weeks of nights, the time in which people look for what broke something"""
LARGEST = 800 << 20
"""bytes of a site, unless `--site-size` says otherwise. GitHub Pages takes at most 1 GB."""
_RUNS = "runs"
_CELLS = "cells"


def open_site(place: Path) -> Site:
    """The site in a directory; a new one when there is none.

    Raises UsageError for a directory that has something else, or a site that this version of the harness did not write.
    """
    path = place / SITE
    try:
        site = json_records.decode(read_limited(path), Site)
    except (FileNotFoundError, NotADirectoryError):
        if place.exists() and any(path.name != ".git" for path in place.iterdir()):
            raise UsageError(
                f"{place} is neither empty nor a site: it has no {SITE}", hint="name a new directory after --publish"
            ) from None
        return Site(id=str(uuid.uuid4()))
    except (OSError, msgspec.DecodeError) as exc:
        raise UsageError(f"{path} does not describe a site: {exc}", hint="publish to a new directory") from None
    if site.schema != SCHEMA:
        raise UsageError(
            f"{path} was written by another version of the harness (schema {site.schema}, this one reads {SCHEMA})",
            hint="publish to a new directory",
        )
    _check(site, path)
    refuse_links_out(place)
    return site


def _check(site: Site, path: Path) -> None:
    """Raise UsageError for a site from which paths or times cannot be made."""
    for run in site.runs:
        if not is_plain(run.id):
            raise UsageError(f"{path} has a run {run.id[:200]!r}, which cannot be the name of a directory")
        try:
            moment(run.started)
        except ValueError as exc:
            raise UsageError(f"{path}: {run.id}: {exc}") from None
    try:
        uuid.UUID(site.id)
    except ValueError:
        raise UsageError(f"{path} has the id {site.id[:200]!r}, which is no UUID") from None


def add_run(directory: Path, shown: RunPage, place: Path, *, address: str = "", largest: int = LARGEST) -> Site:
    """Put a run's pages into the site in `place`, which is made when it is missing; the site as it is then.

    `address` is where the site will be, "" for the one that it has. Of `largest` bytes the newest run may need more.
    Raises UsageError for a place that is not fit, and for a run without a time.
    """
    site = open_site(place)
    place, directory = place.resolve(), directory.resolve()
    if place.is_relative_to(directory) or directory.is_relative_to(place):
        raise UsageError(f"{place} is no place for a site of {directory}", hint="name one that is not in the run")
    try:
        moment(shown.summary.started)
    except ValueError as exc:
        raise UsageError(f"{directory} has no time at which it started: {exc}") from None
    run = published(shown.summary, shown.news or news_of(shown.summary))
    site = with_run(site, run)
    if address:
        site = msgspec.structs.replace(site, address=address)
    _copy(directory, place / _RUNS / run.id)
    site = _thinned(site, place, largest)
    _lead_to_cells(site, place, run.id)
    shutil.copyfile(place / _RUNS / site.runs[0].id / "badge.svg", place / "badge.svg")
    write_files(place, site_files(site))
    return site


def _copy(run: Path, target: Path) -> None:
    """Copy the files of a run that a site has."""
    if target.exists():
        remove_tree(target)
    for name in _files(run):
        if needed_for(name) is None:
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".html"):
            (target / name).write_bytes(as_published(name, (run / name).read_bytes()))
        else:
            shutil.copyfile(run / name, target / name)


def _files(directory: Path) -> list[str]:
    """The names of the regular files in a directory, relative to it."""
    found = []
    for place, _, names in os.walk(directory):
        paths = (Path(place, name) for name in names)
        found += [str(path.relative_to(directory)) for path in paths if path.is_file() and not path.is_symlink()]
    return found


def _thinned(site: Site, place: Path, largest: int) -> Site:
    """The site after old runs were reduced to what is kept of them and, where that does not suffice, removed."""
    wanted = [Kept.ALL, *[Kept.TESTS] * (WITH_TESTS - 1)]
    runs = [
        _reduced(run, place, wanted[age] if age < len(wanted) else Kept.SUMMARY) for age, run in enumerate(site.runs)
    ]
    sizes = {run.id: _size(place / _RUNS / run.id) for run in runs}
    while len(runs) > 1 and sum(sizes.values()) > largest:
        with_tests = [age for age, run in enumerate(runs) if age and run.kept > Kept.SUMMARY]
        if with_tests:
            age = with_tests[-1]
            runs[age] = _reduced(runs[age], place, Kept.SUMMARY)
            sizes[runs[age].id] = _size(place / _RUNS / runs[age].id)
        else:
            gone = runs.pop()
            del sizes[gone.id]
            remove_tree(place / _RUNS / gone.id)
    return msgspec.structs.replace(site, runs=tuple(runs))


def _size(directory: Path) -> int:
    return sum((directory / name).stat().st_size for name in _files(directory))


def _reduced(run: PublishedRun, place: Path, kept: Kept) -> PublishedRun:
    """A run of the site after the files were removed that need more than what is kept.

    Pages in which the newest run says the same or more lead there.
    """
    if run.kept <= kept:
        return run
    directory = place / _RUNS / run.id
    for name in _files(directory):
        if (needed_for(name) or Kept.ALL) > kept:
            (directory / name).unlink()
            if name.removesuffix(".html") in FOLLOWING:
                write_files(place, [follow_page(f"{_RUNS}/{run.id}/{name}", name)])
    for path, _, _ in os.walk(directory, topdown=False):
        if not os.listdir(path):
            os.rmdir(path)
    return msgspec.structs.replace(run, kept=kept)


def _lead_to_cells(site: Site, place: Path, run: str) -> None:
    """Let the page of each cell at the top lead to the newest run that has the cell; write those of one run anew."""
    mine = {path.name for path in (place / _RUNS / run / _CELLS).glob("*")}
    for cell in {path.name for path in (place / _CELLS).glob("*")} | mine:
        pages = (f"{_RUNS}/{one.id}/{_CELLS}/{cell}/index.html" for one in site.runs)
        newest = next((page for page in pages if (place / page).is_file()), None)
        if newest is None:
            remove_tree(place / _CELLS / cell)
        elif cell in mine:
            write_files(place, [follow_page(f"{_CELLS}/{cell}/index.html", newest)])
