"""WASI SDKs in directories."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.machine.store import Store
from harness.provide.items import sdk_providers
from harness.provide.provider import silently
from harness.provide.sdk_directory import SdkDirectory, sdk_from
from harness.provide.sdk_layout import LAYOUTS, sdk_defect, sdk_version, usual_directory
from matrix.errors import Unobtainable
from matrix.model import SdkFamily
from tests.unit import made
from tests.unit.harness.provide.directories import wasi_sdk


@pytest.mark.parametrize(
    ("name", "text", "version"),
    [
        ("anything", "24.0\nwasi-libc: abc\n", "24"),
        ("anything", "24\n", "24"),
        ("anything", "wasi-sdk 25.1", "25"),
        ("wasi-sdk-22.0", None, "22"),
        ("wasi-sdk-22.0-x86_64-linux", None, "22"),
        ("wasi-sdk-22.0", "", "22"),
        ("wasi-sdk-22.0", "\n24\n", "22"),
        ("wasi-sdk-22.0", "24.0", "24"),
        ("anything", None, None),
        ("anything", "", None),
        ("anything", "unknown", None),
    ],
)
def test_the_version_comes_from_the_version_file_or_the_name(
    tmp_path: Path, name: str, text: str | None, version: str | None
) -> None:
    assert sdk_version(SdkFamily.WASI_SDK, wasi_sdk(tmp_path / name, text)) == version


def test_the_id_has_the_version_and_says_that_it_is_a_directory(tmp_path: Path) -> None:
    sdk = sdk_from(wasi_sdk(tmp_path / "mine"))
    assert (sdk.id, sdk.version, sdk.directory) == ("wasi-sdk-24-directory", "24", tmp_path / "mine")


def test_a_directory_without_the_parts_of_an_sdk_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/clang").write_text("")
    with pytest.raises(Unobtainable, match="llvm-ar, share/wasi-sysroot not in it"):
        sdk_from(tmp_path)
    assert sdk_defect(SdkFamily.WASI_SDK, tmp_path / "gone") == "there is no such directory"


def test_an_sdk_without_a_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unobtainable, match="does not state its version"):
        sdk_from(wasi_sdk(tmp_path / "mine", None))


def test_the_variable_names_the_usual_sdk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(LAYOUTS[SdkFamily.WASI_SDK].variable, str(tmp_path))
    assert usual_directory(SdkFamily.WASI_SDK) == tmp_path


def test_another_version_in_the_usual_place_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Store
) -> None:
    monkeypatch.setenv(LAYOUTS[SdkFamily.WASI_SDK].variable, str(wasi_sdk(tmp_path / "mine")))
    (provider,) = sdk_providers(made.sdk("16"))
    reason = provider.obstacle(store)
    assert reason is not None
    assert "is version 24, not 16" in reason
    assert provider.cached(store) is None


def test_an_sdk_whose_path_breaks_builds_is_refused(tmp_path: Path) -> None:
    path = wasi_sdk(tmp_path / "my sdk")
    with pytest.raises(Unobtainable, match="contains ' ', which configure and make cannot handle") as caught:
        sdk_from(path)
    assert "move it" in caught.value.hint


def test_an_sdk_whose_path_breaks_builds_is_passed_over(tmp_path: Path, store: Store) -> None:
    provider = SdkDirectory(SdkFamily.WASI_SDK, wasi_sdk(tmp_path / "my sdk"))
    assert "which configure and make cannot handle" in (provider.obstacle(store) or "")
    assert provider.cached(store) is None


def test_an_sdk_whose_clang_prints_no_version_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Store
) -> None:
    monkeypatch.setattr("harness.provide.sdk_directory.capture", lambda argv: "\n")
    path = wasi_sdk(tmp_path / "mine")
    provider = SdkDirectory(SdkFamily.WASI_SDK, path)
    with pytest.raises(Unobtainable, match=f"{path}/bin/clang --version prints nothing"):
        provider.obtain(store, silently)
    assert provider.cached(store) is None
