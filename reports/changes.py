"""What changed between two runs of a cell, or two cells: what newly fails, passes, appeared, vanished, got slower.

Pure. What it compares comes from the history (`reports.history`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum

import msgspec

from matrix.outcome import FAILING_STATUSES, Status
from reports.recorded import RecordedModule

SLOWER_FACTOR = 2.0
SLOWER_SECONDS = 1.0
"""what takes at least the factor longer, and the seconds, too, got much slower"""


class ChangeKind(StrEnum):
    """What became of a test, or of a module."""

    FAILING = "newly failing"
    """more of its outcomes are red than before; a test that was not there before is among them"""
    PASSING = "newly passing"
    """it failed before"""
    CHANGED = "changed"
    """otherwise: it is skipped now, or fails in another way"""
    APPEARED = "appeared"
    VANISHED = "vanished"
    SLOWER = "much slower"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One test that is not what it was, or one module (then `test` is empty)."""

    kind: ChangeKind
    module: str
    test: str = ""
    before: str = ""
    """its outcomes before, empty when it was not there; a test that a module has twice has both"""
    after: str = ""
    before_s: float = 0.0
    after_s: float = 0.0


class _Seen(msgspec.Struct):
    """The outcomes of all tests of one name in a module, and how long the longest of them took."""

    statuses: Counter[Status]
    seconds: float = 0.0

    @property
    def red(self) -> int:
        return sum(count for status, count in self.statuses.items() if status in FAILING_STATUSES)

    @property
    def text(self) -> str:
        return ", ".join(sorted(self.statuses.elements()))


def changes(
    before: Mapping[str, RecordedModule], after: Mapping[str, RecordedModule], *, whole: bool, complete: bool
) -> list[Change]:
    """What changed between the modules of two cells, in order of kind, module and test.

    Unless both were run `whole` (the modules with all of their tests), only tests that both ran count; and
    unless both are `complete` (all modules of the suite), only modules that both ran.
    """
    found: list[Change] = []
    for module in before.keys() | after.keys():
        old, new = before.get(module), after.get(module)
        if old and new:
            found += _of_module(module, old, new)
        elif complete and new:
            found += _appeared(module, new)
        elif complete and old:
            found.append(Change(kind=ChangeKind.VANISHED, module=module, before=_counted(old)))
    if not whole:
        found = [change for change in found if change.before and change.after]
    order = {kind: number for number, kind in enumerate(ChangeKind)}
    return sorted(found, key=lambda change: (order[change.kind], change.module, change.test))


def much_slower(before: float, after: float) -> bool:
    return after >= before * SLOWER_FACTOR and after - before >= SLOWER_SECONDS


def _counted(module: RecordedModule) -> str:
    count = Counter(module.statuses)
    return ", ".join(f"{count[status]} {status.value}" for status in Status if count[status])


def _appeared(module: str, new: RecordedModule) -> Iterator[Change]:
    """A module that appeared; what fails in it is listed by itself."""
    yield Change(kind=ChangeKind.APPEARED, module=module, after=_counted(new))
    for test, seen in _seen(new, set(new.tests)).items():
        if seen.red:
            yield Change(kind=ChangeKind.FAILING, module=module, test=test, after=seen.text)


def _of_module(module: str, old: RecordedModule, new: RecordedModule) -> Iterator[Change]:
    if much_slower(old.duration, new.duration):
        yield Change(kind=ChangeKind.SLOWER, module=module, before_s=old.duration, after_s=new.duration)
    wanted = _varying(old, new)
    before, after = _seen(old, wanted), _seen(new, wanted)
    for test in wanted:
        if change := _of_test(module, test, before.get(test), after.get(test)):
            yield change


def _varying(old: RecordedModule, new: RecordedModule) -> set[str]:
    """The tests that may have changed: mostly few, or none."""
    if old.tests != new.tests:
        return {*old.tests, *new.tests}
    rows = zip(old.tests, old.statuses, new.statuses, old.durations, new.durations, strict=True)
    return {test for test, was, status, took, takes in rows if was is not status or much_slower(took, takes)}


def _seen(module: RecordedModule, wanted: Collection[str]) -> dict[str, _Seen]:
    seen: dict[str, _Seen] = {}
    for test, status, seconds in zip(module.tests, module.statuses, module.durations, strict=True):
        if test in wanted:
            one = seen.setdefault(test, _Seen(Counter()))
            one.statuses[status] += 1
            one.seconds = max(one.seconds, seconds)
    return seen


def _of_test(module: str, test: str, old: _Seen | None, new: _Seen | None) -> Change | None:
    kind = _kind(old, new)
    if kind is None:
        return None
    return Change(
        kind=kind,
        module=module,
        test=test,
        before=old.text if old else "",
        after=new.text if new else "",
        before_s=old.seconds if old else 0.0,
        after_s=new.seconds if new else 0.0,
    )


def _kind(old: _Seen | None, new: _Seen | None) -> ChangeKind | None:
    if new is None:
        return ChangeKind.VANISHED
    if new.red > (old.red if old else 0):
        return ChangeKind.FAILING
    if old is None:
        return ChangeKind.APPEARED
    if old.statuses == new.statuses:
        return ChangeKind.SLOWER if much_slower(old.seconds, new.seconds) else None
    if new.red < old.red and new.statuses[Status.PASSED] > old.statuses[Status.PASSED]:
        return ChangeKind.PASSING
    return ChangeKind.CHANGED
