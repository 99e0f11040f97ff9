"""Marks of use: a file for each item of the cache, locked by every run that uses it, dated when one last did.

The locks are flock(2)'s: shared by the runs, exclusive for whoever removes the item. The kernel takes a lock
back when its process ends, however it ends, so that a killed run holds nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


def hold(mark: Path) -> int:
    """Date a mark and lock it, together with whoever else does; the descriptor that holds the lock.

    Waits for whoever is removing the item just now.
    """
    descriptor = _lock(mark, fcntl.LOCK_SH)
    os.utime(descriptor)
    return descriptor


def let_go(descriptor: int) -> None:
    """End what `hold` began. The mark is dated again, since the use may have been long."""
    os.utime(descriptor)
    os.close(descriptor)


@contextlib.contextmanager
def claimed(mark: Path) -> Iterator[bool]:
    """Whether nobody holds a mark; if so, nobody comes to hold it meanwhile."""
    descriptor = None
    with contextlib.suppress(BlockingIOError):
        descriptor = _lock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def is_held(mark: Path) -> bool:
    if not mark.exists():  # claiming makes it
        return False
    with claimed(mark) as free:
        return not free


def _lock(mark: Path, operation: int) -> int:
    while True:
        descriptor = os.open(mark, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, operation)
            if os.fstat(descriptor).st_nlink:
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # it was removed, with its item, while it was waited for: a lock on it is none
