"""Files out of packages of the registry that the user has configured for npm. npm itself downloads them."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.machine.command import CommandFailed, capture
from harness.machine.hashing import file_sha256
from harness.machine.process import client_environment
from harness.machine.unpack import unpack_tar
from matrix.archives import NpmFile
from matrix.errors import Unobtainable


def take(wanted: NpmFile, target: Path, scratch: Path) -> None:
    """Put a file of a package at `target`. `scratch` is a directory for the download.

    Raises Unobtainable without npm, and when the package cannot be fetched or does not have its pinned hash.
    """
    package = _name(wanted)
    place = scratch / "npm"
    place.mkdir()
    _npm(["pack", "--silent", "--pack-destination", str(place), package], package, place)
    archives = list(place.glob("*.tgz"))
    if len(archives) != 1:
        raise Unobtainable(f"{package}: npm left {len(archives)} archives instead of one")
    if (found := file_sha256(archives[0])) != wanted.sha256:
        raise Unobtainable(f"{package} is refused: its archive has sha256 {found}, not {wanted.sha256}")
    unpack_tar(archives[0], place / "unpacked")
    if not (place / "unpacked" / wanted.file).is_file():
        raise Unobtainable(f"{package} has no file {wanted.file}")
    shutil.copyfile(place / "unpacked" / wanted.file, target)


def check_offer(wanted: NpmFile) -> None:
    """Raise Unobtainable when npm is missing, or knows of no such version."""
    package = _name(wanted)
    if not _npm(["view", package, "version"], package, None).strip():
        raise Unobtainable(f"{package}: npm knows of no such version")


def _name(wanted: NpmFile) -> str:
    return f"{wanted.project}@{wanted.version}"


def _npm(words: list[str], package: str, directory: Path | None) -> str:
    """The output of npm. Raises Unobtainable."""
    if (npm := shutil.which("npm")) is None:
        raise Unobtainable(f"{package}: the command `npm` is not on PATH", hint="apt-get install npm")
    try:
        return capture([npm, *words], env=client_environment(), cwd=directory, timeout=600)
    except CommandFailed as exc:
        reason = next((line for line in exc.output.splitlines() if "error" in line.lower()), exc.output.strip())
        raise Unobtainable(f"{package}: {reason}") from None
