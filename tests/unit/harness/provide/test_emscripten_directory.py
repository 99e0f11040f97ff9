"""Emscripten SDKs in directories. Tests that start the SDK's clang are in tests/integration."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.machine.store import Store
from harness.provide.items import sdk_providers
from harness.provide.sdk_directory import SdkDirectory, sdk_from
from harness.provide.sdk_layout import LAYOUTS, sdk_defect, sdk_root, sdk_version, usual_directory
from matrix.errors import Unobtainable, UsageError
from matrix.load import load
from matrix.model import RuntimeKind, SdkFamily
from tests.unit import made

PARTS = (
    "emscripten/emcc", "emscripten/emscripten-version.txt", "bin/clang", "bin/wasm-ld", "bin/wasm-opt",
)  # fmt: skip


def emscripten_tree(path: Path, version: str = '"3.1.6"\n') -> Path:
    """Make an Emscripten so old that it does not state the LLVM that it wants as a number."""
    for name in (*PARTS, "emscripten/tools/shared.py"):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text("")
    (path / "emscripten/tools/shared.py").write_text("EXPECTED_LLVM_VERSION = '14.0'\n")
    (path / "emscripten/emscripten-version.txt").write_text(version)
    return path


def emsdk(path: Path) -> Path:
    """Make a tree as emsdk leaves it: `emsdk.py` and what it installed."""
    emscripten_tree(path / "upstream")
    (path / "emsdk.py").write_text("")
    return path


# --- which directories are SDKs


def test_an_emsdk_is_an_sdk(tmp_path: Path) -> None:
    sdk = sdk_from(emsdk(tmp_path / "emsdk"))
    assert (sdk.id, sdk.family, sdk.version) == ("emscripten-3.1.6-directory", SdkFamily.EMSCRIPTEN, "3.1.6")
    assert sdk.directory == tmp_path / "emsdk"


def test_the_upstream_directory_of_an_emsdk_is_an_sdk(tmp_path: Path) -> None:
    sdk = sdk_from(emsdk(tmp_path / "emsdk") / "upstream")
    assert (sdk.family, sdk.version) == (SdkFamily.EMSCRIPTEN, "3.1.6")


def test_a_directory_with_emscripten_and_bin_is_an_sdk(tmp_path: Path) -> None:
    tree = emscripten_tree(tmp_path / "mine")
    assert sdk_from(tree).family is SdkFamily.EMSCRIPTEN
    assert sdk_defect(SdkFamily.EMSCRIPTEN, tree) is None


@pytest.mark.parametrize("name", ["upstream", "install"])
def test_the_root_may_be_a_subdirectory(tmp_path: Path, name: str) -> None:
    emscripten_tree(tmp_path / name)
    assert sdk_root(SdkFamily.EMSCRIPTEN, tmp_path) == tmp_path / name
    assert sdk_defect(SdkFamily.EMSCRIPTEN, tmp_path) is None


def test_the_root_may_be_the_directory_itself(tmp_path: Path) -> None:
    assert sdk_root(SdkFamily.EMSCRIPTEN, emscripten_tree(tmp_path)) == tmp_path


@pytest.mark.parametrize("part", PARTS)
def test_a_missing_part_is_named(tmp_path: Path, part: str) -> None:
    tree = emsdk(tmp_path)
    (tree / "upstream" / part).unlink()
    with pytest.raises(Unobtainable) as caught:
        sdk_from(tree)
    assert f"{tree} is not an Emscripten SDK: {part} not in it" in str(caught.value)
    assert "name an activated emsdk" in str(caught.value)


def test_an_emsdk_that_installed_nothing_lacks_every_part(tmp_path: Path) -> None:
    (tmp_path / "emsdk.py").write_text("")
    with pytest.raises(Unobtainable) as caught:
        sdk_from(tmp_path)
    assert f"{', '.join(PARTS)} not in it" in str(caught.value)


def test_the_directory_of_emcc_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(Unobtainable, match="the directory that contains emscripten/emcc"):
        sdk_from(emscripten_tree(tmp_path) / "emscripten")


def test_a_missing_directory_is_refused(tmp_path: Path) -> None:
    assert sdk_defect(SdkFamily.EMSCRIPTEN, tmp_path / "gone") == "there is no such directory"


def places(tmp_path: Path) -> dict[str, Path]:
    """Emscriptens whose compiler emconfigure names by a path with a blank."""
    blank = emsdk(tmp_path / "a b")
    (tmp_path / "link").symlink_to(blank)
    (tmp_path / "emsdk").mkdir()
    (tmp_path / "emsdk/upstream").symlink_to(blank / "upstream")
    return {"the path": blank, "a link": tmp_path / "link", "a link inside": tmp_path / "emsdk"}


@pytest.mark.parametrize("kind", ["the path", "a link", "a link inside"])
def test_a_path_that_configure_cannot_handle_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Store, kind: str
) -> None:
    path = places(tmp_path)[kind]
    real = "" if kind == "the path" else f"it is really {tmp_path}/a b{'/upstream' * (kind != 'the path')}: "
    reason = f"{real}its path contains ' ', which configure and make cannot handle"
    with pytest.raises(Unobtainable) as caught:
        sdk_from(path)
    assert caught.value.message == f"{path} cannot be used: {reason}"
    assert SdkDirectory(SdkFamily.EMSCRIPTEN, path).obstacle(store) == f"{path}: {reason}"
    monkeypatch.setenv("EMSDK", str(path))
    with pytest.raises(UsageError) as said:
        sdk_providers(made.sdk("3.1.6", SdkFamily.EMSCRIPTEN))
    assert (said.value.message, said.value.hint) == (
        f"$EMSDK names {path}: {reason}", "move the SDK, or unset the variable"
    )  # fmt: skip


def test_a_wasi_sdk_may_lie_anywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = tmp_path / "a b"
    place.mkdir()
    monkeypatch.setenv("WASI_SDK_PATH", str(place))
    assert usual_directory(SdkFamily.WASI_SDK) == place


# --- its version


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("3.1.69\n", "3.1.69"),
        ('"3.1.6"\n', "3.1.6"),
        ('"3.1.24"', "3.1.24"),
        ("4.0.12", "4.0.12"),
        ("3.1.70-git\n", "3.1.70"),
        ("", None),
        ("unknown\n", None),
        ("3.1\n", None),
        ("v3.1.69\n", None),
    ],
)
def test_the_version_comes_from_the_version_file(tmp_path: Path, text: str, version: str | None) -> None:
    assert sdk_version(SdkFamily.EMSCRIPTEN, emscripten_tree(tmp_path, text)) == version


def test_without_a_version_file_there_is_no_version(tmp_path: Path) -> None:
    assert sdk_version(SdkFamily.EMSCRIPTEN, tmp_path) is None


def test_an_emscripten_without_a_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unobtainable, match="does not state its version"):
        sdk_from(emscripten_tree(tmp_path, "unknown\n"))


# --- the node that runs it, and the usual place


def test_a_node_of_the_matrix_runs_an_emscripten_in_a_directory(tmp_path: Path) -> None:
    assert load().runtime(sdk_from(emscripten_tree(tmp_path)).node).kind is RuntimeKind.NODE


def test_the_variable_names_the_usual_emscripten(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(LAYOUTS[SdkFamily.EMSCRIPTEN].variable, str(tmp_path))
    assert usual_directory(SdkFamily.EMSCRIPTEN) == tmp_path


def test_another_version_in_the_usual_place_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Store
) -> None:
    monkeypatch.setenv(LAYOUTS[SdkFamily.EMSCRIPTEN].variable, str(emsdk(tmp_path)))
    (provider,) = sdk_providers(made.sdk("3.1.69", SdkFamily.EMSCRIPTEN))
    assert provider.obstacle(store) == f"{tmp_path} is version 3.1.6, not 3.1.69"
    assert provider.cached(store) is None


def test_the_wanted_version_in_the_usual_place_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Store
) -> None:
    monkeypatch.setenv(LAYOUTS[SdkFamily.EMSCRIPTEN].variable, str(emsdk(tmp_path)))
    (provider,) = sdk_providers(made.sdk("3.1.6", SdkFamily.EMSCRIPTEN))
    assert (provider.name, provider.obstacle(store)) == ("directory", None)
