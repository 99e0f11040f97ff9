"""What one invocation asks for: cells, tests, and how to build and run them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.guests.settings import Limits
from matrix.select import Selection


class Arguments(msgspec.Struct, frozen=True, kw_only=True):
    """One invocation."""

    command: str
    selection: Selection
    sdk_paths: tuple[Path, ...] = ()
    cpython_paths: tuple[Path, ...] = ()
    names: tuple[str, ...] = ()
    """test modules, or classes and methods in them; for `probe`: limitations"""
    pytest: tuple[str, ...] = ()
    limits: Limits = Limits()
    dry_run: bool = False
    isolate: bool = False
    reuse: bool = True
    """take earlier results of modules whose digest is the same"""
    again: float = 0.0
    """the share of them, 0 to 1, that is run again anyway"""
    shard: tuple[int, int] = (1, 1)
    """which part of the suite, and of how many, counted from 1"""
    module_seconds: Path | None = None
    """what modules are expected to take, a file; so that machines agree on the shards"""
    resume: str | None = None
    """the run to go on with; "latest" for the newest"""
    runs: tuple[str, ...] = ("latest",)
    """for `report`: a run by its id, or the directories of several"""
    open: bool = False
    """for `report`: show it in the browser"""
    jobs: int = 2
    build_python: Path | None = None
    refresh: bool = False
    json: bool = False
    format: str = "markdown"
    """of `limitations`"""
    known_bad: bool = False
    port: int = 8000
    out: Path
