"""git, asked about a user's checkout without changing anything in it."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.machine.command import CommandFailed, capture
from harness.machine.process import base_environment, require
from matrix.errors import UsageError

_QUIET = (
    "--no-optional-locks",  # `status` would refresh the checkout's index
    "-c", "core.fsmonitor=false",  # no process of its own in the user's checkout
    "-c", "core.quotePath=false",
)  # fmt: skip


_SETTINGS = ("GIT_CONFIG", "XDG_CONFIG_HOME", "SUDO_UID")
"""how the names of the variables begin that say where the user's settings are and whose repositories git reads"""
_EXCEPTION = re.compile(r"git config --global --add safe\.directory .+")
"""what git tells its user to type for a repository of another user"""
_TOP = "name the top of a checkout, which `git -C PATH rev-parse --show-toplevel` prints"


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """What a checkout is at."""

    commit: str
    """40 or 64 hexadecimal digits; "" before the first commit"""
    dirty: bool
    """whether a tracked file differs from the commit"""

    @property
    def short(self) -> str:
        """As people see it: `1b8858023b`, with `+` when dirty."""
        return self.commit[:10] + ("+" if self.dirty else "")


def is_checkout(tree: Path) -> bool:
    """Whether a directory is the top of a git checkout, a worktree included, that git can read.

    Raises UsageError for a checkout of another user, which git refuses to read: settings in a stranger's repository
    can start programs, so the user has to allow it.
    See https://git-scm.com/docs/git-config#Documentation/git-config.txt-safedirectory.
    """
    if not (tree / ".git").exists():
        return False
    try:
        top = git(tree, "rev-parse", "--show-toplevel").rstrip("\n")
    except CommandFailed as exc:
        if "safe.directory" in exc.output:
            said = _EXCEPTION.search(exc.output)
            allow = said[0] if said else f"git config --global --add safe.directory {shlex.quote(str(tree))}"
            raise UsageError(
                f"git does not read {tree}: it belongs to another user",
                hint=f"if you trust its settings and hooks: {allow}",
            ) from None
        return False
    return os.path.samefile(top, tree)


def listed_files(tree: Path) -> list[str]:
    """What git tracks or would track in a checkout, relative to its top, sorted; files that are gone are among them."""
    names = git(tree, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    return sorted(set(filter(None, names)))  # a file in conflict is listed once a stage


def revision(tree: Path) -> Revision:
    """The commit that a checkout is at, and whether tracked files differ from it."""
    try:
        commit = git(tree, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").strip()
    except CommandFailed:
        return Revision(commit="", dirty=True)
    changed = git(tree, "status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all")
    return Revision(commit=commit, dirty=bool(changed))


def commit_of(tree: Path, name: str) -> str:
    """The commit that a branch, a tag or an abbreviation names. Raises UsageError when there is no such commit."""
    if not is_checkout(tree):
        raise UsageError(f"{tree} is not the top of a git checkout, so it has no revision {name!r}", hint=_TOP)
    if not name or name.startswith("-"):
        raise UsageError(f"{name!r} is not the name of a commit", hint="name a commit, a branch or a tag after the @")
    try:
        return git(tree, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").strip()
    except CommandFailed:
        raise UsageError(
            f"{tree} has no commit {name!r}", hint="`git fetch` it there first, or see `git branch -a` and `git tag`"
        ) from None


def top_of(directory: Path | None) -> Path:
    """A directory that is the top of a checkout. Raises UsageError for any other, and for none."""
    if directory is None:
        raise UsageError("--changed needs a checkout: a release has no history", hint="name one with --cpython PATH")
    if not is_checkout(directory):
        raise UsageError(f"--changed: {directory} is not the top of a git checkout", hint=_TOP)
    return directory


def upstream_of(tree: Path) -> str:
    """The commit of the branch that the present one follows. Raises UsageError when it follows none."""
    try:
        return git(tree, "rev-parse", "--verify", "--quiet", "@{upstream}^{commit}").strip()
    except CommandFailed:
        raise UsageError(
            f"--changed: the present branch of {tree} follows no other",
            hint="name a commit, a branch or a tag: --changed main",
        ) from None


def differing(tree: Path, commit: str) -> dict[str, str]:
    """The files of a checkout that differ from a commit, each with git's letter: `M`, `A` (new) or `D` (gone)."""
    diff = git(tree, "diff", "--name-status", "-z", "--no-renames", "--ignore-submodules=all", commit, "--")
    letters_and_names = iter(diff.split("\0"))
    found = {name: letter for letter, name in zip(letters_and_names, letters_and_names, strict=False)}
    new = git(tree, "ls-files", "-z", "--others", "--exclude-standard").split("\0")
    return found | dict.fromkeys(filter(None, new), "A")


def archive(tree: Path, commit: str, target: Path) -> None:
    """Write the files of a commit as a tar archive; the checkout's own files are not touched."""
    git(tree, "archive", "--format=tar", f"--output={target}", commit)


def commits_between(tree: Path, good: str, bad: str) -> list[str]:
    """The commits after `good` up to and with `bad`, oldest first, following first parents."""
    return git(tree, "rev-list", "--first-parent", "--reverse", f"{good}..{bad}").split()


def is_ancestor(tree: Path, before: str, after: str) -> bool:
    """Whether a commit is in the history of another one."""
    try:
        git(tree, "merge-base", "--is-ancestor", before, after)
    except CommandFailed as exc:
        if exc.returncode == 1:
            return False
        raise
    return True


def merge_base(tree: Path, one: str, other: str) -> str:
    """The last commit that is in the histories of both; "" when they have none in common."""
    try:
        return git(tree, "merge-base", one, other).strip()
    except CommandFailed as exc:
        if exc.returncode == 1:
            return ""
        raise


def content(tree: Path, commit: str, name: str) -> str | None:
    """The text of a file in a commit; None when it has no such file, or there is no such commit."""
    try:
        return git(tree, "show", f"{commit}:{name}")
    except CommandFailed:
        return None


def subject(tree: Path, commit: str) -> str:
    """The first line of a commit's message."""
    return git(tree, "show", "--no-patch", "--format=%s", commit).strip()


def author_date(tree: Path, commit: str) -> str:
    """The day on which a commit was written: `2024-03-17`."""
    return git(tree, "show", "--no-patch", "--format=%as", commit).strip()


def git(tree: Path, *words: str) -> str:
    """The standard output of a git command in a checkout. Raises CommandFailed, MissingTool without git."""
    require("git")
    command: Sequence[str] = ("git", *_QUIET, "-C", str(tree), *words)
    env = base_environment() | {"GIT_TERMINAL_PROMPT": "0"}
    env |= {name: value for name, value in os.environ.items() if name.startswith(_SETTINGS)}
    return capture(command, env=env)
