"""Trees as people have them today: a real build of sources that are laid out as main has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration import relaid
from tests.integration.conftest import Harness, real_store, summary


@pytest.fixture(scope="module")
def main(cpython_source: Path) -> Path:
    """A checkout of main, at a path that configure and make would not bear, configured in-tree."""
    # The place is the same for every session: see `broken_tree`.
    tree = relaid.as_main(cpython_source, real_store().root / "state/home/it's main")
    for name in ("Makefile", "pyconfig.h", "Modules/config.c", "Programs/python.o", "python"):
        (tree / name).write_text("left by a build in this tree")
    return tree


def state(tree: Path) -> dict[Path, int]:
    return {path: path.lstat().st_mtime_ns for path in (tree, *tree.rglob("*"))}


def test_a_tree_like_main_is_built_and_run_for_wasi(harness: Harness, tmp_path: Path, main: Path) -> None:
    before = state(main)
    done = harness("test", "--target", "wasi", "--cpython", str(main), "test_json", "test_struct", "test_posixpath")
    assert done.returncode == 0, done.stdout + done.stderr
    (cell,) = summary(tmp_path)["cells"]
    assert cell["status"] == "ok"
    assert cell["counts"]["passed"] > 200
    assert cell["sdk"]["id"] == "wasi-sdk-24"  # what its config.toml asks for
    assert cell["cpython"]["version"] == "3.16.0a0"
    assert relaid.MAIN in cell["cpython"]["detail"]
    assert state(main) == before


def test_a_tree_like_314_is_planned_as_314(harness: Harness, cpython_source: Path, tmp_path: Path) -> None:
    tree = relaid.as_314(cpython_source, tmp_path / "3.14")
    done = harness("build", "--target", "wasi", "--cpython", str(tree), "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "CONFIG_SITE=../../Tools/wasm/wasi/config.site-wasm32-wasi" in done.stdout
    assert "max-wasm-stack=16777216" in done.stdout


@pytest.mark.parametrize("name", ["Platforms/WASI/config.site-wasm32-wasi", "Lib/os.py"])
def test_an_incomplete_tree_is_refused_before_anything_is_built(
    harness: Harness, cpython_source: Path, tmp_path: Path, name: str
) -> None:
    tree = relaid.as_main(cpython_source, tmp_path / "main")
    (tree / name).unlink()
    done = harness("test", "--target", "wasi", "--cpython", str(tree), "test_json")
    assert done.returncode in (2, 3)
    assert Path(name).name in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "configure" not in done.stdout.replace("configure reads", "")
