"""A small repository that looks like a checkout of CPython, and what all of its files are."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

FILES = {
    "configure": "#!/bin/sh\n",
    "Include/patchlevel.h": '#define PY_VERSION "3.13.0a5+"\n',
    "Lib/os.py": "import sys\n",
    "Lib/test/__init__.py": "",
    "Lib/test/test_bool.py": "import unittest\n",
    "Modules/posixmodule.c": "int main(void) { return 0; }\n",
    ".gitignore": "*.o\nMakefile\npyconfig.h\n__pycache__/\n",
}
IDENTITY = ("-c", "user.name=a developer", "-c", "user.email=developer@example.invalid", "-c", "commit.gpgsign=false")


def git(tree: Path, *words: str, check: bool = True) -> str:
    """The output of a git command, which does not refresh the index on its own."""
    command = ("git", "--no-optional-locks", *IDENTITY, "-C", str(tree), *words)
    return subprocess.run(command, check=check, capture_output=True, text=True).stdout


def put(tree: Path, name: str, text: str) -> None:
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def commit(tree: Path, message: str = "a change") -> str:
    """Commit everything; the commit's id."""
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(tree, "rev-parse", "HEAD").strip()


def checkout(tree: Path) -> Path:
    """A clean checkout with one commit, on the branch `main`."""
    tree.mkdir(parents=True)
    git(tree, "init", "--quiet", "--initial-branch=main")
    for name, text in FILES.items():
        put(tree, name, text)
    (tree / "configure").chmod(0o755)
    (tree / "README").symlink_to("Lib/os.py")
    commit(tree, "begin")
    return tree


def state(*trees: Path) -> dict[str, tuple[int, int, int]]:
    """Mode, size and time of everything in the trees, git's own files included, and what git says of them."""
    found = {}
    for tree in trees:
        for directory, names, files in os.walk(tree):
            for path in (os.path.join(directory, name) for name in (".", *names, *files)):
                info = os.lstat(path)
                found[path] = (info.st_mode, info.st_size, info.st_mtime_ns)
        found[git(tree, "status", "--ignored", "--porcelain")] = (0, 0, 0)
    return found
