"""Suites that move on between two runs: a real apt, and an archive of real packages that the test makes and changes."""

from __future__ import annotations

import datetime
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.__main__ import main
from harness.machine.store import Store
from harness.provide import apt
from harness.provide.apt import SNAPSHOTS
from harness.provide.composed_wasi import ComposedWasiSdk
from harness.provide.obtain import ask_again, obtain
from harness.provide.provider import Obtained, silently
from matrix.archives import ComposedWasi, SuitePackage
from matrix.errors import Unobtainable
from tests.integration.packages import LocalArchive, clang, signing_key, wasi_libc
from tests.integration.web import free_port

DAY = datetime.date(2026, 11, 26)
LIBC, LATER = "0.0~git20260423.161b319", "0.0~git20270102.0123abc"
STILL = ComposedWasi(
    llvm=19,
    version="19.1.7",
    suites=("stable",),
    libc=SuitePackage(name="wasi-libc", suite="stable", version="0.0~git20241209.574b88d"),
    triple="wasm32-wasip1",
)
MOVING = replace(STILL, libc=SuitePackage(name="wasi-libc", suite="backports", version=LIBC, seen=DAY))


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    if not all(map(shutil.which, ("gpg", "gpg-agent", "apt-get", "dpkg-deb"))):
        pytest.fail("there is no gpg with its gpg-agent, or no apt (on Debian: apt-get install gpg gpg-agent)")
    with signing_key(tmp_path_factory.mktemp("key") / "home") as found:
        yield found


@pytest.fixture
def archive(tmp_path: Path, keyring: Path, monkeypatch: pytest.MonkeyPatch) -> LocalArchive:
    """The archive as it was when the matrix was written: the machine's apt has it as its mirror."""
    place = tmp_path / "archive"
    place.mkdir()
    made = LocalArchive(place, keyring)
    made.publish("stable", *clang(19, "1:19.1.7-3"), wasi_libc(STILL.libc.version))
    made.publish("backports", wasi_libc(LIBC))
    monkeypatch.setenv("APT_CONFIG", str(made.apt_config))
    monkeypatch.setattr(apt, "_KEYRING", keyring)
    monkeypatch.delenv(SNAPSHOTS, raising=False)
    return made


def still() -> ComposedWasiSdk:
    return ComposedWasiSdk("wasi-sdk-24", "24", STILL)


def moving() -> ComposedWasiSdk:
    return ComposedWasiSdk("wasi-sdk-33", "33", MOVING)


def obtained(provider: ComposedWasiSdk, store: Store, *, refresh: bool = False) -> Obtained:
    return obtain(provider._item, [provider], store, silently, refresh=refresh)


def a_day_passes(store: Store) -> None:
    """Make every index that apt has as old as those of yesterday."""
    yesterday = time.time() - 25 * 3600
    for stamp in (store.root / "state/apt").glob("*/updated"):
        os.utime(stamp, (yesterday, yesterday))


def libc_of(sdk: Obtained) -> str:
    """The version that the files of an SDK's wasi-libc say."""
    return libc_in(sdk.path)


def libc_in(sdk: Path) -> str:
    return (sdk / "share/wasi-sysroot/include/wasm32-wasi/version").read_text()


def test_an_sdk_of_packages_is_composed_with_what_they_need(archive: LocalArchive, store: Store) -> None:
    sdk = obtained(still(), store)
    assert libc_of(sdk) == STILL.libc.version
    said = subprocess.run([sdk.path / "bin/clang"], check=True, capture_output=True, text=True).stdout
    assert said == "clang 1:19.1.7-3\n"
    assert (sdk.path / "llvm/lib/libedit.so.2").is_file()  # which clang depends on indirectly


def test_a_suite_that_moves_on_takes_only_what_rests_on_it(archive: LocalArchive, store: Store) -> None:
    before = obtained(still(), store), obtained(moving(), store)
    archive.publish("backports", wasi_libc(LATER))
    a_day_passes(store)
    assert (obtained(still(), store), obtained(moving(), store)) == before  # the cache has them
    same, moved = (obtained(sdk, store, refresh=True) for sdk in (still(), moving()))
    assert same == before[0]
    assert (libc_of(before[1]), libc_of(moved)) == (LIBC, LATER)
    assert (moved.path, moved.digest) != (before[1].path, before[1].digest)
    assert "the archive no longer has wasi-libc 2026-04-23" in moved.notes[0]


def dry_run(store: Store, cpython: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """What `build --dry-run --refresh` says of SDK 24 and 33, as the project's matrix has them: exit status, output."""
    argv = ["build", "--target", "wasi", "--sdk", "24", "--sdk", "33", "--cpython", str(cpython)]
    status = main([*argv, "--dry-run", "--refresh"])
    return status, capsys.readouterr().out


def test_the_project_s_sdks_are_composed_of_what_suites_have_now(
    archive: LocalArchive,
    store: Store,
    cpython_source: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{free_port()}")  # upstream's archives cannot be fetched
    archive.publish("bookworm", *clang(19, "1:19.1.7-3"))
    archive.publish("bookworm-security", *clang(22, "1:22.1.8-1"))
    archive.publish("trixie", wasi_libc(STILL.libc.version))
    archive.publish("trixie-backports", wasi_libc(LIBC))
    status, before = dry_run(store, cpython_source, capsys)
    assert status == 0, before
    archive.publish("trixie-backports", wasi_libc(LATER))
    a_day_passes(store)
    status, after = dry_run(store, cpython_source, capsys)
    assert status == 0, after
    composed = [set(re.findall(r"entries/(wasi-sdk-\d+-composed-\w+)", text)) for text in (before, after)]
    (left,), (came,) = composed[0] - composed[1], composed[1] - composed[0]
    assert [libc_in(store.entry(name)) for name in (left, came)] == [LIBC, LATER]
    (same,) = composed[0] & composed[1]
    assert same.startswith("wasi-sdk-24-")
    archive.publish("trixie-backports")
    for name in (left, came):
        store.remove(store.entry(name))
    status, gone = dry_run(store, cpython_source, capsys)
    assert status == 3, gone
    assert f"entries/{same}" in gone


def test_a_machine_that_comes_later_takes_what_is_there(archive: LocalArchive, store: Store) -> None:
    archive.publish("backports", wasi_libc(LATER))
    assert moving().obstacle(store) is None
    sdk = obtained(moving(), store)
    assert (libc_of(sdk), sdk.detail) == (LATER, f"clang 19.1.7 + wasi-libc {LATER}")
    shutil.rmtree(archive.root)
    assert obtained(moving(), store) == sdk  # what stood in needs no archive afterwards


def test_a_clang_that_moves_on_takes_all_its_tools_along(archive: LocalArchive, store: Store) -> None:
    archive.publish("stable", *clang(19, "1:19.1.9-1"), wasi_libc(STILL.libc.version))
    sdk = obtained(still(), store)
    assert sdk.detail.startswith("clang 19.1.9 +")
    for tool in ("wasm-ld", "llvm-ar"):
        said = subprocess.run([sdk.path / "bin" / tool], check=True, capture_output=True, text=True).stdout
        assert said == f"{tool} 1:19.1.9-1\n"


def test_an_index_that_is_older_than_the_pool_is_fetched_again(archive: LocalArchive, store: Store) -> None:
    assert moving().obstacle(store) is None  # apt has an index with the old version now
    archive.publish("backports", wasi_libc(LATER))
    sdk = obtained(moving(), store)
    assert libc_of(sdk) == LATER


def test_an_exact_old_version_comes_from_the_snapshot_service(
    archive: LocalArchive, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.publish("backports", wasi_libc(LIBC), valid_for_days=-100)
    archive.keep_a_day(tmp_path / "snapshots", DAY)
    archive.publish("backports", wasi_libc(LATER))
    monkeypatch.setenv(SNAPSHOTS, f"file:{tmp_path}/snapshots/{{archive}}/{{time}}")
    assert libc_of(obtained(moving(), store)) == LIBC


def test_an_index_that_somebody_changed_is_not_believed(archive: LocalArchive, store: Store) -> None:
    signed = archive.root / "dists/backports/InRelease"
    signed.write_text(signed.read_text().replace("Origin: a test", "Origin: nobody"))
    with pytest.raises(Unobtainable, match="apt-get update failed"):
        obtained(moving(), store)


def test_a_suite_that_lost_the_package_costs_only_what_rests_on_it(archive: LocalArchive, store: Store) -> None:
    archive.publish("backports")
    with pytest.raises(Unobtainable, match=r"the archive has no wasi-libc"):
        obtained(moving(), store)
    obtained(still(), store)
    archive.publish("backports", wasi_libc(LATER))
    a_day_passes(store)
    with pytest.raises(Unobtainable, match="not asked again until"):
        obtained(moving(), store)
    ask_again(store)
    assert libc_of(obtained(moving(), store)) == LATER
