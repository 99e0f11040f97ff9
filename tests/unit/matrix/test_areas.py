"""The areas of CPython's test suite."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from matrix.areas import OTHER, Area, by_area
from matrix.errors import ConfigError
from matrix.load import load_areas

SUITE = Path(__file__).parents[2] / "data/wasi-3.14.0rc1.jsonl.gz"


def test_a_module_belongs_to_the_first_area_that_names_it() -> None:
    areas = [Area(name="files", modules=("test_zip*", "test_os")), Area(name="zips", modules=("test_zipfile",))]
    assert by_area(areas, ["test_json", "test_os", "test_zipfile"]) == {
        "files": ["test_os", "test_zipfile"],
        "zips": [],
        OTHER: ["test_json"],
    }


def alone(glob: str) -> Area:
    """An area with one glob."""
    return Area(name="an-area", modules=(glob,))


@pytest.mark.parametrize(
    ("glob", "module", "matches"),
    [
        ("test_os", "test_os", True),
        ("test_os", "test.test_os", True),
        ("test_os", "test_os_helper", False),
        ("test_asyncio", "test.test_asyncio.test_events", True),
        ("test_asyncio", "test_asyncio_more.test_events", False),
        ("test_threading*", "test_threading_local", True),
        ("test_a.test_b", "test.test_a.test_b", True),
    ],
)
def test_a_name_matches_a_module_and_those_of_a_package(glob: str, module: str, matches: bool) -> None:
    assert alone(glob).has(module) is matches


def suite() -> list[str]:
    with gzip.open(SUITE, "rt", encoding="utf-8") as file:
        return [json.loads(line)[0] for line in file]


def test_each_name_and_glob_matches_a_module_of_a_whole_suite() -> None:
    modules = suite()
    unused = {
        glob for area in load_areas() for glob in area.modules if not any(alone(glob).has(one) for one in modules)
    }
    assert not unused


def test_each_area_has_modules_and_no_module_has_two() -> None:
    areas = load_areas()
    assert [area.name for area in areas] == ["files", "time", "processes", "network", "memory", "stack", "numbers"]
    found = by_area(areas, suite())
    assert all(len(modules) > 5 for modules in found.values())
    twice = {module for module in suite() if sum(area.has(module) for area in areas) > 1}
    assert not twice


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[[area]]\nname = "other"\nmodules = ["test_os"]', "'other' is the area of the modules that no row names"),
        (2 * '[[area]]\nname = "files"\nmodules = ["test_os"]\n', "'files' is already defined at area[0]"),
        ('[[area]]\nname = "files"\nmodules = []', "area[0].modules (files)"),
        ('[[area]]\nname = "<b>"\nmodules = ["test_os"]', "area[0].name"),
        ('[[area]]\nname = "files"\nmodule = ["test_os"]', "module"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "areas.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_areas(tmp_path)
    assert "areas.toml" in str(caught.value)
    assert problem in str(caught.value)
