"""Excerpts of long texts, and texts whose every character can be seen."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEADER = re.compile(r"(?:Traceback|  \+ Exception Group Traceback) \(most recent call last\):\s*$")
_GROUP_MARGIN = re.compile(r"  \| ?")
_CHAINED = (
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
)
"""what `traceback` prints between two exceptions of one chain"""
_NAME_ALONE = re.compile(r"[\w.<>]+:\s*$")
"""an exception whose message begins with an empty line"""
_LEFT_OUT = re.compile(r"\[\.\.\. \d+ characters left out")
_FATAL = "Fatal Python error: "
_STACK = re.compile(r"\s+at \S")
"""a line of JavaScript's stack, below the error"""


def last_line(text: str) -> str:
    """The last line that is not blank, without its indentation; "" when every line is blank."""
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""


def raised(text: str) -> str:
    """One line that says why a test failed: the exception and the first line of its message.

    Of chained exceptions the last one counts, and of several failures (of sub-tests, or of a test and then its
    `tearDown`) the first. A traceback within a message, such as a child process's, is not looked at. Of a text without
    a traceback it is the line with the error, else the last line. It is "" only when every line is blank.
    """
    lines = text.split("\n")
    block = _last_of_chain(lines)
    found = _exception(lines, block) if block is not None else ""
    return _one_line(found) or _without_traceback(text)


def _last_of_chain(lines: Sequence[str]) -> int | None:
    """The number of the line that begins the first failure's last traceback; None when there is no traceback."""
    found: int | None = None
    before = ""
    """the last line before this one that is not blank"""
    for number, line in enumerate(lines):
        if _HEADER.match(line):
            if found is not None and before not in _CHAINED:
                break
            found = number
        if line.strip():
            before = line.removeprefix("  | ").strip()
    return found


def _exception(lines: Sequence[str], header: int) -> str:
    """The exception of the traceback that begins at a line: the first line that is not indented like a frame."""
    group = lines[header].startswith(" ")
    cut = False
    for number in range(header + 1, len(lines)):
        line = _GROUP_MARGIN.sub("", lines[number], count=1) if group else lines[number]
        if _LEFT_OUT.match(line):
            cut = True  # the next line is the end of one
        elif cut:
            cut = False
        elif line.strip() and not line[0].isspace():
            if _NAME_ALONE.match(line):
                rest = next((one for one in lines[number + 1 :] if one.strip()), "")
                return f"{line.strip()} {rest.strip()}"
            return line
    return ""


def _without_traceback(text: str) -> str:
    """The line with the error in a text without a traceback, else its last line."""
    lines = text.strip().splitlines()
    for number, line in enumerate(lines):
        if line.startswith(_FATAL):
            return line.strip()
        if _STACK.match(line) and number and lines[number - 1].strip():
            return lines[number - 1].strip()
    return last_line(text)


def _one_line(text: str) -> str:
    """The first line of a text, by everything that ends a line somewhere."""
    return (text.strip().splitlines() or [""])[0].strip()


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
