"""Compositions of suites that have moved on since the matrix was written."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.machine.store import Store
from harness.provide import composed
from harness.provide.apt import SNAPSHOTS
from harness.provide.composed_emscripten import ComposedEmscriptenSdk
from harness.provide.composed_wasi import ComposedWasiSdk
from harness.provide.obtain import obtain
from harness.provide.provider import silently
from matrix.archives import ComposedEmscripten, ComposedWasi, SuitePackage
from matrix.errors import Unobtainable
from tests.unit.harness.provide.archive import FakeArchive, clang, libc
from tests.unit.harness.provide.directories import wasi_sdk

WASI = ComposedWasi(
    llvm=22,
    version="22.1.8",
    suites=("stable",),
    libc=SuitePackage(
        name="wasi-libc",
        suite="backports",
        version="0.0~git20260423.161b319",
        seen=datetime.date(2026, 11, 26),
    ),
    triple="wasm32-wasip1",
)
EMSCRIPTEN = ComposedEmscripten(suite="testing", emscripten="6.0.5", llvm=21, llvm_version="21.1.8", binaryen="131")


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> FakeArchive:
    """An archive with what the matrix wants; an SDK of its packages is a skeleton."""
    monkeypatch.setattr(ComposedWasiSdk, "_arrange", lambda sdk, root, directory, final: wasi_sdk(directory))
    monkeypatch.setattr(composed, "capture", lambda command: "")
    monkeypatch.delenv(SNAPSHOTS, raising=False)
    made = FakeArchive({"stable": clang(22, "1:22.1.8-1"), "backports": libc("20260423", "161b319")})
    made.use(monkeypatch)
    return made


def sdk(wasi: ComposedWasi = WASI) -> ComposedWasiSdk:
    return ComposedWasiSdk("wasi-sdk-33", "33", wasi, released_libc="20260423.161b319")


def test_what_is_wanted_is_taken_and_said(archive: FakeArchive, store: Store) -> None:
    found = sdk().obtain(store, silently)
    assert found.notes == ("wasi-sdk-33: composed of clang 22.1.8 and wasi-libc 2026-04-23",)


def test_a_suite_that_has_moved_on_is_taken_at_what_it_has(archive: FakeArchive, store: Store) -> None:
    archive.suites["backports"] = libc("20270102")
    found = sdk().obtain(store, silently)
    (note,) = found.notes
    assert note.startswith("wasi-sdk-33: composed of clang 22.1.8 and wasi-libc 2027-01-02")
    assert "the release has wasi-libc 2026-04-23" in note
    assert "the archive no longer has wasi-libc 2026-04-23" in note
    assert found.detail == "clang 22.1.8 + wasi-libc 0.0~git20270102.0123abc"


def test_all_tools_have_the_version_that_stands_in(archive: FakeArchive, store: Store) -> None:
    archive.suites["stable"] = clang(22, "1:22.2.0-1")
    assert sdk().obtain(store, silently).detail.startswith("clang 22.2.0 +")
    tools = [name for name in archive.downloaded if name.startswith("lib")]
    assert {name.partition("=")[2] for name in tools} == {"1:22.2.0-1"}


def test_other_parts_are_another_sdk(archive: FakeArchive, store: Store) -> None:
    before = sdk().obtain(store, silently)
    archive.suites["backports"] = libc("20270102")
    after = obtain("wasi-sdk-33", [sdk()], store, silently, refresh=True)
    assert before.path != after.path
    assert before.digest != after.digest


def test_what_stood_in_is_found_in_the_cache_without_asking(archive: FakeArchive, store: Store) -> None:
    archive.suites["backports"] = libc("20270102")
    made = sdk().obtain(store, silently)
    archive.asked.clear()
    assert obtain("wasi-sdk-33", [sdk()], store, silently) == made
    assert archive.asked == []


def test_what_stood_in_for_something_else_is_not_used(archive: FakeArchive, store: Store) -> None:
    archive.suites["backports"] = libc("20270102")
    sdk().obtain(store, silently)
    other = replace(WASI, libc=replace(WASI.libc, version="0.0~git20270101.abc"))
    assert sdk(other).cached(store) is None


def test_an_exact_old_version_comes_from_the_snapshot_service(
    archive: FakeArchive, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.suites |= {f"{name}@2026-11-26": had for name, had in archive.suites.items()}
    archive.suites["backports"] = libc("20270102")
    monkeypatch.setenv(SNAPSHOTS, "http://localhost/{archive}/{time}")
    assert sdk().obtain(store, silently).detail == "clang 22.1.8 + wasi-libc 0.0~git20260423.161b319"


def test_a_snapshot_service_that_does_not_answer_is_passed_over_and_said(
    archive: FakeArchive, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.suites["backports"] = libc("20270102")
    monkeypatch.setenv(SNAPSHOTS, "http://localhost/{archive}/{time}")
    said: list[str] = []
    assert "20270102" in sdk().obtain(store, said.append).detail
    assert any("not from the snapshot service" in message for message in said)


def test_a_package_that_is_gone_altogether_is_an_obstacle(archive: FakeArchive, store: Store) -> None:
    archive.suites["backports"] = {}
    assert "has no wasi-libc" in (sdk().obstacle(store) or "")


def test_an_unknown_suite_is_an_obstacle(archive: FakeArchive, store: Store) -> None:
    del archive.suites["backports"]
    assert "no such suite" in (sdk().obstacle(store) or "")


def of_testing(emscripten: str, binaryen: str) -> dict[str, str]:
    tools = dict.fromkeys(("clang-21", "lld-21", "llvm-21", "libclang-common-21-dev"), "1:21.1.9-1")
    return {**tools, "emscripten": f"{emscripten}-1", "binaryen": f"{binaryen}-1", "node-acorn": "8"}


def test_an_emscripten_takes_the_tools_that_its_suite_has_now(archive: FakeArchive, store: Store) -> None:
    archive.suites["testing"] = of_testing("6.0.5", "132")
    provider = ComposedEmscriptenSdk("emscripten-6.0.5", EMSCRIPTEN)
    assert provider.obstacle(store) is None
    settled = provider._settled(store, silently)
    assert "LLVM 21.1.9, binaryen 132" in settled._notes()[0]


def test_another_emscripten_does_not_stand_in(archive: FakeArchive, store: Store, tmp_path: Path) -> None:
    archive.suites["testing"] = of_testing("6.0.9", "132")
    with pytest.raises(Unobtainable, match=r"has no emscripten 6\.0\.5 \(testing: 6\.0\.9-1\)"):
        ComposedEmscriptenSdk("emscripten-6.0.5", EMSCRIPTEN).obtain(store, silently)
