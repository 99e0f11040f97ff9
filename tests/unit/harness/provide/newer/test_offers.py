"""Listings of releases become rows with hashes; malformed entries and those without a hash become nothing."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from msgspec.structs import replace

from harness.provide.newer.offers import cpythons, emscriptens, merged, recomposed, wasi_sdks
from matrix.archives import Archive, SuitePackage
from matrix.errors import Unobtainable
from matrix.load import load
from matrix.model import CPython

TODAY = datetime.date(2026, 12, 1)
ONE, TWO = "1a" * 32, "2b" * 32
BASE = "https://example.org/releases/download"


def asset(name: str, digest: str | None) -> dict[str, Any]:
    return {"name": name, "browser_download_url": f"{BASE}/wasi-sdk-35/{name}", "digest": digest, "size": 1}


def releases(*assets: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps([{"tag_name": "t", "draft": False, "prerelease": False, "assets": assets, **changes}]).encode()


def test_a_release_is_offered_with_the_digests_of_its_machines() -> None:
    listing = releases(
        asset("wasi-sdk-35.0-arm64-linux.tar.gz", f"sha256:{TWO}"),
        asset("wasi-sdk-35.0-x86_64-linux.tar.gz", f"sha256:{ONE}"),
        asset("wasi-sdk-35.0-x86_64-macos.tar.gz", f"sha256:{ONE}"),
        asset("wasi-sysroot-35.0.tar.gz", f"sha256:{ONE}"),
    )
    (offer,) = wasi_sdks(listing)
    assert (offer.id, offer.family, offer.version) == ("wasi-sdk-35", "wasi-sdk", "35")
    assert offer.archive is not None
    url = f"{BASE}/wasi-sdk-35/wasi-sdk-35.0-%s-linux.tar.gz"
    assert offer.archive.for_machine("x86_64") == (url % "x86_64", ONE)
    assert offer.archive.for_machine("aarch64") == (url % "arm64", TWO)


@pytest.mark.parametrize("digest", [None, "", "sha512:00", "sha256:zz", f"sha256:{ONE}0"])
def test_a_release_without_a_digest_is_no_offer(digest: str | None) -> None:
    assert wasi_sdks(releases(asset("wasi-sdk-35.0-x86_64-linux.tar.gz", digest))) == []


@pytest.mark.parametrize("changes", [{"draft": True}, {"prerelease": True}])
def test_what_is_not_released_is_no_offer(changes: dict[str, Any]) -> None:
    assert wasi_sdks(releases(asset("wasi-sdk-35.0-x86_64-linux.tar.gz", f"sha256:{ONE}"), **changes)) == []


@pytest.mark.parametrize("listing", [b"", b"<html>", b'{"message": "rate limit exceeded"}', b"[1]", b'[{"draft": 1}]'])
def test_another_answer_is_named(listing: bytes) -> None:
    with pytest.raises(Unobtainable, match="GitHub's list of releases has a form that is not known"):
        wasi_sdks(listing)


REVISIONS = f"""
EMSCRIPTEN_TAGS = {{
    "6.1.0": struct(
        hash = "{"c" * 40}",
        sha_linux = "{ONE}",
        sha_linux_arm64 = "{TWO}",
        sha_mac = "{"d" * 64}",
    ),
    "6.0.9": struct(
        hash = "{"e" * 40}",
        sha_mac = "{"d" * 64}",
    ),
    "3.1.74": struct(
        hash = "{"f" * 40}",
        sha_linux = "{ONE}",
    ),
}}
"""


def test_emscriptens_are_those_with_archives_for_linux() -> None:
    (offer,) = emscriptens(REVISIONS.encode())
    assert offer.id == "emscripten-6.1.0"
    assert offer.archive is not None
    for machine, ending, sha256 in (("x86_64", "", ONE), ("aarch64", "-arm64", TWO)):
        url, found = offer.archive.for_machine(machine)
        assert url.endswith(f"/linux/{'c' * 40}/wasm-binaries{ending}.tar.xz")
        assert found == sha256


def test_the_emscriptens_that_are_pinned_are_those_of_that_list() -> None:
    """The shape of what is offered is that of what was pinned by hand."""
    pinned = next(sdk for sdk in load().sdks if sdk.id == "emscripten-4.0.12")
    assert pinned.archive is not None
    revision = pinned.archive.url.split("/")[-2]
    hashes = pinned.archive.sha256
    text = f'"4.0.12": struct(\n hash = "{revision}",\n sha_linux = "{hashes["x86_64"]}",\n'
    (offer,) = emscriptens(f'{text} sha_linux_arm64 = "{hashes["aarch64"]}",\n),'.encode())
    assert offer.archive == pinned.archive


def test_cpythons_are_source_archives_with_a_hash() -> None:
    place = "https://www.python.org/ftp/python"
    files = [
        {"url": f"{place}/3.15.0/Python-3.15.0.tar.xz", "sha256_sum": ONE, "name": "XZ", "os": "s"},
        {"url": f"{place}/3.15.0/Python-3.15.0rc1.tar.xz", "sha256_sum": ONE},
        {"url": f"{place}/3.9.1/Python-3.9.1.tar.xz", "sha256_sum": ""},
    ]
    (offer,) = cpythons(json.dumps(files).encode())
    assert offer == CPython(version="3.15.0", archive=Archive(url=files[0]["url"], sha256={"any": ONE}))


def cpython(sha256: str = ONE, url: str = "https://example.org/a.tar.xz", suite: str = "") -> CPython:
    package = SuitePackage(name="python3.15", suite=suite, version="3.15.0") if suite else None
    return CPython(version="3.15.0", archive=Archive(url=url, sha256={"any": sha256}), source_package=package)


def test_offers_of_one_version_are_one_row_with_all_its_places() -> None:
    rows, disputed = merged([cpython(), cpython(suite="forky")])
    assert rows == {"cpython-3.15.0": cpython(suite="forky")}
    assert disputed == []


def test_a_version_whose_hash_is_disputed_is_left_out_and_named() -> None:
    rows, disputed = merged([cpython(), cpython(sha256=TWO, suite="forky")])
    assert rows == {}
    assert disputed == ["cpython-3.15.0: two sources give different hashes of https://example.org/a.tar.xz"]


def test_another_packing_has_another_hash() -> None:
    rows, disputed = merged([cpython(), cpython(sha256=TWO, url="https://example.org/a.tgz")])
    assert rows == {"cpython-3.15.0": cpython()}
    assert disputed == []


def pinned_sdk(id_: str) -> Any:
    return next(sdk for sdk in load().sdks if sdk.id == id_)


def test_a_composed_wasi_sdk_follows_the_archive() -> None:
    sdk = pinned_sdk("wasi-sdk-33")
    now = {("trixie-backports", "wasi-libc"): "0.0~git20261001.abc", ("bookworm-security", "clang-22"): "22.2.0"}
    found = recomposed(sdk, lambda suite, package: now.get((suite, package)), TODAY)
    libc = replace(sdk.composed.libc, version="0.0~git20261001.abc", seen=TODAY)
    assert found == replace(sdk, composed=replace(sdk.composed, version="22.2.0", libc=libc))


def test_a_composed_emscripten_follows_the_tools_but_not_another_emscripten() -> None:
    sdk = pinned_sdk("emscripten-6.0.5")
    now = {"emscripten": sdk.composed_emscripten.emscripten, "clang-21": "21.1.9", "binaryen": "132"}
    composed = replace(sdk.composed_emscripten, llvm_version="21.1.9", binaryen="132", seen=TODAY)
    assert recomposed(sdk, lambda suite, package: now[package], TODAY) == replace(sdk, composed_emscripten=composed)
    now["emscripten"] = "6.1.0+dfsg"
    assert recomposed(sdk, lambda suite, package: now[package], TODAY) == sdk


@pytest.mark.parametrize("id_", ["wasi-sdk-24", "emscripten-3.1.69", "wasi-sdk-25"])
def test_what_the_archive_does_not_tell_stays(id_: str) -> None:
    sdk = pinned_sdk(id_)
    assert recomposed(sdk, lambda suite, package: None, TODAY) == sdk
