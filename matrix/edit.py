"""Edits the text of a limitations file. Comments, order and layout stay as they are. Pure.

The functions split a file into its tables, each with the comments directly above it, and change one table with
tomlkit, which preserves everything else (https://tomlkit.readthedocs.io).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tomlkit
from tomlkit.items import AoT, Array, Table

from matrix.errors import UsageError

_LONG = 100
"""columns: a longer list has one line per value"""
_HEADER = re.compile(r"^\[\[(?P<name>[\w.]+)\]\]")
_ENTRY, _TESTS = "limitation", "limitation.tests"


def entry_ids(text: str) -> list[str]:
    """The ids of the entries, in the order of the file."""
    return [name for name, _ in _tables(text) if name is not None]


def add_tests(
    text: str,
    limitation: str,
    *,
    match: Sequence[str],
    expect: str,
    reason: str,
    when: Mapping[str, Sequence[str]],
) -> str:
    """The text with expected tests added at the end of an entry. Raises UsageError when there is no such entry."""
    rows: dict[str, Any] = {"match": match[0] if len(match) == 1 else _array(match), "expect": expect, "reason": reason}
    lines = [f"[[{_TESTS}]]", *(f"{key} = {tomlkit.item(value).as_string()}" for key, value in rows.items())]
    if when:
        parts = ", ".join(f"{axis} = {tomlkit.item(list(values)).as_string()}" for axis, values in when.items())
        lines.append(f"when = {{ {parts} }}")
    parts_of = _entry(text, limitation)
    return _joined([*parts_of.before, *parts_of.tables, "\n".join(lines) + "\n", *parts_of.after])


def add_skip_reason(text: str, limitation: str, reason: str, seen: Mapping[str, Sequence[str]]) -> str:
    """The text with a skip reason added at the end of an entry's list, as a pattern that matches only this reason.

    `seen` is the condition for the cells whose tests gave the reason. Raises UsageError when there is no such entry.
    """
    parts = _entry(text, limitation)
    document, entry = _parsed(parts.tables[0])
    row = tomlkit.inline_table()
    row["match"] = re.escape(reason).replace("\\ ", " ") + "$"
    if seen:
        row["seen"] = tomlkit.inline_table()
        row["seen"].update({axis: list(values) for axis, values in seen.items()})
    known = entry.get("skip_reasons")
    if isinstance(known, Array):
        known.append(row)
        head = tomlkit.dumps(document)
    else:
        # Other entries have `skip_reasons` after these keys.
        head = re.sub(
            r"\A(.*^(?:id|title|section|when) = [^\n]*\n)",
            lambda found: f"{found[1]}skip_reasons = [{row.as_string()}]\n",
            parts.tables[0],
            count=1,
            flags=re.DOTALL | re.MULTILINE,
        )
    return _joined([*parts.before, head, *parts.tables[1:], *parts.after])


def retire(text: str, limitation: str, match: str) -> str:
    """The text without one glob of an entry, and without the glob's table if that has no other.

    Raises UsageError when the entry does not have the glob.
    """
    parts = _entry(text, limitation)
    tables = [_without(table, match) for table in parts.tables[1:]]
    if tables == parts.tables[1:]:
        raise UsageError(f"limitation {limitation!r} has no glob {match!r}")
    return _joined([*parts.before, parts.tables[0], *filter(None, tables), *parts.after])


def retire_skip_reason(text: str, limitation: str, pattern: str) -> str:
    """The text without one skip reason of an entry. Raises UsageError when the entry does not have the reason."""
    parts = _entry(text, limitation)
    document, entry = _parsed(parts.tables[0])
    known = entry.get("skip_reasons", [])
    places = [place for place, one in enumerate(known) if (one if isinstance(one, str) else one["match"]) == pattern]
    if not places:
        raise UsageError(f"limitation {limitation!r} has no skip reason {pattern!r}")
    for place in reversed(places):
        del known[place]
    if not known:
        del entry["skip_reasons"]
    return _joined([*parts.before, tomlkit.dumps(document), *parts.tables[1:], *parts.after])


def _without(table: str, match: str) -> str:
    """A table of tests without a glob; "" when the table has no other glob."""
    document, row = _parsed(table)
    value: Any = row["match"]
    if not isinstance(value, Array):
        return "" if value == match else table
    left = [glob for glob in value if glob != match]
    if len(left) == len(value):
        return table
    for place in reversed([place for place, glob in enumerate(value) if glob == match]):
        del value[place]
    return tomlkit.dumps(document) if left else ""


class _Parts:
    """A file split at one entry: the entry's own tables, and the text before and after."""

    def __init__(self, before: list[str], tables: list[str], after: list[str]) -> None:
        self.before, self.tables, self.after = before, tables, after


def _entry(text: str, limitation: str) -> _Parts:
    tables = _tables(text)
    starts = [number for number, (name, _) in enumerate(tables) if name is not None]
    for start, end in zip(starts, [*starts[1:], len(tables)], strict=True):
        if tables[start][0] == limitation:
            pieces = [piece for _, piece in tables]
            return _Parts(pieces[:start], pieces[start:end], pieces[end:])
    raise UsageError(f"there is no limitation {limitation!r} in this file")


def _tables(text: str) -> list[tuple[str | None, str]]:
    """The text in pieces, one per table with the comments above it; an entry's first piece comes with its id."""
    pieces: list[list[str]] = [[]]
    above: list[str] = []
    for line in text.splitlines(keepends=True):
        if _HEADER.match(line):
            pieces.append([*above, line])
            above = []
        elif line.startswith("#"):
            above.append(line)
        else:
            pieces[-1] += [*above, line]
            above = []
    pieces[-1] += above
    found: list[tuple[str | None, str]] = []
    for piece in map("".join, pieces):
        headers = re.findall(_HEADER.pattern, piece, re.MULTILINE)
        found.append((str(tomllib.loads(piece)[_ENTRY][0]["id"]) if headers == [_ENTRY] else None, piece))
    return found


def _parsed(table: str) -> tuple[tomlkit.TOMLDocument, Table]:
    """The document of a piece, and the one table in it."""
    document = tomlkit.parse(table)
    found: Any = document[_ENTRY]
    if not isinstance(found, AoT):
        found = found["tests"]
    return document, found[0]


def _joined(pieces: Iterable[str]) -> str:
    """The pieces, separated by one empty line each."""
    return "\n\n".join(piece.strip("\n") for piece in pieces if piece.strip("\n")) + "\n"


def _array(values: Sequence[str]) -> Array:
    array = tomlkit.array()
    array.extend(values)
    return array.multiline(len(values) > 1 and sum(len(value) + 4 for value in values) > _LONG)
