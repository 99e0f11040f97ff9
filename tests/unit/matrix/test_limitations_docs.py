"""The pages of the documentation about limitations agree with the list."""

from __future__ import annotations

import re
from pathlib import Path

from matrix.limitations import Limitations
from reports.limitation_matrix import as_markdown

REFERENCE = Path(__file__).parents[3] / "docs/reference"
ENTRIES = Limitations.load().entries


def headings(page: str) -> dict[str, str]:
    """Each entry's section of the matrix, up to what the probes saw."""
    sections = re.split(r"^### ", page, flags=re.MULTILINE)[1:]
    return {text.split("\n")[0]: re.split(r"^(?:- |## )", text, flags=re.MULTILINE)[0].strip() for text in sections}


def test_the_page_of_the_matrix_has_the_titles_and_references_of_the_list() -> None:
    page = (REFERENCE / "limitations.md").read_text("utf-8")
    assert headings(page) == headings(as_markdown(ENTRIES, [], []))


def test_the_table_of_upstreams_points_names_entries_that_exist() -> None:
    table = (REFERENCE / "upstream-readme.md").read_text("utf-8").partition("| --- |")[2]
    named = {name for line in table.splitlines()[1:] for name in re.findall(r"\w+(?:-\w+)+", line.split(" | ")[2])}
    assert len(named) > 50
    assert named <= {entry.id for entry in ENTRIES}
