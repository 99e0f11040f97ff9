"""WASI SDKs in directories."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.machine.store import Store
from harness.provide import snapshot
from harness.provide.items import sdk_providers
from harness.provide.provider import silently
from harness.provide.sdk_directory import SdkDirectory, sdk_from
from harness.provide.sdk_layout import LAYOUTS, sdk_defect, sdk_version, usual_directory
from matrix.errors import Unobtainable, UsageError
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


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clang that says what it is."""
    monkeypatch.setattr("harness.provide.sdk_directory.ask", lambda argv: "clang version 18\n")


@pytest.mark.usefixtures("compiler")
def test_an_sdk_whose_path_breaks_builds_is_used_by_a_link(tmp_path: Path, store: Store) -> None:
    path = wasi_sdk(tmp_path / "my sdk")
    assert sdk_from(path).directory == path
    for _ in range(2):
        found = SdkDirectory(SdkFamily.WASI_SDK, path).obtain(store, silently)
        assert " " not in str(found.path)
        assert found.path.resolve() == path.resolve()
        assert str(path) in found.detail


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("name", ["share/wasi-sysroot/include/a.h", "share/wasi-sysroot/lib/libc.a", "bin/clang"])
def test_an_sdk_that_is_patched_in_place_is_another_one(tmp_path: Path, store: Store, name: str) -> None:
    path = wasi_sdk(tmp_path / "mine")
    (path / name).parent.mkdir(parents=True, exist_ok=True)
    (path / name).write_text("int one;")
    provider = SdkDirectory(SdkFamily.WASI_SDK, path)
    before = provider.obtain(store, silently)
    assert provider.obtain(store, silently) == before
    (path / name).write_text("int two;")
    assert provider.obtain(store, silently).digest != before.digest


@pytest.mark.usefixtures("compiler")
def test_files_that_did_not_change_are_not_read_again(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = wasi_sdk(tmp_path / "mine")
    os.utime(path / "bin/clang", (1, 1))
    monkeypatch.setattr(snapshot, "_SETTLED", -1.0)  # so that files of just now count as settled
    provider = SdkDirectory(SdkFamily.WASI_SDK, path)
    before = provider.obtain(store, silently)
    monkeypatch.setattr(snapshot, "_seen", lambda path, info: pytest.fail(f"{path} was read"))
    assert provider.obtain(store, silently) == before


def test_a_variable_that_names_no_directory_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WASI_SDK_PATH", str(tmp_path / "gone"))
    with pytest.raises(UsageError, match=r"\$WASI_SDK_PATH names .*gone, and there is no such directory") as caught:
        sdk_providers(made.sdk("24"))
    assert "unset it" in caught.value.hint


def test_an_sdk_whose_clang_prints_no_version_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Store
) -> None:
    monkeypatch.setattr("harness.provide.sdk_directory.ask", lambda argv: "\n")
    path = wasi_sdk(tmp_path / "mine")
    provider = SdkDirectory(SdkFamily.WASI_SDK, path)
    with pytest.raises(Unobtainable, match=f"{path}/bin/clang --version prints nothing"):
        provider.obtain(store, silently)
    assert provider.cached(store) is None
