"""A prepared cell with what a request changes of how upstream runs the suite: resources, seed, timeouts.

What is changed decides outcomes, so it becomes part of the digest by which results are kept.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.cells.prepare import Prepared
from harness.machine.hashing import digest_of
from harness.suite.request import SuiteRequest
from matrix import json_records
from matrix.errors import UsageError, near

_FILES = ("Lib/test/libregrtest/utils.py", "Lib/test/libregrtest/cmdline.py")
"""where a tree lists its resources: from 3.12 on, and before"""
_ALL, _NAMES = "ALL_RESOURCES", "RESOURCE_NAMES"


def as_asked(prepared: Prepared, request: SuiteRequest) -> Prepared:
    """The cell as a request wants its guests. Raises UsageError for a resource that the tree does not have."""
    settings = prepared.settings
    if request.use:
        found = resources(request.use, prepared.source)
        if set(found) != set(settings.resources):
            settings = msgspec.structs.replace(settings, resources=found)
    if request.seed is not None:
        settings = msgspec.structs.replace(settings, seed=request.seed)
    if request.support_timeout is not None:
        settings = msgspec.structs.replace(settings, timeout=request.support_timeout)
    if request.fail_env_changed:
        settings = msgspec.structs.replace(settings, fail_env_changed=True)
    if settings == prepared.settings:
        return prepared
    changed = (settings.resources, settings.seed, settings.timeout, settings.fail_env_changed)
    digest = digest_of(prepared.digest, json_records.encode(changed).decode())
    return msgspec.structs.replace(prepared, settings=settings, digest=digest)


def resources(words: Sequence[str], source: Path) -> tuple[str, ...]:
    """The resources that words of regrtest's `-u` enable, begun with none. Raises UsageError."""
    usual, known = resources_of(source)
    found: list[str] = []
    for word in words:
        name = word.removeprefix("-")
        if word == "all":
            found = list(usual)
        elif word == "none":
            found = []
        elif name not in known:
            raise UsageError(f"-u {word}: this CPython has no resource {name!r}", hint=near(name, ("all", *known)))
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
