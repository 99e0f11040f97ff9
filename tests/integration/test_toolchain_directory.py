"""Emscripten SDKs in directories, whose clang is asked for its version."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.machine.store import Store
from harness.provide.sdk_directory import SdkDirectory, sdk_from
from harness.provide.sdk_layout import sdk_defect
from matrix.errors import Unobtainable
from matrix.model import SdkFamily

pytestmark = pytest.mark.integration

WANTS_19 = "# LLVM\nEXPECTED_LLVM_VERSION = 19\n"
SAYS_17 = "echo clang version 17.0.1"
SAYS_19 = "echo 'Debian clang version 19.1.7 (3)'; echo 'Target: x86_64-pc-linux-gnu'"


def emscripten_tree(path: Path, clang: str, shared: str = WANTS_19) -> Path:
    """An Emscripten 3.1.69 whose clang is a shell script."""
    for name in ("emscripten/emcc", "emscripten/tools/shared.py", "bin/clang", "bin/wasm-ld", "bin/wasm-opt"):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text("")
    (path / "emscripten/emscripten-version.txt").write_text("3.1.69\n")
    (path / "emscripten/tools/shared.py").write_text(shared)
    (path / "bin/clang").write_text(f"#!/bin/sh\n{clang}\n")
    (path / "bin/clang").chmod(0o755)
    return path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


# --- an LLVM that does not fit


def test_an_llvm_that_emscripten_does_not_want_is_refused(tmp_path: Path) -> None:
    tree = emscripten_tree(tmp_path / "sdk", SAYS_17)
    with pytest.raises(Unobtainable) as caught:
        sdk_from(tree)
    assert "this Emscripten wants LLVM 19, but its clang is from LLVM 17" in str(caught.value)
    assert str(tree) in str(caught.value)


def test_an_llvm_below_an_emsdk_is_asked(tmp_path: Path) -> None:
    emscripten_tree(tmp_path / "upstream", SAYS_17)
    assert sdk_defect(SdkFamily.EMSCRIPTEN, tmp_path) == "this Emscripten wants LLVM 19, but its clang is from LLVM 17"


def test_the_llvm_that_emscripten_wants_is_taken(tmp_path: Path) -> None:
    assert sdk_from(emscripten_tree(tmp_path / "sdk", SAYS_19)).version == "3.1.69"


def test_a_clang_that_does_not_say_its_version_is_taken(tmp_path: Path) -> None:
    assert sdk_defect(SdkFamily.EMSCRIPTEN, emscripten_tree(tmp_path / "sdk", "echo a clang")) is None


@pytest.mark.parametrize("shared", ["EXPECTED_LLVM_VERSION = '14.0'\n", ""])
def test_an_emscripten_that_does_not_say_what_it_wants_is_taken(tmp_path: Path, shared: str) -> None:
    assert sdk_defect(SdkFamily.EMSCRIPTEN, emscripten_tree(tmp_path / "sdk", SAYS_17, shared)) is None


def test_a_clang_that_fails_is_shown_with_what_it_said(tmp_path: Path) -> None:
    defect = sdk_defect(SdkFamily.EMSCRIPTEN, emscripten_tree(tmp_path / "sdk", "echo no libLLVM.so >&2; exit 127"))
    assert defect is not None
    assert re.search(r"its clang does not run: (.|\n)*no libLLVM\.so", defect)


def test_a_clang_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    tree = emscripten_tree(tmp_path / "sdk", SAYS_19)
    (tree / "bin/clang").chmod(0o644)
    defect = sdk_defect(SdkFamily.EMSCRIPTEN, tree)
    assert defect is not None
    assert defect.startswith(f"its clang does not run: cannot start {tree}/bin/clang")


# --- as a provider


def test_an_emsdk_is_obtained_as_what_it_installed(tmp_path: Path, store: Store) -> None:
    emscripten_tree(tmp_path / "emsdk/upstream", SAYS_19)
    found = SdkDirectory(SdkFamily.EMSCRIPTEN, tmp_path / "emsdk").obtain(store, print)
    assert found.path == tmp_path / "emsdk/upstream"
    assert found.detail == f"Debian clang version 19.1.7 (3) in {tmp_path / 'emsdk'}"
    assert found == SdkDirectory(SdkFamily.EMSCRIPTEN, tmp_path / "emsdk").cached(store)


def test_an_llvm_that_does_not_fit_is_not_obtained(tmp_path: Path, store: Store) -> None:
    provider = SdkDirectory(SdkFamily.EMSCRIPTEN, emscripten_tree(tmp_path / "sdk", SAYS_17), version="3.1.69")
    assert provider.cached(store) is None
    with pytest.raises(Unobtainable, match="this Emscripten wants LLVM 19"):
        provider.obtain(store, print)


def test_another_emscripten_in_the_same_place_is_another_sdk(tmp_path: Path, store: Store) -> None:
    tree = emscripten_tree(tmp_path / "sdk", SAYS_19)
    before = SdkDirectory(SdkFamily.EMSCRIPTEN, tree).obtain(store, print)
    (tree / "emscripten/emscripten-version.txt").write_text("3.1.73-git\n")
    assert SdkDirectory(SdkFamily.EMSCRIPTEN, tree).obtain(store, print).digest != before.digest
