"""Excerpts of long texts, and texts whose every character can be seen."""

from __future__ import annotations

import re
from collections.abc import Sequence


def last_line(text: str) -> str:
    """The last line that is not blank, without its indentation; "" when every line is blank."""
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""


def shortened(text: str, most: int, *, see: str = "") -> str:
    """The text, or its beginning and end when it has more than `most` characters.

    `see` names the place that has the whole text.
    """
    if len(text) <= most:
        return text
    half = most // 2
    note = f"{len(text) - 2 * half} characters left out" + (f"; see {see}" if see else "")
    return f"{text[:half]}\n[... {note} ...]\n{text[-half:]}"


def some_of(names: Sequence[str], most: int) -> str:
    """The first of some names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""what is not shown, or changes how other characters are shown: https://www.unicode.org/reports/tr36/"""


def visible(text: str) -> str:
    """Text with escapes in place of what a reader cannot see: control characters, direction marks, lone surrogates.

    Tabs and line feeds stay.
    """
    return text if text.isascii() and text.isprintable() else _UNSEEN.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
