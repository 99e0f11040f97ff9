"""The pin files: the SDKs, CPythons, runtimes and ports of the matrix, each with an exact version or a hash.

A pin file is written by a program, so it has one canonical form: comments at the top, then the rows sorted by name
and version, with keys in the order of the model and without defaults. A remark about one row is its `note`. A diff
therefore shows what changed and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

import msgspec
import tomlkit
from packaging.version import InvalidVersion, Version

from matrix.files import CPythonsFile, PortsFile, RuntimesFile, SdksFile
from matrix.model import CPython, Port, Runtime, Sdk
from matrix.record import Record

Table = SdksFile | CPythonsFile | RuntimesFile | PortsFile
FILES: dict[str, type[Table]] = {
    "sdks.toml": SdksFile,
    "cpythons.toml": CPythonsFile,
    "runtimes.toml": RuntimesFile,
    "ports.toml": PortsFile,
}
"""the type of each pin file, by its name in a data directory"""


def dump(rows: Table, heading: str) -> str:
    """The canonical text of a pin file; `heading` is its comments, as `heading_of` returns them."""
    tables = {name: sorted(table, key=_order) for name, table in msgspec.structs.asdict(rows).items()}
    text: str = tomlkit.dumps({name: [_plain(row) for row in table] for name, table in tables.items()})
    return f"{heading}\n{text}" if heading else text


def heading_of(text: str) -> str:
    """The comment lines at the beginning of a file."""
    heading = []
    for line in text.splitlines(keepends=True):
        if not line.startswith("#"):
            break
        heading.append(line)
    return "".join(heading)


def _order(row: Sdk | CPython | Runtime | Port) -> tuple[str, Version]:
    name = row.family if isinstance(row, Sdk) else "" if isinstance(row, CPython) else row.name
    return name, version_of(row.version)


def version_of(text: str) -> Version:
    """The version as a sort key; a text that is not a version ("installed") sorts before all versions."""
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0.dev0")


def _plain(value: Any) -> Any:
    """The value as TOML has it: a record as a table without defaults."""
    if isinstance(value, Record):
        found = {}
        for field in msgspec.structs.fields(value):
            part = getattr(value, field.name)
            default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
            if part != default:
                found[field.encode_name] = _plain(part)
        return found
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value.value if isinstance(value, Enum) else value


def newest_of_lines(pinned: Iterable[str], offered: Iterable[str], *, parts: int) -> list[str]:
    """The offered versions to pin: the newest version of each pinned line, and of the newest line.

    A line is all versions with the same first `parts` numbers. A version counts only if it is newer than every
    pinned version of its line. Of the lines that are not pinned only the newest counts, and only if it is newer than
    every pinned line. Pre-releases never count.
    """
    have: dict[tuple[int, ...], Version] = {}
    for version in map(version_of, pinned):
        line = version.release[:parts]
        have[line] = max(have.get(line, version), version)
    best: dict[tuple[int, ...], tuple[Version, str]] = {}
    for text in offered:
        version = version_of(text)
        if not version.is_prerelease:
            line = version.release[:parts]
            best[line] = max(best.get(line, (version, text)), (version, text))
    lines = [line for line in best if line in have and best[line][0] > have[line]]
    newest = max(best, default=None)
    if newest is not None and newest not in have and all(newest > line for line in have):
        lines.append(newest)
    return [best[line][1] for line in sorted(lines)]


def steps_between(pinned: Iterable[str], offered: Iterable[str]) -> list[str]:
    """The offered releases between the oldest and the newest pinned version that are not pinned, the oldest first."""
    have = sorted(map(version_of, pinned))
    found = {version_of(text): text for text in offered}
    return [
        found[version]
        for version in sorted(found)
        if have and have[0] < version < have[-1] and version not in have and not version.is_prerelease
    ]
