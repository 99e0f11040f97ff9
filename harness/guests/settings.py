"""How the guests of a cell start, and their limits. Plain data that fits a JSON file."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one guest."""

    seconds: float = 240.0
    """the longest time without an event, which is how long one test, or loading a module, may take"""
    memory: int = 2 << 30
    """bytes of linear memory"""
    output: int = 64 << 20
    """bytes that a guest may print"""
    disk: int = 4 << 30
    """bytes that its files may take on the disk; what is in memory only counts as memory"""
    captured: int = 8 << 20
    """characters that one test may print"""


class GuestSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How each guest of a cell starts."""

    # The program
    wasm: Path
    wasm_digest: str
    compiled: Path
    """what the adapter's `compile` returned"""
    executable: str
    """the program's path, as the guest sees it where the tree is its root"""
    python_flags: tuple[str, ...]
    """options of `python`"""
    wasm_stack: int
    """bytes"""
    runtime_flags: tuple[str, ...] = ()
    """options that the runtime needs for this build"""
    limits: Limits

    # What the guest sees
    tree: Path
    """the directory on the host with the library, the sources and the build (`harness.build.stage`)"""
    build: str
    """the build directory, as the guest sees it where the tree is its root"""
    sees_tree: bool = True
    """whether the guest reads the tree's library: its paths tell then which files of the tree a test depends on"""
    platform_library: str
    """the directory of `_sysconfigdata*.py`, as the guest sees it where the tree is its root"""

    # What the driver sets in `test.support`, as regrtest's options of the same names do
    resources: tuple[str, ...]
    verbose: bool
    fail_env_changed: bool
    timeout: float
    """seconds; 0 leaves the timeouts of `test.support` alone"""
    seed: int = 0
