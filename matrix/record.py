"""The base class of the matrix's records, the field types that have a pattern, and the hook that reads the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from matrix.versions import Requirement

Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Identifier = Annotated[str, Meta(pattern="^[A-Za-z0-9][A-Za-z0-9.+-]*$")]
Url = Annotated[str, Meta(pattern="^https?://")]


class Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base class of all records of the matrix: immutable, keyword-only, and without unknown keys."""


def decode_hook(kind: type, value: Any) -> Any:
    """msgspec's `dec_hook`, for the field types that TOML does not have. Raises ValueError for a wrong value."""
    if kind is Requirement:
        if not isinstance(value, str):
            raise ValueError("write a version requirement as a string, such as 'wasi-sdk>=20' or '>=3.11'")
        return Requirement.parse(value)
    if issubclass(kind, Path):
        return Path(value)
    raise ValueError(f"{kind.__name__} cannot be read from TOML")
