"""The project's own code as an input of what it makes: the files of a part of it, and their digest.

A part is given by its roots, modules or folders. To it belong all files in these folders, and every module of the
project that one of its files imports, directly or through others. So there is no list of files to keep up to date.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from harness import TOP
from harness.machine.hashing import digest_of, file_sha256


@cache
def code_digest(roots: tuple[str, ...], top: Path = TOP) -> str:
    """The digest of a part's files: their names below `top` and their contents. Computed once per process."""
    return digest_of(*(f"{name} {file_sha256(top / name)}" for name in files_of(roots, top)))


def files_of(roots: Iterable[str], top: Path = TOP) -> tuple[str, ...]:
    """The files of a part, as sorted names below `top`.

    A root is a folder or a module's file, named below `top`. Raises FileNotFoundError for any other name.
    """
    packages = {path.stem for path in top.iterdir()}
    found: set[str] = set()
    waiting = [name for root in roots for name in _files_below(root, top)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            if name.endswith(".py"):
                package = tuple(name.split("/")[:-1])
                imported = [words for words in _imports((top / name).read_bytes(), package) if words[0] in packages]
                waiting += (file for words in imported for file in _files(words, top))
    return tuple(sorted(found))


def _files_below(root: str, top: Path) -> list[str]:
    if (top / root).is_file():
        return [root]
    if not (top / root).is_dir():
        raise FileNotFoundError(f"{top / root} is neither a module nor a folder")
    paths = (path for path in (top / root).rglob("*") if path.is_file() and path.parent.name != "__pycache__")
    return [str(path.relative_to(top)) for path in paths]


def _files(words: tuple[str, ...], top: Path) -> Iterator[str]:
    """The files that the import of a dotted name executes: a module, and the packages that it lies in."""
    for end in range(1, len(words) + 1):
        path = "/".join(words[:end])
        if os.path.isfile(f"{top}/{path}.py"):
            yield f"{path}.py"
            return  # what follows is a name in this module
        if os.path.isfile(f"{top}/{path}/__init__.py"):
            yield f"{path}/__init__.py"


@cache
def _imports(source: bytes, package: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The dotted names that a module imports, at its top or inside functions; for `from a import b` it is `a.b`."""
    found: list[tuple[str, ...]] = []
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found += (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base += tuple(node.module.split(".")) if node.module else ()
            found += ((*base, alias.name) for alias in node.names)
        elif isinstance(node, _CONTAINERS):
            waiting += ast.iter_child_nodes(node)
    return tuple(found)


_CONTAINERS = (ast.mod, ast.stmt, ast.ExceptHandler, ast.match_case)
"""the nodes that statements lie in; the many expressions of a module need no visit"""
