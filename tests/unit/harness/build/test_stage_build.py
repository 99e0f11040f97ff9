"""The files of a build in the tree that guests see."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.build.recipes import layout
from harness.build.stage import stage_build
from matrix.model import SdkFamily
from tests.unit import made
from tests.unit.harness.build.test_recipes_emscripten import PARTS

SERIES = made.series(sdk_family=SdkFamily.EMSCRIPTEN, program="python.mjs")
LIBRARY = "build/lib.emscripten-6.0.5-wasm32-3.14"
MODULE = f"{LIBRARY}/xxlimited.cpython-314-wasm32-emscripten.so"


@pytest.fixture
def parts(tmp_path: Path) -> layout.Parts:
    """A build whose library has a module, as CPython 3.14's make leaves it, a file, and a link that leads nowhere."""
    parts = replace(PARTS, directory=tmp_path)
    work = layout.build_directory(tmp_path, SERIES)
    for directory in (work / "Modules", work / LIBRARY, tmp_path / ".steps", layout.guest_tree(tmp_path)):
        directory.mkdir(parents=True)
    (work / "python.wasm").write_text("the program")
    (work / "pybuilddir.txt").write_text(LIBRARY)
    (work / LIBRARY / "_sysconfigdata.py").write_text("x = 1\n")
    (work / "Modules" / Path(MODULE).name).write_text("a module")
    (work / MODULE).symlink_to(f"../../Modules/{Path(MODULE).name}")
    (work / LIBRARY / "gone.so").symlink_to("../../Modules/gone.so")
    return parts


def staged(parts: layout.Parts) -> Path:
    """Stage a build; returns where guests see it."""
    guest = layout.GuestLayout(host=SERIES.host, program=SERIES.program, series="3.14")
    stage_build(guest, SERIES, parts)
    return layout.guest_tree(parts.directory) / guest.build.lstrip("/")


def test_shared_modules_are_there_though_the_build_only_links_to_them(parts: layout.Parts) -> None:
    inside = staged(parts)
    assert (inside / MODULE).read_text() == "a module"
    assert not (inside / MODULE).is_symlink()
    assert (inside / LIBRARY / "_sysconfigdata.py").read_text() == "x = 1\n"
    assert os.path.lexists(inside / LIBRARY / "gone.so")


def test_a_changed_module_is_staged_though_the_program_is_the_same(parts: layout.Parts) -> None:
    before = staged(parts) / MODULE
    (layout.build_directory(parts.directory, SERIES) / "Modules" / Path(MODULE).name).write_text("another module")
    assert (staged(parts) / MODULE).read_text() == "another module"
    assert before.is_file()


def test_nothing_is_copied_again_when_nothing_has_changed(parts: layout.Parts) -> None:
    inside = staged(parts)
    (inside / "mark").touch()
    assert (staged(parts) / "mark").exists()
