"""Make tar archives for tests: good ones and hostile ones."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

Compression = Literal["", "gz", "bz2", "xz"]


def tar(*members: tarfile.TarInfo | tuple[str, str], compression: Compression = "gz") -> bytes:
    """Make an archive of files, as (name, text), and of any other members, as TarInfo."""
    stream = io.BytesIO()
    mode: Literal["w", "w:gz", "w:bz2", "w:xz"] = f"w:{compression}" if compression else "w"  # type: ignore[assignment]
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                name, text = member
                info = tarfile.TarInfo(name)
                info.size = len(text.encode())
                archive.addfile(info, io.BytesIO(text.encode()))
    return stream.getvalue()


def special(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = link
    info.devmajor, info.devminor = 1, 3
    return info


def cpython(top: str = "Python-3.13.5", *more: tarfile.TarInfo | tuple[str, str]) -> bytes:
    """Make an archive that passes for CPython's sources."""
    return tar((f"{top}/configure", "#!/bin/sh\n"), (f"{top}/Lib/os.py", "# os\n"), *more)


HOSTILE: dict[str, Callable[[Path], bytes]] = {
    "a way out": lambda _: tar(("sources/configure", ""), ("../evil", "out")),
    "a way out from below": lambda _: tar(("sources/configure", ""), ("sources/a/../../../evil", "out")),
    "an absolute link": lambda outside: tar(
        ("sources/configure", ""),
        special("sources/link", tarfile.SYMTYPE, str(outside)),
        ("sources/link/evil", "out"),
    ),
    "a relative link that leads outside": lambda _: tar(
        ("sources/configure", ""), special("sources/link", tarfile.SYMTYPE, "../.."), ("sources/link/evil", "out")
    ),
    "a hard link to what is outside": lambda outside: tar(
        ("sources/configure", ""), special("sources/link", tarfile.LNKTYPE, str(outside / "secret"))
    ),
    "a hard link that leads outside": lambda _: tar(
        ("sources/configure", ""), special("sources/link", tarfile.LNKTYPE, "../../secret")
    ),
    "a character device": lambda _: tar(("sources/configure", ""), special("sources/null", tarfile.CHRTYPE)),
    "a block device": lambda _: tar(("sources/configure", ""), special("sources/disk", tarfile.BLKTYPE)),
    "a pipe": lambda _: tar(("sources/configure", ""), special("sources/pipe", tarfile.FIFOTYPE)),
}
"""archives that must be refused, by what is wrong with them; the argument is a directory that they must not touch"""
