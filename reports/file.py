"""A file of a report, not yet written: reports are made of these, `harness.runs` puts them on the disk."""

from __future__ import annotations

from typing import NamedTuple


class File(NamedTuple):
    """One file below a run's directory."""

    name: str
    """its path, relative to the run's directory"""
    content: bytes
    linked: bool = True
    """Whether people open it or a link to it: such files are synchronised to the disk, so that they are never half
    there after a crash. Scripts of data are not: there are hundreds, and the pages that load them are written last."""


def text_file(name: str, text: str, *, linked: bool = True) -> File:
    """A text as UTF-8; what has no form in it (a lone surrogate) is escaped with a backslash."""
    return File(name, text.encode("utf-8", "backslashreplace"), linked)
