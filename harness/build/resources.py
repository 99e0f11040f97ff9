"""The resources of a tree's test suite, which regrtest's `-u` enables."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

from matrix.errors import UsageError, near

_FILES = ("Lib/test/libregrtest/utils.py", "Lib/test/libregrtest/cmdline.py")
"""where a tree lists its resources: from 3.12 on, and before"""
_ALL, _NAMES = "ALL_RESOURCES", "RESOURCE_NAMES"


def resources(words: Sequence[str], source: Path, option: str = "-u") -> tuple[str, ...]:
    """The resources that words of regrtest's `-u` enable, begun with none. Raises UsageError, which names `option`."""
    usual, known = resources_of(source)
    found: list[str] = []
    for word in words:
        name = word.removeprefix("-")
        if word == "all":
            found = list(usual)
        elif word == "none":
            found = []
        elif name not in known:
            raise UsageError(
                f"{option} {word}: this CPython has no resource {name!r}", hint=near(name, ("all", *known))
            )
        elif word.startswith("-"):
            found = [one for one in found if one != name]
        elif word not in found:
            found.append(word)
    return tuple(found)


def resources_of(source: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The resources of a tree's regrtest: those that `all` means, and every one. Raises UsageError."""
    for file in _FILES:
        try:
            body = ast.parse((source / file).read_bytes()).body
        except (OSError, SyntaxError, ValueError):
            continue
        values: dict[str, tuple[str, ...]] = {}
        for statement in body:
            target = statement.targets[0] if isinstance(statement, ast.Assign) else None
            if isinstance(target, ast.Name) and target.id in (_ALL, _NAMES) and isinstance(statement, ast.Assign):
                values[target.id] = _strings(statement.value, values)
        if values.get(_ALL):
            return values[_ALL], tuple(dict.fromkeys((*values[_ALL], *values.get(_NAMES, ()))))
    raise UsageError(
        f"-u: {source} does not say which resources its tests have: there is no {_ALL} in {' or '.join(_FILES)}",
        hint="leave -u out",
    )


def _strings(node: ast.AST, known: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The strings in a tuple or a sum of tuples, one of which may be a name that is known."""
    if isinstance(node, ast.Constant):
        return (node.value,) if isinstance(node.value, str) else ()
    if isinstance(node, ast.Name):
        return known.get(node.id, ())
    return tuple(text for child in ast.iter_child_nodes(node) for text in _strings(child, known))
