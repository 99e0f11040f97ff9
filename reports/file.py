"""A file of a report, not yet written. Functions here return files; `harness.runs` writes them."""

from __future__ import annotations

from typing import NamedTuple


class File(NamedTuple):
    """One file below a run's directory."""

    name: str
    """its path, relative to the run's directory"""
    content: bytes
    linked: bool = True
    """Whether people open the file or follow a link to it. Such files are replaced atomically and flushed to the disk,
    so that a crash never leaves half of one. Scripts with data are not: there are hundreds, and the page that loads
    them is written after them."""


def text_file(name: str, text: str, *, linked: bool = True) -> File:
    """A file with a text as UTF-8; lone surrogates, which UTF-8 cannot encode, become backslash escapes."""
    return File(name, text.encode("utf-8", "backslashreplace"), linked)
