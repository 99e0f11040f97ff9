"""Conditions: which cells a rule, a repair or a limitation applies to."""

from __future__ import annotations

from enum import StrEnum

from matrix.record import Record
from matrix.versions import Requirement, any_match


class BuildOption(StrEnum):
    """How a build is configured beyond its target."""

    PLAIN = "plain"
    """a release build"""
    DEBUG = "debug"
    """a pydebug build"""


class Facts(Record, frozen=True, kw_only=True):
    """What a condition looks at: names and versions on each axis of one cell. For a build, `runtime` is ""."""

    target: str
    sdk: str
    sdk_version: str
    cpython: str
    options: BuildOption = BuildOption.PLAIN
    runtime: str = ""
    runtime_version: str = ""


class Condition(Record, frozen=True, kw_only=True):
    """Which cells something holds for: on each axis that is named, one of the values must match.

    Targets and build options are named in full; SDKs, CPythons and runtimes are requirements
    (`wasi-sdk>=20`, `>=3.11,<3.12`), and what one with `!` before it matches is excluded (`!node-wasi<22`).
    """

    target: tuple[str, ...] = ()
    sdk: tuple[Requirement, ...] = ()
    cpython: tuple[Requirement, ...] = ()
    options: tuple[BuildOption, ...] = ()
    runtime: tuple[Requirement, ...] = ()

    def holds(self, facts: Facts) -> bool:
        """Whether the condition holds for a cell."""
        return self.may_hold(facts) and any_match(self.runtime, facts.runtime, facts.runtime_version)

    def may_hold(self, facts: Facts) -> bool:
        """Whether the condition holds for a build on at least one conceivable runtime."""
        return (
            self.may_hold_with(facts.target, facts.sdk, facts.sdk_version)
            and any_match(self.cpython, "cpython", facts.cpython)
            and (not self.options or facts.options in self.options)
        )

    def may_hold_with(self, target: str, sdk: str, sdk_version: str) -> bool:
        """Whether the condition holds for at least one conceivable build for a target with an SDK."""
        return (not self.target or target in self.target) and any_match(self.sdk, sdk, sdk_version)
