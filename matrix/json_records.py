"""Records as JSON, with paths as strings. Every JSON file that the harness writes is written with these functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def encode(record: Any) -> bytes:
    """The record as compact JSON."""
    return msgspec.json.encode(record, enc_hook=_to_json)


def decode(data: bytes, kind: type[T]) -> T:
    """The record of that type. Raises msgspec.DecodeError (ValidationError if only the shape is wrong).

    That is so also for bytes that are no UTF-8, and for JSON that is nested too deeply.
    """
    try:
        return msgspec.json.decode(data, type=kind, dec_hook=_from_json)
    except (UnicodeDecodeError, RecursionError) as exc:
        raise msgspec.DecodeError(str(exc)) from None


def indented(record: Any) -> bytes:
    """The record as indented JSON for people, with a newline at the end."""
    return msgspec.json.format(encode(record), indent=2) + b"\n"


def _to_json(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _from_json(kind: type, value: Any) -> Any:
    if issubclass(kind, Path):
        return Path(value)
    raise TypeError(f"{kind.__name__} has no JSON form")
