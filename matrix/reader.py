"""Reads one TOML file as typed records. The only module of `matrix` that opens files.

An error names the file, the key path, and where possible what would be right.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from matrix.errors import ConfigError, near
from matrix.record import Record, decode_hook

DESCRIBED = "docs/reference/configuration.md describes every key"

T = TypeVar("T")


def read_toml(path: Path, kind: type[T]) -> T:
    """The file as `kind`. Raises ConfigError with file and key path when it does not fit."""
    document = _read(path)
    try:
        return msgspec.convert(document, kind, dec_hook=decode_hook)
    except msgspec.ValidationError as exc:
        place, problem = _taken_apart(str(exc))
        raise ConfigError(_message(path, document, place, problem), hint=_hint(kind, place, problem)) from None


def read_rows(path: Path, kind: type[Record]) -> tuple[list[Any], list[str]]:
    """The rows of a file with one table, each read by itself, and all problems with file and key path.

    `kind` is the file's type; its only field is the table. Raises ConfigError for a file that is not TOML.
    """
    (field,) = inspect.type_info(kind).fields  # type: ignore[attr-defined]  # a record's info has fields
    table, row_type = field.encode_name, field.type.item_type.cls
    document = _read(path)
    rows = document.get(table)
    problems = [f"{path}: unknown table {key!r}: only [[{table}]] is allowed" for key in document.keys() - {table}]
    if not isinstance(rows, list):
        return [], [*problems, f"{path}: no table [[{table}]]"]
    found = []
    for number, row in enumerate(rows):
        try:
            found.append(msgspec.convert(row, row_type, dec_hook=decode_hook))
        except msgspec.ValidationError as exc:
            place, problem = _taken_apart(str(exc))
            place = f"{table}[{number}]" + (f".{place}" if place else "")
            hint = _hint(kind, place, problem, otherwise="")
            problems.append(_message(path, document, place, problem) + (f" ({hint})" if hint else ""))
    return found, problems


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be read: {exc.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise ConfigError(f"{path}: not TOML: {exc}") from None


def _taken_apart(message: str) -> tuple[str, str]:
    """The key path (`sdk[0].version`) and the problem in a message of msgspec's."""
    problem, _, place = message.partition(" - at ")
    problem = re.sub(r"^Invalid enum value (.*)$", r"\1 is not allowed", problem)
    return place.strip("`").removeprefix("$").removeprefix("."), problem


def _message(path: Path, document: dict[str, Any], place: str, problem: str) -> str:
    """The problem after the file, the key path, and the id of the row."""
    match = re.match(r"(\w+)\[(\d+)\]", place)
    row = document[match[1]][int(match[2])] if match else None
    name = (row.get("id") or row.get("name")) if isinstance(row, dict) else None
    return f"{path}: {place}{f' ({name})' if isinstance(name, str) else ''}{': ' if place else ''}{problem}"


def _hint(kind: type, place: str, problem: str, *, otherwise: str = DESCRIBED) -> str:
    """The values that are allowed at a key path, nearest first, for a value that an enum does not have."""
    match = re.match(r"'(.*)' is not allowed$", problem)
    return near(match[1], _choices(kind, place)) if match else otherwise


def _choices(kind: type, place: str) -> list[str]:
    """The values of the enum at a key path below a type."""
    parts: tuple[inspect.Type, ...] = (inspect.type_info(kind),)
    for key in re.findall(r"\w+", place):
        inner = [part.item_type for part in parts if isinstance(part, inspect.VarTupleType)]
        for part in parts:
            if isinstance(part, inspect.StructType):
                inner += [field.type for field in part.fields if field.encode_name == key]
        parts = tuple(each for one in inner for each in (one.types if isinstance(one, inspect.UnionType) else (one,)))
    return [str(member.value) for part in parts if isinstance(part, inspect.EnumType) for member in part.cls]
