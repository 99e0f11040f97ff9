"""The sources in the tree that guests see."""

from __future__ import annotations

import os
import py_compile
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.build.recipes import layout
from harness.build.stage import stage_sources
from tests.unit.harness.build.test_recipes_emscripten import PARTS

DATE = 1_700_000_000
"""seconds"""


@pytest.fixture
def parts(tmp_path: Path) -> layout.Parts:
    """A tree with two sources, both compiled."""
    for name in ("a", "ab"):
        source(tmp_path, name, "x = 1\n", DATE)
    (tmp_path / ".steps").mkdir()
    parts = replace(PARTS, source=tmp_path / "sources", directory=tmp_path, entries=("Lib",), source_digest="1")
    stage_sources(parts)
    for path in (layout.guest_tree(tmp_path) / "Lib").glob("*.py"):
        py_compile.compile(str(path), doraise=True)
    assert compiled(parts) == ["a", "ab"]
    return parts


def source(place: Path, name: str, text: str, date: float) -> Path:
    path = place / f"sources/Lib/{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (date, date))
    return path


def compiled(parts: layout.Parts) -> list[str]:
    """The sources for which there is byte code."""
    found = (layout.guest_tree(parts.directory) / "Lib/__pycache__").iterdir()
    return sorted(path.name.partition(".")[0] for path in found)


def test_byte_code_goes_with_its_source_though_size_and_second_are_the_same(parts: layout.Parts) -> None:
    source(parts.directory, "a", "x = 2\n", DATE + 0.5)
    stage_sources(replace(parts, source_digest="2"))
    assert (layout.guest_tree(parts.directory) / "Lib/a.py").read_text() == "x = 2\n"
    assert compiled(parts) == ["ab"]


def test_byte_code_goes_when_its_source_is_removed(parts: layout.Parts) -> None:
    (parts.source / "Lib/a.py").unlink()
    stage_sources(replace(parts, source_digest="2"))
    assert compiled(parts) == ["ab"]
