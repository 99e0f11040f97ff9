"""Excerpts of long texts."""

from __future__ import annotations


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
