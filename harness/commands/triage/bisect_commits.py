"""`triage bisect --axis commit`: the commit of a checkout at which the outcome of a test changes.

Each step has a store of its own: what it used is free again when it ends, so that the snapshot, the build Python and
the build move on to the next commit, and make compiles only what differs.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from rich.console import Console

from harness.commands.options import tree_and_revision
from harness.commands.terminal import say_to
from harness.commands.triage.one_cell import OneCell
from harness.guests.digest import DECIDING
from harness.machine import git
from harness.machine.code import code_digest
from harness.machine.store import Store
from harness.provide.cpython_commit import cpython_at
from harness.suite.bisection import Seen, SeenCommits
from harness.suite.observing import gravest, observe
from harness.suite.plans import chosen_plans
from harness.suite.search import FirstChange, find_change
from matrix.errors import BuildFailed, GuestDidNotStart, Unobtainable, UsageError
from matrix.model import Cell
from matrix.outcome import Status
from matrix.resolve import resolve

_NO_TEST = "no such test runs there"


def bisect_commits(known: argparse.Namespace, console: Console) -> int:
    """Name the first commit at which a test's outcome changes; returns 1 when it does not.

    Raises UsageError for what cannot be searched, Unobtainable and BuildFailed when one of the ends cannot be made.
    """
    tree = _tree(known.cpython)
    good, bad = _ends(tree, known.first, known.last)
    row = [good, *git.commits_between(tree, good, bad)]
    known.cpython = [f"{tree}@{bad}"]
    search = _Search(known, tree, console)
    say = say_to(console)
    say(f"{known.test}: {len(row) - 1} commits after {good[:10]} up to {bad[:10]}{_estimate(len(row), search)}")
    first, last = search.look_at_end(good), search.look_at_end(bad)
    if first is last:
        say(f"it is {first.value} at both {good[:10]} and {bad[:10]}: there is no change to search for")
        return 1
    left = math.ceil(math.log2(len(row) - 1))
    say(
        f"it is {first.value} at {good[:10]} and {last.value} at {bad[:10]}: "
        f"about {left} more steps; the last one took {search.seen[bad].seconds:.0f} s"
    )
    change = find_change(row, search.look)
    assert change is not None  # the ends differ
    _report(tree, change, search, say)
    return 0


def _tree(values: Sequence[str]) -> Path:
    if len(values) != 1 or tree_and_revision(values[0]) is not None:
        raise UsageError(
            "--axis commit needs --cpython PATH, the checkout whose commits are searched",
            hint="name its commits with --first GOOD and --last BAD",
        )
    return Path(values[0]).expanduser().resolve()


def _ends(tree: Path, first: str, last: str) -> tuple[str, str]:
    """The commits to search between. Raises UsageError when the first is not in the history of the last."""
    if not first:
        raise UsageError("--axis commit needs --first GOOD: a commit, branch or tag", hint="--last is HEAD by default")
    good, bad = git.commit_of(tree, first), git.commit_of(tree, last or "HEAD")
    if good == bad:
        raise UsageError(f"{first} and {last or 'HEAD'} are the same commit, {good[:10]}")
    if git.is_ancestor(tree, good, bad):
        return good, bad
    if git.is_ancestor(tree, bad, good):
        raise UsageError(
            f"{first} comes after {last or 'HEAD'}", hint="--first names the older commit, --last the newer one"
        )
    base = git.merge_base(tree, good, bad)
    raise UsageError(
        f"{first} is not in the history of {last or 'HEAD'}",
        hint=f"begin where the two branched off: --first {base[:10]}" if base else "they have no commit in common",
    )


def _estimate(count: int, search: _Search) -> str:
    """What a search of `count` commits would take, in words."""
    steps = 2 + math.ceil(math.log2(max(count - 1, 1)))
    seconds = search.commits.seconds()
    if seconds is None:
        return f"; about {steps} steps. How long one takes was not measured here yet: the first one makes a whole build"
    return f"; about {steps} steps of {seconds:.0f} s each (the median of earlier ones), {steps * seconds / 60:.0f} min"


class _Search:
    """Looks at commits, each in a cell that differs from the selected one in its commit only."""

    def __init__(self, known: argparse.Namespace, tree: Path, console: Console) -> None:
        self._one, self._test, self._tree, self._console = OneCell.read(known), known.test, tree, console
        self._say = say_to(console)
        self._steps = 0
        self.seen: dict[str, Seen] = {}
        cell, store = self._one.cell, Store()
        preparer = self._one.preparer(store, console)
        parts = [preparer.provide(cell, part).digest for part in (cell.build.sdk.id, cell.runtime.id)]
        self.commits = SeenCommits(
            store,
            f"{cell.build.target.id}_{cell.build.sdk.id}_{cell.build.options}_{cell.runtime.id}",
            *(self._test, *parts, code_digest(DECIDING), repr(self._one.limits), str(self._one.options.build_python)),
            *self._one.suite.guest_words,
        )
        store.release()

    def look(self, commit: str) -> Status | None:
        """The gravest status of the tests at a commit; None when it cannot be tested."""
        if commit in self.seen:
            return self.seen[commit].status
        started = time.monotonic()
        try:
            return self._look(commit).status
        except (BuildFailed, GuestDidNotStart, Unobtainable, UsageError) as exc:
            # It is not kept: the next search tries it again.
            seen = Seen(status=None, why=str(exc).splitlines()[0], seconds=time.monotonic() - started)
        self._tell(commit, seen, f"{seen.seconds:.0f} s")
        return None

    def look_at_end(self, commit: str) -> Status:
        """The status at the first or last commit. Raises what the build does, UsageError when no test runs there."""
        try:
            status = self._look(commit).status
        except GuestDidNotStart as exc:
            first = str(exc).splitlines()[0]
            raise UsageError(
                f"{self._test} cannot be tested at {commit[:10]}: {first}", hint="name another commit, or another --sdk"
            ) from None
        if status is None:
            raise UsageError(
                f"{self._test} cannot be tested at {commit[:10]}: {_NO_TEST}",
                hint="--first and --last name commits that have the test",
            )
        return status

    def _look(self, commit: str) -> Seen:
        if (seen := self.commits.known(commit)) is None:
            started = time.monotonic()
            status = self._observed(commit)
            seconds = round(time.monotonic() - started, 1)
            seen = Seen(status=status, why="" if status else _NO_TEST, seconds=seconds)
            self.commits.note(commit, seen)
            self._tell(commit, seen, f"{seconds:.0f} s")
        else:
            self._tell(commit, seen, "seen before")
        return seen

    def _observed(self, commit: str) -> Status | None:
        one, store = self._one, Store()
        try:
            build = msgspec.structs.replace(one.cell.build, cpython=cpython_at(self._tree, commit))
            cell = resolve(one.matrix, Cell(build=build, runtime=one.cell.runtime))
            prepared = one.prepared(cell, one.preparer(store, self._console))
            try:
                chosen_plans(prepared.source, (self._test,))
            except UsageError:  # the module came later, or is gone
                return None
            return gravest(status for _, status in observe(prepared, self._test, 1, store))
        finally:
            store.release()

    def _tell(self, commit: str, seen: Seen, how: str) -> None:
        self.seen[commit] = seen
        self._steps += 1
        what = seen.status.value if seen.status else f"skipped, since it cannot be tested: {seen.why}"
        self._say(f"step {self._steps}: {commit[:10]} {git.subject(self._tree, commit)}: {what} ({how})")


def _report(tree: Path, change: FirstChange[str], search: _Search, say: Callable[[str], None]) -> None:
    """Say at which commit the outcome changes, and which others it may be."""
    before, after = search.seen[change.before].status, search.seen[change.after].status
    assert before is not None
    assert after is not None
    say(f"{len(search.seen)} commits were looked at")
    say(f"the first commit at which it is {after.value}, and no longer {before.value}:")
    say(f"  {_described(tree, change.after)}")
    say(f"  {_described(tree, change.before)}  is the last one before it")
    if change.between:
        say(f"  or one of these {len(change.between)} between them, which cannot be told apart from it:")
        for commit in change.between:
            say(f"  {_described(tree, commit)}: {search.seen[commit].why}")


def _described(tree: Path, commit: str) -> str:
    return f"{commit[:10]}  {git.author_date(tree, commit)}  {git.subject(tree, commit)}"
