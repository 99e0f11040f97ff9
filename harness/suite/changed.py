"""`--changed`: the modules of a suite that the difference between a checkout and one of its commits concerns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from harness.build.manifest import Contents
from harness.machine import git
from harness.suite.edits import Edits, Tree
from matrix.errors import UsageError
from matrix.model import CPython
from matrix.text import some_of

_COMPILED = (
    *("Grammar/", "Include/", "Modules/", "Objects/", "Parser/", "Programs/", "Python/"),
    *("configure", "Makefile.pre.in", "pyconfig.h.in"),
)
"""how the paths begin that the binary is made from; files of other directories are only read by tests"""
_NAMED = 3

Reads = Mapping[str, Sequence[str]]
"""the files that each module depends on, as far as that is known (`ModuleResult.reads`)"""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The modules that a difference concerns."""

    since: str
    """the commit, in words"""
    differing: tuple[str, ...]
    """the files that differ, by their names in the checkout"""
    why: dict[str, str]
    """for each module that is concerned, because of which file; "" when it is not known what it depends on"""

    def said(self, all_modules: int, seconds: float) -> tuple[str, ...]:
        """What to tell about it; `seconds` is how long the modules that are left out would take."""
        if not self.differing:
            return (f"nothing differs from {self.since}",)
        lines = [f"{some_of(self.differing, _NAMED)} {_verb(self.differing)} from {self.since}"]
        by_file: dict[str, list[str]] = {}
        for module, path in self.why.items():
            by_file.setdefault(path, []).append(module)
        for path, modules in by_file.items():
            reason = f"because of {path.lstrip('/') or '/'}" if path else "which have not run here yet"
            lines.append(f"{len(modules)} of {all_modules} modules, {reason}: {some_of(modules, _NAMED)}")
        if not self.why:
            lines.append(f"none of {all_modules} modules depends on that; to run them would take about {seconds:.0f} s")
        elif left := all_modules - len(self.why):
            lines.append(f"the other {left} would take about {seconds:.0f} s")
        return tuple(lines)


def _verb(files: Sequence[str]) -> str:
    return "differs" if len(files) == 1 else "differ"


class Since(NamedTuple):
    """The commit from which a checkout is looked at."""

    directory: Path
    commit: str
    name: str

    def chosen(self, modules: Iterable[str], reads: Reads, tree: Tree) -> Chosen:
        """The modules that are concerned by what differs in the checkout."""
        differing = git.differing(self.directory, self.commit)
        return Chosen(
            since=f"{self.name or 'the upstream branch'} ({self.commit[:10]})",
            differing=tuple(sorted(differing)),
            why=concerned(modules, differing, reads, tree),
        )


def since(cpython: CPython, name: str) -> Since:
    """Where the history of a checkout left that of a commit; "" stands for the branch's upstream.

    Raises UsageError for a tree that is no checkout, and for a commit that there is not.
    """
    directory = git.top_of(cpython.directory)
    if cpython.commit:
        raise UsageError("--changed looks at the files of a checkout, not at a commit of it", hint="leave out the @REV")
    commit = git.commit_of(directory, name) if name else git.upstream_of(directory)
    return Since(directory, git.merge_base(directory, "HEAD", commit) or commit, name)


def concerned(modules: Iterable[str], differing: Mapping[str, str], reads: Reads, tree: Tree) -> dict[str, str]:
    """The modules that some differences concern, each with the path of one of the files.

    `differing` has git's letter for each file: `A` for one that is new, `D` for one that is gone. Those of the binary
    concern every module.
    """
    modules = list(modules)
    if not differing:
        return {}
    if compiled := next((name for name in sorted(differing) if name.startswith(_COMPILED)), ""):
        return dict.fromkeys(modules, f"/{compiled}")
    before = dict(tree.contents.files)
    for name, letter in differing.items():
        before[f"/{name}"] = "before"
        if letter == "A":
            del before[f"/{name}"]
    edits = Edits(Contents(before), tree)
    why = {module: edits.concerning(reads[module]) for module in modules if reads.get(module)}
    return {module: why.get(module, "") for module in modules if module not in why or why[module]}
