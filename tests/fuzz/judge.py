"""The property: equal to an undisturbed use, or refused or red with the true cause; never a false green."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple


class Seen(NamedTuple):
    """The result of one use of a kept file, and what it told the user."""

    result: object
    """what has to be equal to that of an undisturbed use"""
    green: bool
    """whether the use ended as if all were well"""
    said: str
    """everything that it told the user"""
    unforeseen: bool = False
    """whether it ended with an exception that nobody foresaw"""


class Finding(Enum):
    """How a damaged use compares with an undisturbed one."""

    EQUAL = "equal"
    REFUSED = "refused or red, with the cause"
    SILENT = "red, but without the cause"
    TRACEBACK = "an exception that nobody foresaw"
    FALSE_GREEN = "green, but not equal"


GOOD = frozenset({Finding.EQUAL, Finding.REFUSED})


def judged(undisturbed: Seen, now: Seen, causes: Sequence[str]) -> Finding:
    """Compare a use after damage; the true cause is told by one of the words `causes`."""
    if now.unforeseen:
        return Finding.TRACEBACK
    if now.green:
        return Finding.EQUAL if now.result == undisturbed.result else Finding.FALSE_GREEN
    return Finding.REFUSED if any(cause in now.said for cause in causes) else Finding.SILENT
