"""The machine that the harness runs on, in words."""

from __future__ import annotations

import os
import platform


def described_host() -> str:
    """Its system, kernel, processor and C library, and the Python that runs the harness."""
    system, libc = os.uname(), " ".join(filter(None, platform.libc_ver()))
    parts = (f"{system.sysname} {system.release} {system.machine}", libc, f"Python {platform.python_version()}")
    return ", ".join(filter(None, parts))
