"""Which cells a request asks for."""

from __future__ import annotations

from pathlib import Path

import msgspec

from matrix.select import Selection


class TreeCommit(msgspec.Struct, frozen=True, kw_only=True):
    """A commit of a checkout, which was named as PATH@REV."""

    directory: Path
    name: str
    """the commit, branch or tag, as it was typed"""
    commit: str
    """what the name stood for when the run was started: 40 or 64 hexadecimal digits"""

    @property
    def option(self) -> str:
        """The value of `--cpython` that names this commit, wherever the branch has moved since."""
        return f"{self.directory}@{self.commit}"


class CellRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Cells of the matrix, and of SDKs and source trees that the matrix does not have."""

    selection: Selection = Selection()
    sdk_paths: tuple[Path, ...] = ()
    """directories of SDKs that were named by their paths"""
    runtime_paths: tuple[Path, ...] = ()
    """executables of runtimes that were named by their paths"""
    cpython_paths: tuple[Path, ...] = ()
    """source trees that were named by their paths"""
    cpython_commits: tuple[TreeCommit, ...] = ()
    known_bad: bool = False
    """also SDKs that the matrix leaves out because of their known bugs"""

    @property
    def selects(self) -> bool:
        """Whether it names any cell or any value of an axis."""
        return self.selection != Selection() or bool(
            self.sdk_paths or self.runtime_paths or self.cpython_paths or self.cpython_commits
        )
