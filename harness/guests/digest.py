"""The digest of everything that decides the outcomes of a cell's guests, and of its parts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

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
    rows = {path: f"{path} {digest}" for path, digest in sorted(files.items())}
    built = {path: row for path, row in rows.items() if path.startswith(f"{settings.build}/")}
    return {
        SOURCES: digest_of(*(row for path, row in rows.items() if path not in built)),
        "build": digest_of(settings.wasm_digest, *built.values()),
        "runtime": runtime,
        SETTINGS: digest_of(json_records.encode(plain).decode()),
        HARNESS: code_digest(GUEST_CODE),
    }


def digest_without_sources(marks: Mapping[str, str]) -> str:
    """One digest of all parts but the sources, each file of which concerns some results only."""
    return digest_of_marks({part: mark for part, mark in marks.items() if part != SOURCES})


def digest_of_marks(marks: Mapping[str, str]) -> str:
    """One digest of all parts."""
    return digest_of(*(f"{part} {mark}" for part, mark in marks.items()))
