"""The processes that a process has started, and those that they have started: a browser has about ten."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from pathlib import Path

_SET_CHILD_SUBREAPER = 36
"""of prctl(2)"""
_LOOK = 0.01
"""seconds between checks whether they have ended"""


def with_descendants(pid: int) -> list[int]:
    """The process and its descendants. A kernel without /proc/PID/task/TID/children tells of the process alone."""
    found = [pid]
    for each in found:  # it grows meanwhile
        with contextlib.suppress(OSError):  # the process has just ended
            for thread in os.listdir(f"/proc/{each}/task"):
                with contextlib.suppress(OSError):
                    found += map(int, Path(f"/proc/{each}/task/{thread}/children").read_text("ascii").split())
    return found


def has_descendants() -> bool:
    """Whether a descendant of this process runs. One that has ended and was not asked for its status does not."""
    for pid in with_descendants(os.getpid())[1:]:
        with contextlib.suppress(OSError):  # it has just ended
            if Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(") ")[2][0] != "Z":
                return True
    return False


def adopt_orphans() -> None:
    """Become the parent of those descendants whose own parents end: their processor time is then this process's."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_descendants(timeout: float) -> None:
    """Kill the descendants of this process, and wait up to `timeout` seconds for them, so that they count as its own.

    Only a process that has adopted orphans, and that asks for no child's status any more, may do so.
    """
    deadline = time.monotonic() + timeout
    with contextlib.suppress(ChildProcessError):  # no child is left
        while time.monotonic() < deadline:
            for pid in with_descendants(os.getpid())[1:]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
            time.sleep(_LOOK)
