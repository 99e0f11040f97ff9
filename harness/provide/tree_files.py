"""Which files of a user's tree are its sources: what a snapshot copies.

In a git checkout: what git tracks or would track. Elsewhere: every file that no build of CPython makes.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
from collections.abc import Iterator
from pathlib import Path

from harness.machine import git

_DIRECTORIES = frozenset(
    {
        "__pycache__", "cross-build", "build", "builddir", "autom4te.cache", ".mypy_cache", ".ruff_cache",
        ".pytest_cache", ".tox", ".nox", ".venv", "venv", ".hg", ".git", ".svn",
    }
)  # fmt: skip
"""directories that hold no sources, wherever they lie; `build` holds some nowhere but in Lib/test and Doc"""
_MADE = (
    "python", "python.exe", "python.wasm", "python.js", "python.mjs", "python.worker.js", "python.data",
    "python-gdb.py", "python-config", "python-config.py", "Makefile", "Makefile.pre", "pyconfig.h", "pybuilddir.txt",
    "platform",
    "config.cache", "config.log", "config.status", "config.status.lineno", "confdefs.h", "build-details.json",
    "libpython*", "_bootstrap_python", "profile-*-stamp",
    "Modules/config.c", "Modules/Setup.bootstrap", "Modules/Setup.stdlib", "Modules/Setup.local", "Modules/ld_so_aix",
    "Modules/getbuildinfo.o", "Modules/*.wasm",
    "Programs/_freeze_module", "Programs/_testembed", "Programs/_freeze_module.exe", "Programs/_testembed.exe",
    "Python/frozen_modules/*.h", "Python/deepfreeze/*.c",
    "Misc/python.pc", "Misc/python-embed.pc", "Misc/python-config.sh",
    "Lib/_sysconfigdata*.py", "Lib/_sysconfig_vars*.json",
)  # fmt: skip
"""files that configure and make put into a tree in which they are run; `*` crosses no `/`"""
_ENDINGS = (".o", ".a", ".so", ".dylib", ".pyc", ".pyo", ".gcda", ".gcno", ".lto", ".orig", ".rej", ".swp")
LOCAL_SETUP = "Modules/Setup.local"
"""The user's own list of modules to build. It is no source: snapshots leave it out, and say so."""


def listed(tree: Path) -> tuple[list[str], bool]:
    """The names of a tree's source files, relative to its top, sorted; and whether git listed them.

    A name may be of a file that is gone, or of a directory (a repository inside the checkout).
    """
    if git.is_checkout(tree):
        names = git.listed_files(tree)
        return [name for name in names if name != LOCAL_SETUP and not name.endswith("/")], True
    return sorted(_walk(tree)), False


def times(tree: Path) -> dict[str, tuple[int, int]]:
    """The time and size of each source file of a tree, by its name: they differ when a file was written."""
    found = {}
    for name in listed(tree)[0]:
        with contextlib.suppress(OSError):  # it is gone
            info = os.lstat(tree / name)
            found[name] = (info.st_mtime_ns, info.st_size)
    return found


def _walk(tree: Path) -> Iterator[str]:
    pending = [""]
    while pending:
        place = pending.pop()
        with os.scandir(tree / place) as entries:
            for entry in entries:
                name = f"{place}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    if not _holds_no_sources(name):
                        pending.append(f"{name}/")
                elif entry.name != ".git" and not is_made(name):  # a worktree has a file of that name
                    yield name


def _holds_no_sources(directory: str) -> bool:
    parts = directory.split("/")
    return parts[-1] in _DIRECTORIES and not (parts[-1] in ("build", "venv") and len(parts) > 1)


def is_made(name: str) -> bool:
    """Whether a file of that name, relative to the top of a tree, is the product of a build."""
    if name.endswith(_ENDINGS) and not name.startswith("Lib/test/"):
        return True
    return any(name.count("/") == pattern.count("/") and fnmatch.fnmatchcase(name, pattern) for pattern in _MADE)
