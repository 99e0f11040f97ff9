"""Which version parts the cells where something is so from those where it is not. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from matrix.conditions import Facts
from matrix.pins import version_of

_COMPOSED = re.compile(
    r"\b(?P<name>clang|wasi-libc|LLVM|binaryen) (?:\S*git(?P<date>\d{8})|(?P<version>\d+(?:\.\d+)*))"
)
"""parts of a composed SDK, as its provider names them: `clang 19.1.7 + wasi-libc 0.0~git20241209.574b88d`"""


class CellVersions(msgspec.Struct, frozen=True, kw_only=True):
    """A cell as boundaries see it: its target, and the version of each of its parts by name."""

    target: str
    versions: dict[str, str]


def versions_of(facts: Facts, sdk_detail: str = "") -> CellVersions:
    """A cell's place; `sdk_detail` is what its SDK was made of, as the report says it."""
    versions = {facts.sdk: facts.sdk_version, "CPython": facts.cpython}
    if facts.runtime:
        versions[facts.runtime] = facts.runtime_version
    versions |= {found["name"]: found["date"] or found["version"] for found in _COMPOSED.finditer(sdk_detail)}
    return CellVersions(target=facts.target, versions=versions)


class Boundary(msgspec.Struct, frozen=True, kw_only=True):
    """A version from which on something is so, which it was not before."""

    name: str
    """of the part: wasi-sdk, CPython, wasmtime, wasi-libc"""
    first: str
    """the first version with which it is so"""
    last: str
    """the last version before it that was seen"""
    target: str

    def __str__(self) -> str:
        return f"from {self.name} {self.first} on (not with {self.last})"


def boundaries(yes: Sequence[CellVersions], no: Sequence[CellVersions]) -> list[Boundary]:
    """The versions that part places where something is so (`yes`) from those where it is not (`no`).

    A part does, for a target, when each of its versions where it is so comes after every one where it is not.
    """
    found = []
    for target in sorted({place.target for place in yes} & {place.target for place in no}):
        of_yes, of_no = ([place.versions for place in kind if place.target == target] for kind in (yes, no))
        for name in sorted({name for versions in of_yes for name in versions}):
            after, before = ([one[name] for one in kind if name in one] for kind in (of_yes, of_no))
            if after and before:
                first, last = min(after, key=version_of), max(before, key=version_of)
                if version_of(first) > version_of(last):
                    found.append(Boundary(name=name, first=first, last=last, target=target))
    return found
