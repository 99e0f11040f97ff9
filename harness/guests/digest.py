"""The digest of what decides the outcomes of a cell's guests."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.guests.settings import GuestSettings
from harness.machine.hashing import digest_of, file_sha256
from matrix import json_records

_HERE = Path(__file__).parents[1]


_GUEST_CODE = ("guests/**/*.py", "guests/**/*.js", "guests/**/*.html", "build/stage.py", "suite/batch.py")
"""what decides how a guest is set up, what it is told and what it does"""


_BUILD_FILES = ("Makefile", "pyconfig.h")
"""what tests read of a build, besides the program itself"""


def digest_of_guests(settings: GuestSettings, *parts: str) -> str:
    """The digest that the results of a cell's modules have in common.

    `parts` identify the sources and the runtime; paths do not count, the bytes behind them do.
    """
    nowhere = Path()
    plain = msgspec.structs.replace(settings, wasm=nowhere, compiled=nowhere, tree=nowhere)
    inside = settings.tree / settings.build.lstrip("/")
    files = [inside / name for name in _BUILD_FILES]
    files += sorted(path for pattern in _GUEST_CODE for path in _HERE.glob(pattern))
    hashes = [f"{path.name} {file_sha256(path)}" for path in files if path.is_file()]
    return digest_of(json_records.encode(plain).decode(), *parts, *hashes)
