"""The version of an SDK, CPython or runtime from which on something happens. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from matrix.conditions import Facts
from matrix.pins import version_of

_COMPOSED = re.compile(
    r"\b(?P<name>clang|wasi-libc|LLVM|binaryen) (?:\S*git(?P<date>\d{8})|(?P<version>\d+(?:\.\d+)*))"
)
"""the parts of a composed SDK, as its provider describes it: `clang 19.1.7 + wasi-libc 0.0~git20241209.574b88d`"""


class CellVersions(msgspec.Struct, frozen=True, kw_only=True):
    """A cell's target, and the version of each of its parts by the part's name."""

    target: str
    versions: dict[str, str]


def versions_of(facts: Facts, sdk_detail: str = "") -> CellVersions:
    """The versions of a cell's parts; `sdk_detail` is `SdkUsed.detail`, which names the parts of a composed SDK."""
    versions = {facts.sdk: facts.sdk_version, "CPython": facts.cpython}
    if facts.runtime:
        versions[facts.runtime] = facts.runtime_version
    versions |= {found["name"]: found["date"] or found["version"] for found in _COMPOSED.finditer(sdk_detail)}
    return CellVersions(target=facts.target, versions=versions)


class Boundary(msgspec.Struct, frozen=True, kw_only=True):
    """A version from which on something happens that did not happen before."""

    name: str
    """the part's name: wasi-sdk, CPython, wasmtime, wasi-libc"""
    first: str
    """the first version with which it happens"""
    last: str
    """the last observed version before that"""
    target: str

    def __str__(self) -> str:
        return f"from {self.name} {self.first} on (not with {self.last})"


def boundaries(yes: Sequence[CellVersions], no: Sequence[CellVersions]) -> list[Boundary]:
    """The boundaries between cells where something happens (`yes`) and cells where it does not (`no`).

    A part has a boundary on a target when all of its versions in `yes` are newer than all of its versions in `no`.
    """
    found = []
    for target in sorted({cell.target for cell in yes} & {cell.target for cell in no}):
        of_yes, of_no = ([cell.versions for cell in cells if cell.target == target] for cells in (yes, no))
        for name in sorted({name for versions in of_yes for name in versions}):
            after, before = ([one[name] for one in versions if name in one] for versions in (of_yes, of_no))
            if after and before:
                first, last = min(after, key=version_of), max(before, key=version_of)
                if version_of(first) > version_of(last):
                    found.append(Boundary(name=name, first=first, last=last, target=target))
    return found
