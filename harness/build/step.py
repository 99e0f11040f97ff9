"""How something is built, as pure data: plans of named steps, each with its argv, environment and directory.

A recipe is a function from a build, and the paths of what it is made from, to a plan. It reads no files and starts no
processes.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

import msgspec

CACHE = "{cache}"
"""the placeholder for the compiler cache's command in a step's `through_cache`"""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One command of a build."""

    name: str
    title: str
    argv: tuple[str, ...]
    jobs: int = 0
    """its `-j`, which does not change what it makes; 0 for a command without this option"""
    cwd: Path
    path: tuple[Path, ...] = ()
    """directories whose commands it calls by name; they go before those of PATH"""
    env: dict[str, str] = {}
    """variables that are added to a nearly empty environment (`process.base_environment`)"""
    inputs: tuple[str, ...] = ()
    """digests of what the step reads, besides the outputs of earlier steps"""
    outputs: tuple[Path, ...] = ()
    """files that exist when it has succeeded"""
    needs: str = ""
    """the step of the build Python that has to be done before; "" for what does not run it"""
    remembers: tuple[Path, ...] = ()
    """its own files that it continues from, and that no longer fit when its command or inputs have changed"""
    through_cache: tuple[str, ...] = ()
    """words that make it compile through the compiler cache, if there is one (`harness.build.compiler_cache`)"""
    compiler: str = ""
    """the digest of its compiler, where the compiler's file alone does not identify it"""
    expected: float = 60.0
    """how long it takes on two cores (seconds); used until it has run here once"""

    @property
    def words(self) -> tuple[str, ...]:
        """The command, with its number of jobs."""
        return (*self.argv, f"-j{self.jobs}") if self.jobs else self.argv

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """The step's environment on top of another one."""
        path = os.pathsep.join([*map(str, self.path), base.get("PATH", os.defpath)])
        return {**base, "PATH": path, **self.env}

    def command(self) -> str:
        """The step as one line for a shell."""
        return _pasted(self, self.words)

    def identity(self) -> str:
        """What the step does, independent of its number of jobs."""
        return _pasted(self, self.argv)


def _pasted(step: Step, words: tuple[str, ...]) -> str:
    settings = [f"{name}={shlex.quote(value)}" for name, value in step.env.items()]
    if step.path:
        settings.insert(0, f'PATH={shlex.quote(os.pathsep.join(map(str, step.path)))}{os.pathsep}"$PATH"')
    env = " ".join(settings)
    run = shlex.join(words)
    return f"cd {shlex.quote(str(step.cwd))} && " + (f"env {env} {run}" if env else run)


class BuildPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The steps of one work directory, in their order."""

    name: str
    directory: Path
    steps: tuple[Step, ...]
