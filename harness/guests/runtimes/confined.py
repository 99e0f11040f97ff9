"""The adapters of runtimes whose processes `confine.py` starts."""

from __future__ import annotations

from harness.guests.adapter import Adapter
from harness.guests.runtimes import confine


class Confined(Adapter):
    """A runtime whose guests write to their own directories only, where the kernel has Landlock."""

    @property
    def confines_writes(self) -> bool:
        return confine.version() > 0
