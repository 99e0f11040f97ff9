"""Sizes and ages as people write them: `20G`, `30d`."""

from __future__ import annotations

import datetime
import re

from matrix.errors import UsageError

_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SPANS = {"h": "hours", "d": "days", "w": "weeks"}
_NUMBER = r"([0-9]{1,6}(?:\.[0-9]{1,6})?)"


def parse_size(text: str) -> int:
    """The bytes in `20G`, `500M` or `1.5G`. Raises UsageError."""
    match = re.fullmatch(f"{_NUMBER}([{''.join(_UNITS)}])", text, re.ASCII)
    if match is None:
        raise UsageError(f"{text!r} is not a size", hint="write a number with K, M, G or T: 20G, 500M, 1.5G")
    return int(float(match[1]) * _UNITS[match[2]])


def parse_age(text: str) -> datetime.timedelta:
    """The time span in `30d`, `12h` or `2w`. Raises UsageError."""
    match = re.fullmatch(f"{_NUMBER}([{''.join(_SPANS)}])", text, re.ASCII)
    if match is None:
        raise UsageError(f"{text!r} is not an age", hint="write a number with h, d or w (hours, days, weeks): 12h, 30d")
    return datetime.timedelta(**{_SPANS[match[2]]: float(match[1])})


def human_size(size: int) -> str:
    """`1.5G`: a size as `parse_size` reads it, rounded; `0` for no bytes."""
    if size == 0:
        return "0"
    unit, factor = next(((u, f) for u, f in reversed(_UNITS.items()) if size >= f), ("K", _UNITS["K"]))
    value = size / factor
    return f"{value:.0f}{unit}" if value >= 9.95 else f"{value:.1f}{unit}"


def human_age(age: datetime.timedelta) -> str:
    """`3 d ago`, in the largest unit that fits."""
    seconds = age.total_seconds()
    for unit, span in (("d", 24 * 3600), ("h", 3600), ("min", 60)):
        if seconds >= span:
            return f"{seconds // span:.0f} {unit} ago"
    return "just now"
