"""Unpack archives from the network. Nothing is written outside the directory; devices and the like are refused."""

from __future__ import annotations

import lzma
import sys
import zlib
from pathlib import Path

from harness.machine.branches import check_stopped
from matrix.errors import Unobtainable

if sys.version_info >= (3, 12):
    import tarfile
else:  # Debian 12 has 3.11.2, which is older than the filters of PEP 706
    from backports import tarfile

_MOST_BYTES = 8 << 30
_MOST_FILES = 200_000


def unpack_tar(archive: Path, directory: Path) -> None:
    """Unpack a tar archive into `directory`. A single top-level directory in the archive is left out.

    Python's `data` filter (PEP 706) refuses devices, and paths and links that lead outside. Absolute paths lose their
    slash. Raises Unobtainable when the archive is damaged, refused or too large.
    """
    try:
        with tarfile.open(archive) as tar:
            total = 0
            for number, member in enumerate(tar):
                check_stopped()
                total += member.size
                if total > _MOST_BYTES or number > _MOST_FILES:
                    raise Unobtainable(f"{archive} is refused: it unpacks to more than this project ever needs")
                tar.extract(member, directory, filter="data")
    except tarfile.FilterError as exc:
        raise Unobtainable(f"{archive} is refused: {exc}") from None
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as exc:
        raise Unobtainable(f"{archive} is damaged: {exc}") from None
    except OSError as exc:
        if exc.errno is not None:
            raise
        raise Unobtainable(f"{archive} is damaged: {exc}") from None  # bz2 and gzip have no error class of their own
    _lift_single_directory(directory)


def _lift_single_directory(directory: Path) -> None:
    """Replace a directory's only entry, if that is a directory, by its content."""
    entries = list(directory.iterdir())
    if len(entries) != 1 or not entries[0].is_dir() or entries[0].is_symlink():
        return
    inner = entries[0].rename(directory / ".lifted")
    for entry in inner.iterdir():
        entry.rename(directory / entry.name)
    inner.rmdir()
