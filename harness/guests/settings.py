"""How the guests of a cell are started and what each may use; plain data."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a guest may use."""

    seconds: float = 240.0
    """of silence: the longest that one test (or loading a module) may take"""
    memory: int = 2 << 30
    """bytes of linear memory"""
    output: int = 64 << 20
    """bytes that a guest may print"""
    captured: int = 8 << 20
    """characters that one test may print"""


class GuestSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How every guest of a cell is started and set up; plain data, so that it fits a JSON file."""

    wasm: Path
    wasm_digest: str
    compiled: Path
    tree: Path
    """what guests see (`harness.build.stage`)"""
    executable: str
    build: str
    """where the guest sees the build directory"""
    platform_library: str
    python_flags: tuple[str, ...]
    resources: tuple[str, ...]
    verbose: bool
    fail_env_changed: bool
    timeout: float
    wasm_stack: int
    runtime_flags: tuple[str, ...] = ()
    """options that the runtime needs for this build"""
    limits: Limits
    seed: int = 0
