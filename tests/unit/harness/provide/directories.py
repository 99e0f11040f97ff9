"""Directories that look like an SDK or a CPython tree, for tests."""

from __future__ import annotations

from pathlib import Path


def wasi_sdk(path: Path, version: str | None = "24.0\nwasi-libc: abc\n") -> Path:
    """Make the skeleton of a WASI SDK."""
    (path / "bin").mkdir(parents=True)
    for tool in ("clang", "llvm-ar"):
        (path / "bin" / tool).write_text("")
    (path / "share/wasi-sysroot").mkdir(parents=True)
    if version is not None:
        (path / "VERSION").write_text(version)
    return path


def cpython_tree(path: Path, version: str = "3.15.0a2+") -> Path:
    """Make the skeleton of a CPython tree."""
    for name in ("configure", "Lib/os.py", "Lib/test/__init__.py"):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(name)
    (path / "Include").mkdir()
    (path / "Include/patchlevel.h").write_text(f'/* */\n#define PY_VERSION      \t"{version}"\n')
    return path
