"""The ways in which bytes are damaged."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

_MOST = 64
"""bytes that are changed or added at most"""

Way = Callable[[bytes, Random], bytes]


def _flip(data: bytes, chance: Random) -> bytes:
    """One bit, as a disk or a memory does."""
    place = chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]


def _cut(data: bytes, chance: Random) -> bytes:
    """The end is missing, as after a full disk or a crash."""
    return data[: chance.randrange(len(data))]


def _zero(data: bytes, chance: Random) -> bytes:
    """Some bytes are zero, as where a block was allocated, but never written."""
    start = chance.randrange(len(data))
    length = min(chance.randint(1, _MOST), len(data) - start)
    return data[:start] + bytes(length) + data[start + length :]


def _append(data: bytes, chance: Random) -> bytes:
    """Something was added."""
    return data + chance.randbytes(chance.randint(1, _MOST))


def _overwrite(data: bytes, chance: Random) -> bytes:
    """Some bytes are others."""
    start = chance.randrange(len(data))
    return data[:start] + chance.randbytes(min(_MOST, len(data) - start)) + data[start + _MOST :]


def _lose_line(data: bytes, chance: Random) -> bytes:
    """One line is missing."""
    lines = data.splitlines(keepends=True)
    del lines[chance.randrange(len(lines))]
    return b"".join(lines)


def _repeat_line(data: bytes, chance: Random) -> bytes:
    """One line is there twice."""
    lines = data.splitlines(keepends=True)
    lines.insert(chance.randrange(len(lines)), lines[chance.randrange(len(lines))])
    return b"".join(lines)


WAYS: dict[str, Way] = {
    "flipped": _flip,
    "cut": _cut,
    "zeroed": _zero,
    "appended": _append,
    "overwritten": _overwrite,
    "a line lost": _lose_line,
    "a line repeated": _repeat_line,
}


def damaged(data: bytes, chance: Random) -> tuple[str, bytes]:
    """Data that differ from these (not empty), and the way in which they do."""
    while True:
        way = chance.choice(list(WAYS))
        if (found := WAYS[way](data, chance)) != data:
            return way, found
