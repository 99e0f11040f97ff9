"""Decisions about combinations of the matrix, each with the condition it applies to and the reason (rules.toml)."""

from __future__ import annotations

import datetime
import re

from matrix.conditions import Condition
from matrix.record import Record


class Rule(Record, frozen=True, kw_only=True):
    """A decision about some combinations, and the reason for it."""

    when: Condition
    reason: str
    reference: str = ""
    expires: datetime.date | None = None
    """review date: the rule still applies afterwards, but runs are red"""


class Exclusion(Rule, frozen=True, kw_only=True):
    """Combinations that the matrix leaves out."""

    on_demand: bool = False
    """whether `--known-bad` includes them"""


class AllowedToFail(Rule, frozen=True, kw_only=True):
    """Combinations whose failures, in the build or in tests, are shown but do not change the exit status."""


class Repair(Record, frozen=True, kw_only=True):
    """Flags that upstream adopted in later versions. Without them a combination does not build or barely runs."""

    when: Condition
    cflags: tuple[str, ...] = ()
    ldflags: tuple[str, ...] = ()
    configure: tuple[str, ...] = ()
    pre_js: tuple[str, ...] = ()
    """scripts of `harness/build/pre_js` that an Emscripten program runs before its file system starts"""
    reason: str
    reference: str


class RuntimeFlags(Record, frozen=True, kw_only=True):
    """Options that a runtime needs for some builds."""

    when: Condition
    flags: tuple[str, ...]
    reason: str
    reference: str = ""


class ExpectedBuildFailure(Record, frozen=True, kw_only=True):
    """A combination that is known not to build. A run is red when it does build, or fails in another way."""

    when: Condition
    step: str
    message: str
    """a regular expression that the log of the failed step must match"""
    reason: str
    reference: str = ""

    def is_shown_by(self, step: str, log: str) -> bool:
        """Whether a failed step is this failure."""
        return step == self.step and re.search(self.message, log) is not None
