"""The digest of everything that decides the outcomes of a cell's guests."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.guests.settings import GuestSettings
from harness.machine.code import code_digest
from harness.machine.hashing import digest_of, file_sha256
from matrix import json_records

GUEST_CODE = ("harness/guests", "harness/build", "harness/suite/plugin.py")
"""the code that makes a guest's files, sets the guest up, drives it and reads its events: the folders, and
everything that the process imports in which guests run (pytest with the plugin)"""

_BUILD_FILES = ("Makefile", "pyconfig.h")
"""what tests read of a build, besides the program itself"""


def digest_of_guests(settings: GuestSettings, *parts: str) -> str:
    """The digest that the results of a cell's modules have in common.

    `parts` identify the sources and the runtime. Paths do not count; the bytes behind them do.
    """
    nowhere = Path()
    plain = msgspec.structs.replace(settings, wasm=nowhere, compiled=nowhere, tree=nowhere)
    inside = settings.tree / settings.build.lstrip("/")
    files = [f"{name} {file_sha256(inside / name)}" for name in _BUILD_FILES if (inside / name).is_file()]
    return digest_of(json_records.encode(plain).decode(), *parts, *files, code_digest(GUEST_CODE))
