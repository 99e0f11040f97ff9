"""Text of tests, guests and tools, made safe for the place that shows it. Pure.

Such text may hold anything: terminal sequences, markup, marks that reverse the direction of writing. JUnit files have
rules of their own (`reports.junit`), and Jinja2 escapes HTML.
"""

from __future__ import annotations

import re

from rich.markup import escape

from matrix.text import shortened, visible

_MARKDOWN = {character: f"\\{character}" for character in "\\`*_{}[]|#"} | {"<": "&lt;", ">": "&gt;"}
_LONGEST_LINE = 300
_LONGEST_BLOCK = 20_000
"""characters"""


def for_terminal(text: str) -> str:
    """Text for rich's console, in which neither rich's markup nor the terminal's own sequences work."""
    return escape(visible(text))


def markdown_line(text: str) -> str:
    """Text as one line of Markdown in which nothing formats, also in a table; at most 300 characters."""
    line = visible(" ".join(text.split()))
    parts = [_MARKDOWN.get(character, character) for character in line[: _LONGEST_LINE + 1]]
    if sum(map(len, parts)) <= _LONGEST_LINE:
        return "".join(parts)
    while sum(map(len, parts)) > _LONGEST_LINE - len("..."):
        parts.pop()
    return "".join(parts) + "..."


def markdown_block(text: str) -> str:
    """Text as a fenced block of Markdown; a long text's middle is left out."""
    text = shortened(visible(text.strip()) or "(nothing was printed)", _LONGEST_BLOCK)
    longest = max((len(ticks) for ticks in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"
