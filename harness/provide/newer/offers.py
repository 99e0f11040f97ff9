"""Listings of published versions, as rows for the pin files (matrix/pins.py).

A version is offered only with the hash that its publisher gives: nothing else may be pinned.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from matrix.archives import Archive
from matrix.errors import Unobtainable
from matrix.model import CPython, Sdk, SdkFamily
from matrix.pins import version_of

Row = TypeVar("Row", Sdk, CPython)
Item = TypeVar("Item")

_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""the machines of WASI SDK's releases, by their names there"""
_WASI_SDK = re.compile(r"wasi-sdk-(\d+)\.\d+-(x86_64|arm64)-linux\.tar\.gz")
_EMSCRIPTEN = re.compile(r'"(\d+\.\d+\.\d+)": struct\(([^)]*)\)')
_EMSCRIPTEN_FIELD = re.compile(r'(\w+) = "([0-9a-f]+)"')
_EMSCRIPTEN_URL = (
    "https://storage.googleapis.com/webassembly/emscripten-releases-builds/linux/{}/wasm-binaries{{machine}}.tar.xz"
)
_CPYTHON = re.compile(r"/Python-(\d+\.\d+\.\d+)\.tar\.xz$")
CPYTHON_URL = "https://www.python.org/ftp/python/{0}/Python-{0}.{1}"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class _Asset(msgspec.Struct, frozen=True):
    name: str
    browser_download_url: str
    digest: str | None = None


class _Release(msgspec.Struct, frozen=True):
    draft: bool
    prerelease: bool
    assets: tuple[_Asset, ...]


class _ReleaseFile(msgspec.Struct, frozen=True):
    url: str
    sha256_sum: str = ""


def wasi_sdks(listing: bytes) -> list[Sdk]:
    """The WASI SDKs among a GitHub repository's releases whose files have digests. Raises Unobtainable."""
    found: dict[str, Sdk] = {}
    for release in _decoded(listing, _Release, "GitHub's list of releases"):
        if release.draft or release.prerelease:
            continue
        for asset in release.assets:
            match = _WASI_SDK.fullmatch(asset.name)
            sha256 = (asset.digest or "").removeprefix("sha256:")
            if match is None or not _SHA256.fullmatch(sha256):
                continue
            version, machine = match[1], match[2]
            url = asset.browser_download_url.replace(f"-{machine}-linux", "-{machine}-linux")
            archive = Archive(url=url, sha256={_MACHINES[machine]: sha256}, machines={"aarch64": "arm64"})
            if version in found and (known := found[version].archive) is not None:
                archive = replace(archive, sha256=dict(sorted((known.sha256 | archive.sha256).items(), reverse=True)))
            family = SdkFamily.WASI_SDK
            found[version] = Sdk(id=f"{family}-{version}", family=family, version=version, archive=archive)
    return list(found.values())


def emscriptens(listing: bytes) -> list[Sdk]:
    """The Emscriptens of emsdk's bazel/revisions.bzl since 4.0; earlier archives had other names."""
    found = []
    for version, body in _EMSCRIPTEN.findall(listing.decode("utf-8", "replace")):
        fields = dict(_EMSCRIPTEN_FIELD.findall(body))
        hashes = {"x86_64": fields.get("sha_linux", ""), "aarch64": fields.get("sha_linux_arm64", "")}
        hashes = {machine: sha256 for machine, sha256 in hashes.items() if _SHA256.fullmatch(sha256)}
        if "hash" in fields and hashes and version_of(version) >= version_of("4"):
            url = _EMSCRIPTEN_URL.format(fields["hash"])
            archive = Archive(url=url, sha256=hashes, machines={"x86_64": "", "aarch64": "-arm64"})
            family = SdkFamily.EMSCRIPTEN
            found.append(Sdk(id=f"{family}-{version}", family=family, version=version, archive=archive))
    return found


def cpythons(listing: bytes) -> list[CPython]:
    """The CPythons in python.org's list of source archives that have a hash. Raises Unobtainable."""
    files = _decoded(listing, _ReleaseFile, "python.org's list of files")
    return [
        CPython(version=match[1], archive=Archive(url=file.url, sha256={"any": file.sha256_sum}))
        for file in files
        if (match := _CPYTHON.search(file.url)) and _SHA256.fullmatch(file.sha256_sum)
    ]


def _decoded(listing: bytes, kind: type[Item], what: str) -> list[Item]:
    try:
        return msgspec.json.decode(listing, type=list[kind])  # type: ignore[valid-type]  # a type at run time
    except msgspec.DecodeError as exc:
        raise Unobtainable(f"{what} has a form that is not known: {exc}") from None


def packages_of(sdk: Sdk) -> set[str]:
    """The packages whose versions `recomposed` asks for."""
    if sdk.composed is not None:
        return {sdk.composed.libc.name, f"clang-{sdk.composed.llvm}"}
    if sdk.composed_emscripten is not None:
        return {"emscripten", "binaryen", f"clang-{sdk.composed_emscripten.llvm}"}
    return set()


def recomposed(sdk: Sdk, newest: Callable[[str, str], str | None], today: datetime.date) -> Sdk:
    """The SDK with the package versions that the archive has `today`.

    `newest(suite, package)` is the upstream version there; None when the suite lacks the package.
    """
    if (wasi := sdk.composed) is not None:
        libc = newest(wasi.libc.suite, wasi.libc.name) or wasi.libc.version
        clangs = (newest(suite, f"clang-{wasi.llvm}") for suite in wasi.suites)
        clang = next(filter(None, clangs), wasi.version)
        seen = wasi.libc.seen if libc == wasi.libc.version and clang == wasi.version else today
        return replace(sdk, composed=replace(wasi, version=clang, libc=replace(wasi.libc, version=libc, seen=seen)))
    if (emscripten := sdk.composed_emscripten) is not None:
        if newest(emscripten.suite, "emscripten") != emscripten.emscripten:
            return sdk  # the suite has another Emscripten: a row of its own
        clang = newest(emscripten.suite, f"clang-{emscripten.llvm}") or emscripten.llvm_version
        binaryen = newest(emscripten.suite, "binaryen") or emscripten.binaryen
        seen = emscripten.seen if clang == emscripten.llvm_version and binaryen == emscripten.binaryen else today
        return replace(sdk, composed_emscripten=replace(emscripten, llvm_version=clang, binaryen=binaryen, seen=seen))
    return sdk


def merged(offers: Iterable[Row]) -> tuple[dict[str, Row], list[str]]:
    """One row per id from the offers of several sources; and which ids are left out, since their hashes differ."""
    found: dict[str, Row] = {}
    disputed: dict[str, str] = {}
    for offer in offers:
        known = found.get(offer.id)
        if known is None:
            found[offer.id] = offer
            continue
        for field in msgspec.structs.fields(offer):
            mine, theirs = getattr(known, field.name), getattr(offer, field.name)
            if isinstance(mine, Archive) and isinstance(theirs, Archive):
                shared = mine.sha256.keys() & theirs.sha256.keys()
                if mine.url == theirs.url and any(mine.sha256[key] != theirs.sha256[key] for key in shared):
                    disputed[offer.id] = f"{offer.id}: two sources give different hashes of {mine.url}"
            elif mine == field.default:
                found[offer.id] = replace(found[offer.id], **{field.name: theirs})
    return {id_: row for id_, row in found.items() if id_ not in disputed}, list(disputed.values())
