"""The pin files: which SDKs, CPythons, runtimes and ports there are, each by exact version or by hash.

A pin file is the canonical dump of its rows below a heading of comments: rows in the order of their names and
versions, keys in the order of the model, nothing that is a default. What is said of one row is its `note`. So a
program can write them, and a diff shows what changed and nothing else.
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
"""the pin files of a directory of matrix data, with what is in each"""


def dump(rows: Table, heading: str) -> str:
    """A pin file's text; `heading` is its comments, as `heading_of` gives them."""
    tables = {name: sorted(table, key=_order) for name, table in msgspec.structs.asdict(rows).items()}
    text: str = tomlkit.dumps({name: [_plain(row) for row in table] for name, table in tables.items()})
    return f"{heading}\n{text}" if heading else text


def heading_of(text: str) -> str:
    """The comments that a file begins with, up to its first line of another kind."""
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
    """A version to sort by; what is none ("installed") comes before all that are."""
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0.dev0")


def _plain(value: Any) -> Any:
    """Records as tables without what is a default; all else as TOML has it."""
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
    """Which of the offered versions are news: the newest of each line that is pinned, and of the newest line.

    A line is the versions whose first `parts` numbers are equal. Only versions newer than all that is pinned of
    their line count, and of lines that are not pinned only the newest, if it is newer than all that are.
    Pre-releases are no news.
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
