"""The digest of everything that decides the outcomes of a cell's guests, and of its parts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from harness.guests.settings import GuestSettings
from harness.machine.code import code_digest
from harness.machine.hashing import digest_of, file_sha256
from matrix import json_records

GUEST_CODE = ("harness/guests", "harness/build", "harness/suite/plugin.py")
"""the code that makes a guest's files, sets the guest up, drives it and reads its events: the folders, and
everything that the process imports in which guests run (pytest with the plugin)"""
DECIDING = (*GUEST_CODE, "matrix/data")
"""the files of the project that decide outcomes, also by what they say of versions and flags"""

SETTINGS = "settings of guests"
"""the name of one part"""

_BUILD_FILES = ("Makefile", "pyconfig.h")
"""what tests read of a build, besides the program itself"""


def marks_of_guests(settings: GuestSettings, *, sources: str, runtime: str) -> dict[str, str]:
    """What the results of a cell's modules have in common: a digest of each of its parts, by the part's name.

    `sources` and `runtime` identify those. Paths do not count; the bytes behind them do.
    """
    nowhere = Path()
    plain = msgspec.structs.replace(settings, wasm=nowhere, wasm_digest="", compiled=nowhere, tree=nowhere)
    inside = settings.tree / settings.build.lstrip("/")
    files = [f"{name} {file_sha256(inside / name)}" for name in _BUILD_FILES if (inside / name).is_file()]
    return {
        "sources": sources,
        "build": digest_of(settings.wasm_digest, *files),
        "runtime": runtime,
        SETTINGS: digest_of(json_records.encode(plain).decode()),
        "harness": code_digest(GUEST_CODE),
    }


def digest_of_marks(marks: Mapping[str, str]) -> str:
    """One digest of all parts."""
    return digest_of(*(f"{part} {mark}" for part, mark in marks.items()))
