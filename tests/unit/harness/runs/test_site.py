"""Runs are put into a site: what is copied, how old runs are thinned, which places are refused."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.__main__ import main
from harness.commands.parser import web_address
from harness.runs.site import add_run, open_site
from matrix.errors import UsageError
from reports import page, render
from reports.page.site import Kept, Site
from tests.unit.harness.runs.test_strangers import ODD
from tests.unit.summaries import cell_of, row_of, run_of

CELL = cell_of().id
TESTS = f"cells/{CELL}/tests.js"


def made(out: Path, number: int, *, tests: int = 100, cell: str = CELL) -> tuple[Path, page.RunPage]:
    """A run with pages, `tests` bytes of tests, and files that no page loads."""
    summary = replace(
        run_of(cell_of(id=cell), unexpected=(row_of("test.test_a"),), exit_status=1),
        run_id=f"run-{number:03}",
        started=f"2026-01-01T{number // 60:02}:{number % 60:02}:00+00:00",
    )
    shown = page.RunPage(summary=summary)
    directory = out / summary.run_id
    files = [*render.summary_files(summary), *page.run_files(shown), page.cell_page(cell_of(id=cell), ())]
    contents = {file.name: file.content for file in files}
    contents |= dict.fromkeys(
        (f"cells/{cell}/tests.js", f"cells/{cell}/details/0.js", "page/history/a.js"), b"x" * tests
    )
    contents |= dict.fromkeys(("run.json", f"cells/{cell}/outcomes.jsonl"), b"{}")
    for name, content in contents.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(content)
    return directory, shown


def published(tmp_path: Path, *numbers: int, largest: int = 1 << 30) -> Site:
    for number in numbers:
        site = add_run(*made(tmp_path / "out", number), tmp_path / "site", largest=largest)
    return site


def names(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}


def test_a_run_is_copied_without_what_no_page_loads(tmp_path: Path) -> None:
    published(tmp_path, 1)
    found = names(tmp_path / "site/runs/run-001")
    assert {"index.html", "summary.json", "limitations.html", "page/history/a.js", TESTS} <= found
    assert not {"run.json", f"cells/{CELL}/outcomes.jsonl"} & found
    top = names(tmp_path / "site") - {f"runs/run-001/{name}" for name in found}
    assert {"index.html", "feed.xml", "badge.svg", "latest.json", "site.json", f"cells/{CELL}/index.html"} <= top


def test_the_addresses_at_the_top_follow_the_newest_run(tmp_path: Path) -> None:
    published(tmp_path, 1, 2)
    for name in ("latest/index.html", "limitations.html", f"cells/{CELL}/index.html"):
        assert "runs/run-002/" in (tmp_path / "site" / name).read_text()
    add_run(*made(tmp_path / "out", 3, cell="another"), tmp_path / "site")
    assert "runs/run-003/" in (tmp_path / "site/cells/another/index.html").read_text()
    assert "runs/run-002/" in (tmp_path / f"site/cells/{CELL}/index.html").read_text()


def test_only_the_newest_run_has_the_history(tmp_path: Path) -> None:
    site = published(tmp_path, 1, 2)
    assert [run.kept for run in site.runs] == [Kept.ALL, Kept.TESTS]
    old = tmp_path / "site/runs/run-001"
    assert not {"page/history/a.js", "page/figures.js"} & names(old)
    assert TESTS in names(old)
    assert 'href="../../compare.html"' in (old / "compare.html").read_text()


def test_old_runs_keep_their_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.runs.site.WITH_TESTS", 2)
    site = published(tmp_path, 1, 2, 3)
    assert [run.kept for run in site.runs] == [Kept.ALL, Kept.TESTS, Kept.SUMMARY]
    found = names(tmp_path / "site/runs/run-001")
    assert {"index.html", "summary.json", f"cells/{CELL}/index.html", "page/cell.js"} <= found
    assert not {TESTS, f"cells/{CELL}/details/0.js"} & found
    assert 'href="../../limitations.html"' in (tmp_path / "site/runs/run-001/limitations.html").read_text()
    assert open_site(tmp_path / "site") == site


def test_a_site_that_is_too_large_loses_tests_first_and_then_runs(tmp_path: Path) -> None:
    def size(run: str) -> int:
        return sum(path.stat().st_size for path in (tmp_path / "site/runs" / run).rglob("*") if path.is_file())

    for number in (1, 2, 3):
        add_run(*made(tmp_path / "out", number, tests=1_000_000), tmp_path / "site")
    small = size("run-001") - 2_000_000
    whole = size("run-003")
    site = add_run(*made(tmp_path / "out", 3, tests=1_000_000), tmp_path / "site", largest=whole + 3_000_000)
    assert [(run.id, run.kept) for run in site.runs][-1] == ("run-001", Kept.SUMMARY)
    assert (len(site.runs), site.runs[1].kept) == (3, Kept.TESTS)
    site = add_run(*made(tmp_path / "out", 3, tests=1_000_000), tmp_path / "site", largest=whole + small)
    assert [(run.id, run.kept) for run in site.runs] == [("run-003", Kept.ALL), ("run-002", Kept.SUMMARY)]
    assert not (tmp_path / "site/runs/run-001").exists()
    site = add_run(*made(tmp_path / "out", 3), tmp_path / "site", largest=1)
    assert [run.id for run in site.runs] == ["run-003"], "the newest stays"


def test_the_page_of_a_cell_goes_with_the_last_run_that_has_it(tmp_path: Path) -> None:
    add_run(*made(tmp_path / "out", 1, cell="gone"), tmp_path / "site")
    add_run(*made(tmp_path / "out", 2), tmp_path / "site", largest=1)
    assert not (tmp_path / "site/cells/gone").exists()
    assert (tmp_path / f"site/cells/{CELL}/index.html").is_file()


def test_a_run_that_is_published_again_is_replaced(tmp_path: Path) -> None:
    published(tmp_path, 1)
    (tmp_path / "site/runs/run-001/left.html").write_text("of an earlier version")
    assert len(published(tmp_path, 1).runs) == 1
    assert "left.html" not in names(tmp_path / "site/runs/run-001")


def test_an_address_is_remembered(tmp_path: Path) -> None:
    add_run(*made(tmp_path / "out", 1), tmp_path / "site", address="https://example.org/")
    add_run(*made(tmp_path / "out", 2), tmp_path / "site")
    latest = json.loads((tmp_path / "site/latest.json").read_bytes())
    assert latest["page"] == "https://example.org/runs/run-002/index.html"


# --- places that are refused


@pytest.mark.parametrize("run", ODD)
def test_a_site_whose_runs_would_lie_elsewhere_is_refused(tmp_path: Path, run: str) -> None:
    published(tmp_path, 1)
    path = tmp_path / "site/site.json"
    path.write_text(path.read_text().replace('"run-001"', json.dumps(run)))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/index.html").write_text("mine")
    with pytest.raises(UsageError, match="cannot be the name of a directory"):
        published(tmp_path, 2, largest=1)
    assert (tmp_path / "elsewhere/index.html").read_text() == "mine"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (r'"started":"[^"]*"', '"started":"soon"', "soon"),
        (r'"id":"[0-9a-f-]{36}"', '"id":"1"', "no UUID"),
        ('"schema":1', '"schema":99', "another version"),
        ('"runs":', '"runs":1,"x":', "does not describe a site"),
    ],
)
def test_a_damaged_site_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    published(tmp_path, 1)
    path = tmp_path / "site/site.json"
    path.write_text(re.sub(old, new, path.read_text(), count=1))
    with pytest.raises(UsageError, match=said):
        open_site(tmp_path / "site")


def test_a_directory_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UsageError, match="neither empty nor a site"):
        open_site(tmp_path)
    (tmp_path / "clone/.git").mkdir(parents=True)
    assert open_site(tmp_path / "clone").runs == ()


def test_a_link_that_leads_out_of_the_site_is_refused(tmp_path: Path) -> None:
    published(tmp_path, 1)
    (tmp_path / "site/runs/run-002").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="leads out"):
        published(tmp_path, 2)


def test_links_in_a_run_are_not_copied(tmp_path: Path) -> None:
    directory, shown = made(tmp_path / "out", 1)
    (directory / "page/secret.js").symlink_to("/etc/hostname")
    add_run(directory, shown, tmp_path / "site")
    assert "page/secret.js" not in names(tmp_path / "site/runs/run-001")


def test_a_site_in_the_run_itself_is_refused(tmp_path: Path) -> None:
    directory, shown = made(tmp_path / "out", 1)
    with pytest.raises(UsageError, match="no place for a site"):
        add_run(directory, shown, directory / "site")


def test_a_run_without_a_time_is_refused(tmp_path: Path) -> None:
    directory, shown = made(tmp_path / "out", 1)
    for started in ("", "soon", "2026-01-01T00:00:00"):
        odd = replace(shown, summary=replace(shown.summary, started=started))
        with pytest.raises(UsageError, match="no time at which it started"):
            add_run(directory, odd, tmp_path / "site")
    assert not (tmp_path / "site").exists()


# --- the command line


@pytest.mark.parametrize("words", [["--address", "https://example.org"], ["--site-size", "1G"]])
def test_options_of_a_site_need_one(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", *words]) == 2
    assert "--publish DIR" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    ["", "example.org", "ftp://example.org/", "https://", "https://a/?b", "https://a/#b", "https://a/ b", 'http://a"'],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        web_address(text)


def test_an_address_ends_with_a_slash() -> None:
    assert (
        web_address("https://example.org/wasm")
        == web_address("https://example.org/wasm/")
        == "https://example.org/wasm/"
    )
