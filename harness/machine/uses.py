"""Marks of use: one file per cache item. Every run that uses the item locks it; its date is the last use.

The locks are flock(2) locks: shared for the runs, exclusive for whoever removes the item. The kernel drops a lock
when its process ends, however it ends, so a killed run holds nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


def hold(mark: Path) -> int:
    """Lock a mark, shared with other runs, and date it now. Returns the descriptor that holds the lock.

    Waits while another process removes the item.
    """
    descriptor = _lock(mark, fcntl.LOCK_SH)
    os.utime(descriptor)
    return descriptor


def release(descriptor: int) -> None:
    """Drop the lock that `hold` returned. Dates the mark again, because the use may have been long."""
    os.utime(descriptor)
    os.close(descriptor)


@contextlib.contextmanager
def claimed(mark: Path) -> Iterator[bool]:
    """Whether nobody holds the mark. If so, nobody can hold it while the context lasts."""
    descriptor = None
    with contextlib.suppress(BlockingIOError):
        descriptor = _lock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def is_held(mark: Path) -> bool:
    """Whether any run holds the mark."""
    if not mark.exists():  # `claimed` would make it
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
        os.close(descriptor)  # the mark was unlinked while we waited, so this lock protects nothing: retry
