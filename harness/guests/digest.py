"""The digest of everything that decides the outcomes of a cell's guests, and of its parts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from harness.guests.settings import GuestSettings
from harness.machine.code import code_digest
from harness.machine.hashing import digest_of
from matrix import json_records

GUEST_CODE = ("harness/guests", "harness/build", "harness/suite/plugin.py")
"""the code that makes a guest's files, sets the guest up, drives it and reads its events: the folders, and
everything that the process imports in which guests run (pytest with the plugin)"""
DECIDING = (*GUEST_CODE, "matrix/data")
"""the files of the project that decide outcomes, also by what they say of versions and flags"""

_CORE = b"\0asm\1\0\0\0"
"""how a core module begins; a component has another version"""
_CUSTOM = 0

SETTINGS = "settings of guests"
SOURCES = "sources"
HARNESS = "harness"
"""the names of three parts"""


def marks_of_guests(settings: GuestSettings, files: Mapping[str, str], *, runtime: str) -> dict[str, str]:
    """What the results of a cell's modules have in common: a digest of each of its parts, by the part's name.

    `files` are those of the tree that guests see, each with its digest (`harness.build.manifest`), and `runtime`
    identifies the runtime. Where all of that lies does not count.
    """
    nowhere = Path()
    plain = msgspec.structs.replace(settings, wasm=nowhere, wasm_digest="", compiled=nowhere, tree=nowhere)
    # What the program does, `wasm_digest` says.
    rows = {path: f"{path} {digest}" for path, digest in sorted(files.items()) if path != settings.executable}
    built = {path: row for path, row in rows.items() if path.startswith(f"{settings.build}/")}
    return {
        SOURCES: digest_of(*(row for path, row in rows.items() if path not in built)),
        "build": digest_of(settings.wasm_digest, *built.values()),
        "runtime": runtime,
        SETTINGS: digest_of(json_records.encode(plain).decode()),
        HARNESS: code_digest(GUEST_CODE),
    }


def program_digest(wasm: Path) -> str:
    """The digest of what a program does: of its bytes, without the sections that debuggers read.

    After an edit that moves lines, those differ and nothing else does. Custom sections have no effect on what a module
    does (https://webassembly.github.io/spec/core/appendix/custom.html); only those of DWARF are left out here
    (https://yurydelendik.github.io/webassembly-dwarf/). What is not a core module counts with all of its bytes.
    """
    data = wasm.read_bytes()
    digest = hashlib.sha256()
    try:
        for section in _sections(data):
            if not section.name.startswith(b".debug_"):
                digest.update(section.data)
    except IndexError:
        return hashlib.sha256(data).hexdigest()
    return digest.hexdigest()


class _Section(NamedTuple):
    data: memoryview
    """with its kind and size"""
    name: bytes
    """of a custom section; empty for the others"""


def _sections(data: bytes) -> Iterator[_Section]:
    """The header and the sections of a module. Raises IndexError when it is not one.

    https://webassembly.github.io/spec/core/binary/modules.html
    """
    if not data.startswith(_CORE):
        raise IndexError
    view = memoryview(data)
    yield _Section(view[: len(_CORE)], b"")
    start = len(_CORE)
    while start < len(data):
        kind = data[start]
        size, content = _number(data, start + 1)
        end = content + size
        if end > len(data):
            raise IndexError
        name = b""
        if kind == _CUSTOM:
            length, first = _number(data, content)
            name = data[first : first + length]
        yield _Section(view[start:end], name)
        start = end


def _number(data: bytes, start: int) -> tuple[int, int]:
    """An unsigned LEB128 number, and where what follows it begins."""
    value = shift = 0
    while True:
        byte = data[start]
        start += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, start
        shift += 7


def digest_without_sources(marks: Mapping[str, str]) -> str:
    """One digest of all parts but the sources, each file of which concerns some results only."""
    return digest_of_marks({part: mark for part, mark in marks.items() if part != SOURCES})


def digest_of_marks(marks: Mapping[str, str]) -> str:
    """One digest of all parts."""
    return digest_of(*(f"{part} {mark}" for part, mark in marks.items()))
