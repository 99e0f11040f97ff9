"""How much a process has written to the disk: measured from outside, so that it holds for every runtime.

A limit of the system on the size of a file (RLIMIT_FSIZE) would not do: files with holes are large and take no room,
tests make such files, and many small files are no large one.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from pathlib import Path

_INTERVAL = 1.0
"""seconds between two measurements, at least"""
_SHARE = 50
"""so many times as long as a measurement took is the time until the next one: watching costs at most 2%"""
_ENTRY = 4096
"""bytes that a file or a directory takes at least: names and inodes take room, too"""
_BLOCK = 512
"""bytes; the unit of st_blocks (inode(7))"""


class DiskUse:
    """What is written into a directory from now on. A file counts by the blocks that it takes."""

    def __init__(self, directory: Path) -> None:
        self._directory = str(directory)
        self._next = time.monotonic() + _INTERVAL
        self._before = self._taken(None)

    def exceeds(self, limit: int, pid: int) -> bool:
        """Whether more than `limit` bytes were written. Measures about once a second, and is else False.

        Files that the process `pid` has removed and keeps open count, too.
        """
        started = time.monotonic()
        if started < self._next:
            return False
        removed, most = self._removed(pid), self._before + limit
        found = removed > limit or removed + self._taken(most - removed) > most
        ended = time.monotonic()
        self._next = ended + max(_INTERVAL, _SHARE * (ended - started))
        return found

    def _taken(self, most: int | None) -> int:
        """The bytes that the files take; not all are looked at once they are more than `most`."""
        total = 0
        waiting = [self._directory]
        while waiting and (most is None or total <= most):
            with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    with contextlib.suppress(OSError):  # it has just been removed
                        total += _size(entry.stat(follow_symlinks=False))
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
        return total

    def _removed(self, pid: int) -> int:
        """The bytes of the directory's files that have no name any more, and that the process has open."""
        total = 0
        with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:
            for entry in entries:
                with contextlib.suppress(OSError):  # it has just been closed
                    found = entry.stat()
                    if not found.st_nlink and stat.S_ISREG(found.st_mode) and self._is_ours(os.readlink(entry.path)):
                        total += _size(found)
        return total

    def _is_ours(self, path: str) -> bool:
        return path.startswith(self._directory + os.sep)  # a memfd, which is no file of the disk, does not


def _size(found: os.stat_result) -> int:
    return max(found.st_blocks * _BLOCK, _ENTRY)
