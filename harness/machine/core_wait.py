"""How long a process or one of its descendants has waited for a core: what a loaded machine took from it.

Time limits leave it out.
"""

from __future__ import annotations

import contextlib
import os
from itertools import chain
from pathlib import Path

from harness.machine.descendants import with_descendants

_NANOSECOND = 1e-9


class CoreWait:
    """What processes and their descendants wait for a core from now on.

    Linux counts it for each thread: the second field of /proc/PID/task/TID/schedstat, in nanoseconds
    (Documentation/scheduler/sched-stats.rst). A kernel without this file counts nothing: the wait is then 0.
    """

    def __init__(self, *pids: int) -> None:
        self._pids = pids
        self._before = self._waited()

    def seconds(self) -> float:
        """The wait of the thread that waited longest: the others may have waited at the same time."""
        waited = (now - self._before.get(thread, 0) for thread, now in self._waited().items())
        return max(waited, default=0) * _NANOSECOND

    def _waited(self) -> dict[str, int]:
        """The nanoseconds that each thread has waited since it was started."""
        found = {}
        for pid in chain.from_iterable(map(with_descendants, self._pids)):
            threads = Path(f"/proc/{pid}/task")
            with contextlib.suppress(OSError):  # the process has just ended
                for thread in os.listdir(threads):
                    with contextlib.suppress(OSError, ValueError, IndexError):
                        found[thread] = int((threads / thread / "schedstat").read_text().split()[1])
        return found
