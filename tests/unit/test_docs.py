"""The documentation agrees with the code: links and paths lead somewhere, fields and tables are those of the types."""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from matrix import areas, files, limitations, model, rules
from matrix.outcome import ModuleResult, Status
from reports import build_facts, causes, differences, runtimes, summary, unexpected
from reports.history import file
from reports.verdict import Verdict
from tests.unit.test_imports import STAGES
from tools import map as tools_map

TOP = Path(__file__).parents[2]
DOCS = TOP / "docs"
PAGES = [TOP / "README.md", *filter(Path.is_file, [TOP / "CONTRIBUTING.md"]), *sorted(DOCS.rglob("*.md"))]
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))


def text_of(page: Path) -> str:
    return page.read_text("utf-8")


def prose(text: str) -> str:
    """A page without its blocks of code, which are indented or fenced."""
    text = re.sub(r"^(```+)[^\n]*\n.*?^\1\s*$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"(?m)(?<=\n\n)(?: {4,}[^\n]*\n|\n)+", "\n", text)


# --- links


def links_of(text: str) -> list[str]:
    """The relative links and images of a page."""
    found = re.findall(r"!?\[[^\]]*\]\(([^()\s]+)\)", prose(text))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def anchors_of(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.+?) *$", prose(text), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


def broken_links(page: Path) -> list[str]:
    broken = []
    for link in links_of(text_of(page)):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors_of(text_of(target))):
            broken.append(link)
    return broken


@EVERY_PAGE
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    assert not broken_links(page)


def test_a_link_that_leads_nowhere_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A `b.c`: d\n\n[x](#a-bc-d) [y](#nothing) [z](none.md) ![i](page.md) [w](https://example.org/a)\n"
    )
    assert broken_links(page) == ["#nothing", "none.md"]


def test_the_index_has_every_page() -> None:
    index = DOCS / "README.md"
    linked = {(DOCS / link.partition("#")[0]).resolve() for link in links_of(text_of(index))}
    assert {page for page in PAGES if page.is_relative_to(DOCS)} - {index} <= linked


# --- paths and names of the project

PATH = re.compile(r"(?<![\w/.~$-])(?:matrix|harness|reports|tests|docs|benchmarks|tools|\.github|\.ci)/[\w./-]*[\w/]")
MADE = ("reports/out",)
"""paths of the project that only runs make"""


def missing_paths(text: str) -> set[str]:
    """The paths of the project that a page names and that are not there, but for files that it tells the reader to add.

    A page says so by `PATH` (new).
    """
    new = set(re.findall(r"`([^`\s]+)` \(new\)", text))
    named = {path.rstrip("/.") for path in PATH.findall(text) if not path.startswith(MADE)}
    return {path for path in named - new if not (TOP / path).exists()}


@EVERY_PAGE
def test_every_path_that_is_named_exists(page: Path) -> None:
    assert not missing_paths(text_of(page))


def test_a_path_that_does_not_exist_is_seen() -> None:
    text = (
        "`harness/none.py`, matrix/data/none.toml. harness/suite/run.py `harness/b.py` (new) a/matrix/x reports/out/y"
    )
    assert missing_paths(text) == {"harness/none.py", "matrix/data/none.toml"}


def sessions() -> Iterator[str]:
    """The sessions that noxfile.py defines by functions, by their names."""
    for node in ast.parse(text_of(TOP / "noxfile.py")).body:
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                if "nox.session" in ast.unparse(decorator):
                    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
                    names = [ast.literal_eval(word.value) for word in keywords if word.arg == "name"]
                    yield names[0] if names else node.name


@EVERY_PAGE
def test_every_nox_session_that_is_named_exists(page: Path) -> None:
    text = text_of(page)
    new = re.findall(r"def (\w+)\(session", text)  # sessions that the reader adds
    known = {*sessions(), *new, "SESSION"}
    assert "test-wasi" in known
    assert set(re.findall(r"nox -s ([\w-]+)", text)) <= known


def test_every_environment_variable_is_described() -> None:
    sources = (TOP / "harness").rglob("*.py")
    named = {name for path in sources for name in re.findall(r'"(CPYTHON_WASM_\w+)"', text_of(path))}
    named -= {"CPYTHON_WASM_COMPILED"}  # between Node's adapter and its script
    described = set(re.findall(r"^\| `(\w+)`", text_of(DOCS / "reference/environment.md"), re.MULTILINE))
    assert named == {name for name in described if name.startswith("CPYTHON_WASM_")}


# --- fields and tables


def described(page: Path, heading: str) -> list[str]:
    """The names in the first columns of the tables below a heading, or below a paragraph that ends with it."""
    text = text_of(page)
    start = re.search(rf"^(?:#+ +)?{re.escape(heading)}.*$", text, re.MULTILINE)
    assert start, heading
    section = re.split(r"^#+ |^`\w+`:$", text[start.end() :], maxsplit=1, flags=re.MULTILINE)[0]
    rows = re.findall(r"^\| (`.*?`) \|", section, re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`(\w+)`", row)]


def fields(kind: type[Any]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(kind)}


SUMMARY = {
    "`$`": summary.Summary,
    "`$.cells[]`": summary.CellSummary,
    "`$.cells[].sdk`": summary.SdkUsed,
    "`$.cells[].cpython`": summary.CPythonUsed,
    "`$.cells[].runtime`": summary.RuntimeUsed,
    "`$.cells[].modules`": summary.Modules,
    "`$.cells[].build`": build_facts.BuildFacts,
    "`$.unexpected[]`": unexpected.Unexpected,
    "`$.causes[]`": causes.Cause,
    "`$.comparisons[]`": differences.Comparison,
    "`$.comparisons[].differences[]`": differences.Difference,
    "`$.runtimes[]`": runtimes.RuntimeTable,
    "`$.runtimes[].rows[]`": runtimes.RuntimeRow,
    "`$.runtimes[].rows[].areas`": runtimes.AreaCount,
    "`$.runtimes[].rows[].differences[]`": runtimes.RuntimeDifference,
}


@pytest.mark.parametrize(("heading", "kind"), SUMMARY.items(), ids=lambda value: getattr(value, "__name__", value))
def test_every_field_of_summary_json_is_described_and_no_other(heading: str, kind: type[Any]) -> None:
    names = described(DOCS / "reference/summary.md", heading)
    assert len(names) == len(set(names))
    assert set(names) == fields(kind)


def test_every_outcome_and_verdict_is_described_and_no_other() -> None:
    page = DOCS / "reference/summary.md"
    assert described(page, "`$.cells[].counts`") == [status.value for status in Status]
    assert described(page, "`$.cells[].verdicts`") == [verdict.value for verdict in Verdict]


def test_the_schema_of_summary_json_is_named() -> None:
    assert f"the version of this format, {summary.SCHEMA} |" in text_of(DOCS / "reference/summary.md")


def test_every_field_of_outcomes_jsonl_is_described_and_no_other() -> None:
    assert set(described(DOCS / "reference/run-files.md", "outcomes.jsonl")) == fields(ModuleResult) | {"seal"}


ROWS: dict[str, tuple[str, set[str]]] = {
    "target": ("targets.toml", fields(model.Target)),
    "sdk": ("sdks.toml", fields(model.Sdk)),
    "runtime": ("runtimes.toml", fields(model.Runtime)),
    "series": ("series.toml", fields(model.Series)),
}


@pytest.mark.parametrize(("file", "names"), ROWS.values(), ids=ROWS)
def test_every_key_of_a_data_file_is_described_and_no_other(file: str, names: set[str]) -> None:
    assert set(described(DOCS / "reference/configuration.md", file)) == names


def test_every_key_of_the_other_data_files_is_named() -> None:
    text = text_of(DOCS / "reference/configuration.md")
    kinds = (
        model.CPython,
        model.Port,
        model.Library,
        rules.Exclusion,
        rules.Repair,
        rules.RuntimeFlags,
        files.CellSet,
        files.Sources,
        areas.Area,
    )
    more = (rules.ExpectedBuildFailure, limitations.Limitation, limitations.ExpectedTest, limitations.SkipReason)
    for kind in (*kinds, *more):
        missing = {name for name in fields(kind) if not re.search(rf"\b{name}\b", text)}
        assert not missing, kind.__name__


HISTORY = DOCS / "reference/history.md"


@pytest.fixture(scope="module")
def tables() -> dict[str, set[str]]:
    """The tables of the history with their columns, but for the number of each row."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(text_of(TOP / "reports/history/tables.sql"))
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: {row[1] for row in connection.execute(f"PRAGMA table_info({name})")} - {"id"} for name in names}


def test_the_version_of_the_history_is_the_one_that_the_code_writes() -> None:
    assert f"is the version of the tables, {file.SCHEMA};" in text_of(HISTORY)


@pytest.mark.parametrize("table", ["cell_runs", "module_runs"])
def test_every_column_of_the_large_tables_is_described_and_no_other(tables: dict[str, set[str]], table: str) -> None:
    assert set(described(HISTORY, f"`{table}`:")) == tables[table]


def test_every_other_table_of_the_history_is_described_with_its_columns(tables: dict[str, set[str]]) -> None:
    rows = re.findall(r"^\| (`[^|]*) \| [^|]* \| ([^|]*) \|$", text_of(HISTORY), re.MULTILINE)
    found = {
        name: set(re.findall(r"`(\w+)`", columns)) for row, columns in rows for name in re.findall(r"`(\w+)`", row)
    }
    assert found.keys() == tables.keys()
    for table in ("runs", "test_lists", "listed_tests"):
        assert found[table] == tables[table]
    assert found["cells"] == tables["cells"] | tables["modules"] | tables["tests"]


# --- the map


def test_the_map_is_up_to_date() -> None:
    assert tools_map.draw() == text_of(tools_map.DRAWING), "run `python -m tools.map`"


def test_the_map_has_the_floors_of_the_import_test() -> None:
    assert tools_map.FLOORS == STAGES


def test_the_map_counts_pairs_of_modules() -> None:
    known = tools_map.modules()
    counted = tools_map.imported(TOP / "harness/__main__.py", known)
    assert "harness.commands.test" in counted
    assert "matrix.errors" in counted
    assert not {name for name in counted if name not in known}


def test_an_import_that_leads_upwards_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools_map, "count_imports", lambda: tools_map.Imports({("machine", "commands"): 1}))
    with pytest.raises(SystemExit, match="upwards"):
        tools_map.draw()
