"""Digests of files, of bytes and of strings."""

from __future__ import annotations

import hashlib
from pathlib import Path


def file_sha256(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def bytes_digest(data: bytes) -> bytes:
    """A digest of bytes (32 hexadecimal digits), to tell whether they are as they were written."""
    return hashlib.blake2b(data, digest_size=16).hexdigest().encode()


def digest_of(*parts: str) -> str:
    """A short identity of some strings (16 hexadecimal digits), for names of cache entries and for stamps."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]
