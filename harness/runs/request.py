"""What one run was asked for. It is stored with the run, so that `--resume` and `report` can read it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.cells.prepare import PrepareOptions
from harness.cells.request import CellRequest
from harness.cells.selection import cell_options
from harness.guests.settings import Limits
from harness.suite.request import SuiteRequest


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which cells to run, how to prepare them, and which tests to run in them."""

    cells: CellRequest
    options: PrepareOptions
    limits: Limits = Limits()
    suite: SuiteRequest = SuiteRequest()
    may_be_missing: tuple[str, ...] = ()
    """ids of the cells that do not decide the exit status when they are not available"""
    out: Path
    """the directory of all runs"""

    @property
    def repeating(self) -> str:
        """The options without which a command finds other cells or outcomes, as words for a shell."""
        usual = Limits()
        limits = {
            "--timeout": (self.limits.seconds, usual.seconds, 1),
            "--memory": (self.limits.memory, usual.memory, 1 << 20),
            "--output": (self.limits.output, usual.output, 1 << 20),
        }
        words = [f"{name} {value / unit:g}" for name, (value, default, unit) in limits.items() if value != default]
        return " ".join(filter(None, [cell_options(self.cells), *words]))
