"""configure's answers, shared between the flavours of one SDK and one CPython.

Under Emscripten each of configure's checks runs the compiler, often Node, too: 400 s. What it finds depends
on the SDK, the sources and the flags, not on the flavour, whose flags are for CPython's own files
(CFLAGS_NODIST, LDFLAGS_NODIST, LINKFORSHARED). So the second flavour starts with the first one's answers.
"""

from __future__ import annotations

import re
from pathlib import Path

from harness.machine.files import write_atomically

_NOT_SHARED = re.compile(rb"^(ac_cv_env_|py_cv_module_|ac_cv_build|ac_cv_func_dlopen=)")
"""the environment, which configure compares; which modules are built; and what a flavour decides"""


def take_answers(shared: Path, cache: Path) -> None:
    """Give a build that was not configured yet the answers that others found."""
    if shared.is_file() and not cache.exists():
        cache.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(cache, shared.read_bytes())


def leave_answers(cache: Path, shared: Path) -> None:
    """Keep a configured build's answers for others."""
    if cache.is_file() and not shared.exists():
        lines = cache.read_bytes().splitlines(keepends=True)
        write_atomically(shared, b"".join(line for line in lines if not _NOT_SHARED.match(line)))
