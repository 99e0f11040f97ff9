"""What a request asks of a cell's suite."""

from __future__ import annotations

from pathlib import Path

import msgspec


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
    module_seconds: Path | None = None
    """a file with the expected duration of each module, so that all machines agree on the shards"""
