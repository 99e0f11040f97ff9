"""What a directory of sources must contain."""

from __future__ import annotations

from pathlib import Path


def cpython_defect(directory: Path) -> str | None:
    """Why a directory cannot contain CPython's sources, or None."""
    return None if (directory / "configure").is_file() else "there is no `configure` in it"


def library_defect(directory: Path) -> str | None:
    """Why a directory cannot contain the sources of a library with a configure script, or None."""
    return None if (directory / "configure").is_file() else "there is no `configure` in it"


def port_defect(directory: Path) -> str | None:
    """Why a directory cannot contain the sources of a C library, or None."""
    return None if any(directory.glob("*.c")) else "there are no C files in it"
