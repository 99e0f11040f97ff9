"""Finds the test modules of a CPython tree as its regrtest does, without running it."""

from __future__ import annotations

import ast
from pathlib import Path

from matrix.errors import Unobtainable, UsageError
from matrix.names import full_name

_RULES = ("Lib/test/libregrtest/findtests.py", "Lib/test/libregrtest/runtest.py")
"""where regrtest says which test packages it runs module by module, in 3.12 and later, and in 3.11"""


def test_modules(source: Path) -> tuple[str, ...]:
    """The test modules of a tree as regrtest names them: `test_json`, `test.test_asyncio.test_events`.

    Raises UsageError when the tree has no tests.
    """
    tests = source / "Lib/test"
    found = sorted(_find(tests, "", _split_packages(source)))
    if not found:
        raise UsageError(f"{tests} has no test modules")
    return tuple(found)


def module_size(source: Path, module: str) -> int:
    """The size of a module's sources in bytes, from which its duration is guessed until it is known."""
    path = source / "Lib" / full_name(module).replace(".", "/")
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*.py"))
    file = path.with_suffix(".py")
    return file.stat().st_size if file.is_file() else 0


def _find(directory: Path, package: str, split: set[str]) -> list[str]:
    found: list[str] = []
    for path in directory.iterdir():
        name = path.stem
        if not name.startswith("test_") or (path.is_file() and path.suffix != ".py"):
            continue
        full = f"{package}.{name}" if package else name
        if path.is_dir() and full in split:
            found += _find(path, full_name(full), split)
        else:
            found.append(full)
    return found


_COMPLETE = "is the tree complete? regrtest's own rules about test packages are read from this file"


def _split_packages(source: Path) -> set[str]:
    """The value of SPLITTESTDIRS in regrtest's sources; empty when it is not defined there."""
    for name in _RULES:
        path = source / name
        if not path.is_file():
            continue
        for node in _parsed(path).body:
            if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
                continue
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "SPLITTESTDIRS" for target in targets):
                return _names(path, node.value)
    return set()


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError) as exc:
        raise Unobtainable(f"{path} is no Python: {exc}", hint=_COMPLETE) from None


def _names(path: Path, value: ast.expr) -> set[str]:
    try:
        return set(ast.literal_eval(value))
    except (ValueError, TypeError) as exc:
        raise Unobtainable(f"{path}: SPLITTESTDIRS is not a set of names: {exc}", hint=_COMPLETE) from None
