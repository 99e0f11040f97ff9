"""JSON objects that end with a seal, a digest of the rest: what a disk, a copy or an editor changed does not fit it."""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar

import msgspec

from matrix import json_records

T = TypeVar("T")
_SEAL = b',"seal":"'


def sealed(text: bytes) -> bytes:
    """A JSON object with its seal as the last field."""
    return text[:-1] + _SEAL + _digest(text) + b'"}'


def opened(line: bytes) -> bytes:
    """The JSON object in a sealed line. Raises ValueError when the line is not as it was written."""
    text, _, seal = line.strip().rpartition(_SEAL)
    text += b"}"
    if seal != _digest(text) + b'"}':
        raise ValueError("it does not fit its seal")
    return text


def _digest(text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=8).hexdigest().encode()


def encode(record: Any) -> bytes:
    """A record as sealed JSON."""
    return sealed(json_records.encode(record))


def decode(data: bytes, kind: type[T]) -> T:
    """The record in JSON with a seal, or in JSON without one, as earlier versions of the harness wrote it.

    Raises msgspec.DecodeError, also when there is a seal that does not fit.
    """
    if _SEAL in data:
        try:
            data = opened(data)
        except ValueError as exc:
            raise msgspec.DecodeError(str(exc)) from None
    return json_records.decode(data, kind)
