"""How a build is made, as pure data: named steps with argv, environment and directory.

A recipe is a function from a build and where its parts lie to steps; it reads and starts nothing.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import msgspec

CACHE = "{cache}"
"""stands for the compiler cache's command in a step's `through_cache`"""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One command of a build."""

    name: str
    title: str
    argv: tuple[str, ...]
    jobs: int = 0
    """how much it may do at once (`-j`), which changes nothing about what it makes; 0 for what has no such option"""
    cwd: Path
    env: dict[str, str] = {}
    """what is added to a nearly empty environment (`process.base_environment`)"""
    inputs: tuple[str, ...] = ()
    """digests of what the step reads besides what earlier steps made"""
    outputs: tuple[Path, ...] = ()
    """files that are there when it succeeded"""
    remembers: tuple[Path, ...] = ()
    """files of its own that it goes on from, and that do not fit when something about it has changed"""
    through_cache: tuple[str, ...] = ()
    """words that make it compile by way of the compiler cache, if there is one (harness.build.compiler_cache)"""
    compiler: str = ""
    """the digest of what it compiles with, where the file of that name does not tell"""
    expected: float = 60.0
    """seconds that it took when it was measured on two cores; later runs are compared with earlier ones"""

    @property
    def words(self) -> tuple[str, ...]:
        """The command with its number of jobs."""
        return (*self.argv, f"-j{self.jobs}") if self.jobs else self.argv

    def command(self) -> str:
        """The step as a command that can be pasted into a shell."""
        return _pasted(self, self.words)

    def identity(self) -> str:
        """What the step does, whatever the number of jobs."""
        return _pasted(self, self.argv)


def _pasted(step: Step, words: tuple[str, ...]) -> str:
    env = " ".join(f"{name}={shlex.quote(value)}" for name, value in step.env.items())
    run = shlex.join(words)
    return f"cd {shlex.quote(str(step.cwd))} && " + (f"env {env} {run}" if env else run)


class BuildPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The steps of one work directory, in their order."""

    name: str
    directory: Path
    steps: tuple[Step, ...]
