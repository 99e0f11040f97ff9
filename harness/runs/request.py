"""What one run was asked for. It is stored with the run, so that `--resume` and `report` can read it."""

from __future__ import annotations

import shlex
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
        """The options without which `test` finds other cells or outcomes, as words for a shell."""
        return " ".join(filter(None, [self.repeating_one, shlex.join(self.suite.module_words)]))

    @property
    def repeating_build(self) -> str:
        """The options without which `build` makes other builds, as words for a shell."""
        python = self.options.build_python
        words = ["--build-python", str(python.absolute())] if python is not None else []
        return " ".join(filter(None, [cell_options(self.cells), shlex.join(words)]))

    @property
    def repeating_one(self) -> str:
        """The options without which a command for one test finds other cells or outcomes, as words for a shell."""
        mode = self.suite.mode
        words = []
        usual = Limits() if mode is None else Limits(seconds=mode.timeout)
        limits = {
            "--timeout": (self.limits.seconds, usual.seconds, 1),
            "--memory": (self.limits.memory, usual.memory, 1 << 20),
            "--output": (self.limits.output, usual.output, 1 << 20),
            "--disk": (self.limits.disk, usual.disk, 1 << 20),
        }
        for name, (value, default, unit) in limits.items():
            if value != default:
                words += [name, f"{value / unit:g}"]
        return " ".join(filter(None, [self.repeating_build, shlex.join([*words, *self.suite.guest_words])]))
