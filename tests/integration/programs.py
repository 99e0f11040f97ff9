"""Small real programs for tests that start processes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import psutil

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""
"""starts a child, prints its process id, and waits"""


def python(code: str, *arguments: str) -> list[str]:
    """The command that runs some Python code."""
    return [sys.executable, "-I", "-S", "-c", code, *arguments]


def until(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Wait for a condition. Returns whether it became true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def is_gone(pid: int) -> bool:
    """Whether a process has ended; a zombie has."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
