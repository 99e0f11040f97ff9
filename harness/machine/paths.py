"""Which paths the build tools can handle."""

from __future__ import annotations

from pathlib import Path

_BREAKING = frozenset(" \t\n:'\"$`#=%\\;&|<>()*?[]!")
"""characters that configure's shell code, make's rules or a search path such as PATH read as something else"""


def unusable(path: Path) -> str | None:
    """Why configure and make cannot work with a path, or None. Call it before a path reaches a build."""
    for character in str(path):
        if character in _BREAKING:
            return f"its path contains {character!r}, which configure and make cannot handle"
    return None
