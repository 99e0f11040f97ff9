"""What a request asks of a cell's suite."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec


class Mode(NamedTuple):
    """What one of regrtest's modes for continuous integration sets."""

    option: str
    use: tuple[str, ...]
    timeout: float
    """seconds"""


FAST_CI = Mode("--fast-ci", ("all", "-cpu"), 600.0)
SLOW_CI = Mode("--slow-ci", ("all",), 1200.0)


class SuiteRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which tests of a suite to run, and how."""

    names: tuple[str, ...] = ()
    """test modules, or classes and methods in them; empty for the whole suite"""
    pytest: tuple[str, ...] = ()
    """pytest's options, as words, but for the number of workers"""
    workers: int | None = None
    """worker processes of pytest-xdist; None for one per core, 0 to run in pytest's own process"""
    isolate: bool = False
    """give each module a guest of its own"""
    reuse: bool = True
    """take the earlier result of a module for which nothing has changed"""
    again: float = 0.0
    """the share of those modules, 0 to 1, to run again anyway"""
    shard: tuple[int, int] = (1, 1)
    """which part of the suite, and of how many parts; counted from 1"""
    patterns: tuple[tuple[str, bool], ...] = ()
    """globs over the ids of tests, and whether to run the tests that match; the last one that matches counts"""
    use: tuple[str, ...] = ()
    """words of regrtest's `-u`: `all`, `none`, `cpu`, `-cpu`; empty for those of upstream's `make test`"""
    support_timeout: float | None = None
    """seconds from which `test.support` computes its timeouts; None for upstream's"""
    fail_env_changed: bool = False
    """whether a module that alters its environment fails, also where upstream does not say so"""
    randomize: bool = False
    """run the modules in random order"""
    seed: int | None = None
    """of that order and of the tests' random numbers; None for a fixed one"""
    changed: str | None = None
    """only modules that are concerned by what differs from this commit; "" for the upstream branch, None for all"""
    module_seconds: Path | None = None
    """a file with the expected duration of each module, so that all machines agree on the shards"""

    @property
    def mode(self) -> Mode | None:
        """The mode of continuous integration: the only one that has these timeouts."""
        return next((mode for mode in (FAST_CI, SLOW_CI) if mode.timeout == self.support_timeout), None)

    @property
    def guest_words(self) -> tuple[str, ...]:
        """The options that decide outcomes also of a single test, as words for `test` and `triage`."""
        mode = self.mode
        words = [mode.option] if mode else []
        use = self.use[len(mode.use) :] if mode else self.use
        if use:
            words += _option("-u", "--use", ",".join(use))
        if self.fail_env_changed and not mode:
            words.append("--fail-env-changed")
        if self.seed is not None:
            words += ["--randseed", str(self.seed)]
        return tuple(words)

    @property
    def module_words(self) -> tuple[str, ...]:
        """The options that decide which tests of a module run, and what ran before it in its guest."""
        words = ["--isolate"] if self.isolate else []
        for pattern, keep in self.patterns:
            words += _option("-m", "--match", pattern) if keep else _option("-i", "--ignore", pattern)
        return tuple(words)


def _option(short: str, long: str, value: str) -> list[str]:
    """An option as words; a value that begins with `-` would be taken for another option."""
    return [f"{long}={value}"] if value.startswith("-") else [short, value]
